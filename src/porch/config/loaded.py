"""Loaded: what reading a configuration gave, and where each word of it stands."""

import errno
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from porch.config.locate import DottedName, KeyPath, Place
from porch.config.problem import Problem, render
from porch.config.schema import ConfigModel, ExpectModel, PoolModel, RouteModel, SiteModel
from porch.config.target import Target
from porch.route.pattern import Pattern

__all__ = ["Loaded", "RouteEntry", "content"]


class RouteEntry:
    """One route as written.

    path: where it stands in the data. where: "porch.toml:3". raw: what was written, as a table.
    pattern, targets: its key and its `to`, read; None and empty where they cannot be.
    is_whole: whether all of `raw` is in the model; what is wrong with it was left out.
    """

    __slots__ = ("is_whole", "key", "model", "path", "pattern", "raw", "targets", "where")

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
        self.is_whole = True


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
        self.lacks_sites = False
        """Whether a site was refused, or something in it: what is missing may stand there."""
        self.pools: dict[str, PoolModel] = {}
        self.expects: list[tuple[ExpectModel, KeyPath]] = []
        self.problems: list[Problem] = []
        self.files: list[Path] = []
        self.places: dict[KeyPath, tuple[str, Place]] = {}
        """Path in the data -> file and place."""
        self.short: set[KeyPath] = set()
        """Paths of routes that were written as their `to` alone."""
        self.repeats: set[KeyPath] = set()
        """Paths of lists that were written as `[[a]]`."""
        self.dotted: list[DottedName] = []
        """All names that were written with dots between their parts."""
        self.secrets: dict[KeyPath, list[tuple[str, str]]] = {}
        """Path in the data -> each secret that was filled in there, and what was written."""
        self.unfilled: set[KeyPath] = set()
        """Paths whose secret is missing: what else is wrong there comes of that."""
        self.signing_key = b""
        """What cookies are signed with that have no secret of their own; empty where nobody serves
        with it."""
        self.contents: dict[Path, bytes] = {}
        """What `read` has read: certificates, keys, authorities, lists, the error page."""

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

    def read(self, path: Path) -> bytes:
        """What a file holds, read once. Raises OSError as `open` would, and for what is no file: a
        pipe would have all wait for who writes into it.

        Whatever a build needs from disk goes by this, so that a worker which is handed the
        configuration needs no file: all have the same, and what only root may read is read by
        the supervisor alone.
        """
        found = self.contents.get(path)
        if found is None:
            found = self.contents[path] = content(path)
        return found

    def where(self, path: KeyPath) -> str:
        """The file and line of a path in the data, "porch.toml:3", as near as is known."""
        file, (line, _) = self.place(path)
        return f"{file}:{line}" if line else file

    def add(self, path: KeyPath, text: str, *, warning: bool = False) -> None:
        """Report a problem at a path in the data. Secrets in the text are shown as written."""
        if self.unfilled and any(path[: len(at)] == at for at in self.unfilled):
            return
        file, (line, column) = self.place(path)
        if not line and path:
            text = f"{_spelled(path)}: {text}"
        self.problems.append(
            Problem(
                file=file,
                line=line,
                column=column,
                severity="warning" if warning else "error",
                text=self.without_secrets(path, text),
            )
        )

    def place(self, path: KeyPath) -> tuple[str, Place]:
        """The file and place of a path, or of the nearest thing around it; (0, 0) for none."""
        if path[:2] in self.short and path[2:3] == ("to",):
            path = path[:2] + path[3:]
        while path:
            found = self.places.get(path)
            if found is not None:
                return found
            path = path[:-1]
        return str(self.files[0]) if self.files else self.name, (0, 0)

    def without_secrets(self, path: KeyPath, text: str) -> str:
        """A text about what stands at a path, with each secret as it is written in the file."""
        for at, secrets in self.secrets.items():
            if at[: len(path)] == path or path[: len(at)] == at:
                for value, written in secrets:
                    text = text.replace(value, written)
        return text


def content(path: Path) -> bytes:
    """What a file holds. Raises OSError, for what is no file too."""
    try:
        is_pipe = stat.S_ISFIFO(path.stat().st_mode)
    except ValueError as error:  # with a zero in its name
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path)) from error
    if is_pipe:
        raise OSError(errno.EINVAL, "it is a pipe, not a file", str(path))
    return path.read_bytes()


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
