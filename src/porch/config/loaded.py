"""Loaded: what reading a configuration gave, and where each word of it stands."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from porch.config.locate import DottedName, KeyPath, Place
from porch.config.problem import Problem, render
from porch.config.schema import ConfigModel, ExpectModel, PoolModel, RouteModel, SiteModel
from porch.config.target import Target
from porch.route.pattern import Pattern

__all__ = ["Loaded", "RouteEntry"]


class RouteEntry:
    """One route as written.

    path: where it stands in the data. where: "porch.toml:3". raw: what was written, as a table.
    pattern, targets: its key and its `to`, read; None and empty where they cannot be.
    """

    __slots__ = ("key", "model", "path", "pattern", "raw", "targets", "where")

    def __init__(
        self, key: str, model: RouteModel, path: KeyPath, where: str, raw: Mapping[str, Any]
    ) -> None:
        self.key = key
        self.model = model
        self.path = path
        self.where = where
        self.raw = raw
        self.pattern: Pattern | None = None
        self.targets: tuple[Target, ...] = ()


class Loaded:
    """Models and problems. Usable if `ok`; until then what is missing has its defaults.

    sites: by host in normal form, with their paths in `site_paths`. files: all that were read,
    the first one named by the operator. base: the folder that paths in the data are relative to.
    """

    def __init__(self, name: str = "<python>", base: Path = Path()) -> None:
        """name: what problems without a file are reported for."""
        self.name = name
        self.base = base
        self.config: ConfigModel = ConfigModel.model_validate({})
        self.routes: list[RouteEntry] = []
        self.sites: dict[str, SiteModel] = {}
        self.site_paths: dict[str, KeyPath] = {}
        self.pools: dict[str, PoolModel] = {}
        self.expects: list[tuple[ExpectModel, KeyPath]] = []
        self.problems: list[Problem] = []
        self.files: list[Path] = []
        self.places: dict[KeyPath, tuple[str, Place]] = {}
        """Path in the data -> file and place."""
        self.repeats: set[KeyPath] = set()
        """Paths of lists that were written as `[[a]]`."""
        self.dotted: list[DottedName] = []
        """All names that were written with dots between their parts."""
        self.secrets: dict[KeyPath, tuple[str, str]] = {}
        """Path in the data -> what was filled in there, and what was written for it."""

    @property
    def ok(self) -> bool:
        """Whether there is no error; there may be warnings."""
        return not any(each.is_error for each in self.problems)

    def report(self, *, running: bool = False) -> str:
        """All problems as text, by file and line. running: see problem.render."""
        order = {str(file): number for number, file in enumerate(self.files)}
        problems = sorted(
            self.problems,
            key=lambda each: (order.get(each.file, 0), each.line, each.column, each.severity),
        )
        return render(problems, running=running)

    def where(self, path: KeyPath) -> str:
        """The file and line of a path in the data, "porch.toml:3", as near as is known."""
        file, (line, _) = self._place(path)
        return f"{file}:{line}" if line else file

    def add(self, path: KeyPath, text: str, *, warning: bool = False) -> None:
        """Report a problem at a path in the data. Secrets in the text are shown as written."""
        file, (line, column) = self._place(path)
        if not line and path:
            text = f"{_spelled(path)}: {text}"
        self.problems.append(
            Problem(
                file=file,
                line=line,
                column=column,
                severity="warning" if warning else "error",
                text=self._without_secrets(path, text),
            )
        )

    def _place(self, path: KeyPath) -> tuple[str, Place]:
        """The place of a path, or that of the nearest thing around it."""
        while path:
            found = self.places.get(path)
            if found is not None:
                return found
            path = path[:-1]
        return str(self.files[0]) if self.files else self.name, (0, 0)

    def _without_secrets(self, path: KeyPath, text: str) -> str:
        for at, (value, written) in self.secrets.items():
            if value and (at[: len(path)] == path or path[: len(at)] == at):
                text = text.replace(value, written)
        return text


def _spelled(path: KeyPath) -> str:
    """A path as words: routes."a.test".to[0]."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            word = step if step.isidentifier() else f'"{step}"'
            text += f".{word}" if text else word
    return text
