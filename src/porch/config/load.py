"""Reading a configuration: files into checked models, or all that is wrong at once.

Nothing here touches the network or what runs: a load that finds an error has changed nothing.
"""

import glob
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from porch.config.locate import KeyPath, Place, locate
from porch.config.problem import Problem, render
from porch.config.schema import (
    ConfigModel,
    ExpectModel,
    PoolModel,
    RouteModel,
    SiteModel,
)
from porch.config.wording import sentence

__all__ = ["Loaded", "RouteEntry", "load", "load_mapping"]

_SECRET = re.compile(r"\$\{([^}]*)\}")
_GROUPS = ("routes", "site", "pool")


class RouteEntry:
    """One route as written. path: where it stands in the data; where: "porch.toml:3"."""

    __slots__ = ("key", "model", "path", "where")

    def __init__(self, key: str, model: RouteModel, path: KeyPath, where: str) -> None:
        self.key = key
        self.model = model
        self.path = path
        self.where = where


class Loaded:
    """What loading gave: models, and problems. Usable if `ok`."""

    def __init__(self) -> None:
        self.config: ConfigModel = ConfigModel()
        self.routes: list[RouteEntry] = []
        self.sites: dict[str, SiteModel] = {}
        self.pools: dict[str, PoolModel] = {}
        self.expects: list[tuple[ExpectModel, KeyPath]] = []
        self.problems: list[Problem] = []
        self.files: list[Path] = []
        self.base = Path()
        self._places: dict[KeyPath, tuple[str, Place]] = {}

    @property
    def ok(self) -> bool:
        """Whether there is no error; there may be warnings."""
        return not any(each.is_error for each in self.problems)

    def report(self, *, running: bool = False) -> str:
        """All problems as text."""
        return render(self.problems, running=running)

    def where(self, path: KeyPath) -> str:
        """ "porch.toml:3" of a path in the data, as near as is known."""
        file, (line, _) = self._place(path)
        return f"{file}:{line}" if line else file

    def add(self, path: KeyPath, text: str, *, warning: bool = False) -> None:
        """Report a problem at a path in the data."""
        file, (line, column) = self._place(path)
        self.problems.append(
            Problem(
                file=file,
                line=line,
                column=column,
                severity="warning" if warning else "error",
                text=text,
            )
        )

    def _place(self, path: KeyPath) -> tuple[str, Place]:
        while path:
            found = self._places.get(path)
            if found is not None:
                return found
            path = path[:-1]
        name = str(self.files[0]) if self.files else "<python>"
        return name, (0, 0)

    def _note_places(self, file: str, text: str, shift: Mapping[KeyPath, KeyPath]) -> None:
        for path, place in locate(text).items():
            for start, moved in shift.items():
                if path[: len(start)] == start:
                    path = moved + path[len(start) :]
                    break
            self._places.setdefault(path, (file, place))


def load(path: Path) -> Loaded:
    """Load a file and what it includes."""
    loaded = Loaded()
    loaded.files.append(path)
    loaded.base = path.parent
    data = _read(loaded, path)
    if data is not None:
        _include(loaded, data, path)
        _check(loaded, data)
    return loaded


def load_mapping(data: Mapping[str, Any]) -> Loaded:
    """Load from a mapping with the words of a file: the Python API and the command line."""
    loaded = Loaded()
    loaded.base = Path.cwd()
    _check(loaded, dict(data))
    return loaded


def _read(loaded: Loaded, path: Path) -> dict[str, Any] | None:
    """The data of one file; None with a problem noted. A syntax error comes alone."""
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        hint = "; porch run FILE names another" if path.name == "porch.toml" else ""
        loaded.problems.append(Problem(file=str(path), text=f"the file does not exist{hint}"))
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        loaded.problems.append(Problem(file=str(path), text=f"the file cannot be read: {why}"))
        return None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, column, why = _syntax_error(str(error), text)
        loaded.problems.append(
            Problem(file=str(path), line=line, column=column, text=f"not TOML: {why}")
        )
        return None
    shift: dict[KeyPath, KeyPath] = {}
    if path != loaded.files[0]:
        shift[("expect",)] = ("expect", path.name)
    loaded._note_places(str(path), text.replace("\r\n", "\n"), shift)
    return data


def _syntax_error(message: str, text: str) -> tuple[int, int, str]:
    why, _, place = message.partition(" (at ")
    numbers = [int(number) for number in re.findall(r"\d+", place)]
    if len(numbers) == 2:
        return numbers[0], numbers[1], why[0].lower() + why[1:]
    lines = text.splitlines() or [""]
    return len(lines), len(lines[-1]) + 1, why[0].lower() + why[1:] + " at the end of the file"


def _include(loaded: Loaded, data: dict[str, Any], path: Path) -> None:
    """Merge the files that `include` names into `data`."""
    patterns = data.get("include", [])
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if not isinstance(pattern, str):
            continue  # the schema says so
        names = sorted(glob.glob(pattern, root_dir=path.parent))
        if not names and not glob.has_magic(pattern):
            loaded.add(("include",), f"'{pattern}' does not exist")
        for name in names:
            file = path.parent / name
            loaded.files.append(file)
            included = _read(loaded, file)
            if included is not None:
                _merge(loaded, data, included, file)


def _merge(loaded: Loaded, data: dict[str, Any], more: dict[str, Any], file: Path) -> None:
    for word, value in more.items():
        if word in _GROUPS and isinstance(value, dict):
            group = data.setdefault(word, {})
            for key, each in value.items():
                if key in group:
                    first = loaded.where((word, key))
                    kind = {"routes": "route", "site": "site", "pool": "pool"}[word]
                    loaded.problems.append(
                        Problem(file=str(file), text=f"{kind} '{key}' stands in {first} already")
                    )
                else:
                    group[key] = each
        elif word == "expect" and isinstance(value, list):
            data.setdefault(word, []).extend(value)
        elif word in data:
            text = f"'{word}' stands in {loaded.where((word,))} already"
            loaded.problems.append(Problem(file=str(file), text=text))
        else:
            data[word] = value


def _check(loaded: Loaded, data: dict[str, Any]) -> None:
    data = _fill_secrets(loaded, data, ())
    config = _validate(loaded, ConfigModel, data, (), "the whole")
    if config is not None:
        loaded.config = config
    for name, table in _tables(data, "pool"):
        pool = _validate(loaded, PoolModel, table, ("pool", name), "a pool")
        if pool is not None:
            loaded.pools[name] = pool
    for name, table in _tables(data, "site"):
        site = _validate(loaded, SiteModel, table, ("site", name), "a site")
        if site is not None:
            loaded.sites[name.lower()] = site
    for key, value in _tables(data, "routes"):
        _check_route(loaded, key, value)
    for number, row in enumerate(data.get("expect") or []):
        path = ("expect", number)
        expect = _validate(loaded, ExpectModel, row, path, "an expect row")
        if expect is not None:
            loaded.expects.append((expect, path))


def _tables(data: dict[str, Any], word: str) -> list[tuple[str, Any]]:
    group = data.get(word)
    return list(group.items()) if isinstance(group, dict) else []


def _check_route(loaded: Loaded, key: str, value: object) -> None:
    path: KeyPath = ("routes", key)
    if isinstance(value, list) and _is_several(value):
        for number, table in enumerate(value):
            _add_route(loaded, key, table, (*path, number))
    elif isinstance(value, str | list):
        _add_route(loaded, key, {"to": value}, path)
    else:
        _add_route(loaded, key, value, path)


def _is_several(values: list[object]) -> bool:
    """Whether a list is several routes of one key, and not a pool of targets."""
    return all(isinstance(each, dict) for each in values) and any(
        isinstance(each, dict) and not each.keys() <= {"to", "weight"} for each in values
    )


def _add_route(loaded: Loaded, key: str, table: object, path: KeyPath) -> None:
    model = _validate(loaded, RouteModel, table, path, "a route")
    if model is not None:
        loaded.routes.append(RouteEntry(key, model, path, loaded.where(path)))


def _validate(
    loaded: Loaded, kind: type[Any], table: object, path: KeyPath, what: str
) -> Any | None:
    """The model, or None with its problems noted. Words of later versions are taken out."""
    if isinstance(table, BaseModel):
        return table
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        usable = True
        seen: set[KeyPath] = set()
        for each in error.errors(include_url=False):
            found = sentence(each, table, path, kind, what)
            if found is None or found.path in seen:
                continue
            seen.add(found.path)
            loaded.add(found.path, found.text, warning=found.harmless)
            usable = usable and found.harmless
        if not usable:
            return None
        assert isinstance(table, dict)
        gone = {str(each[len(path)]) for each in seen}
        kept = {name: value for name, value in table.items() if name not in gone}
        return kind.model_validate(kept)


def _fill_secrets(loaded: Loaded, value: Any, path: KeyPath) -> Any:
    """`${NAME}` from the environment, in every string."""
    if isinstance(value, str):
        if "${" not in value:
            return value

        def fill(match: re.Match[str]) -> str:
            found = os.environ.get(match[1])
            if found is None:
                loaded.add(path, f"the environment has no {match[1]}; set it, or name another")
                return ""
            return found

        return _SECRET.sub(fill, value)
    if isinstance(value, dict):
        return {name: _fill_secrets(loaded, each, (*path, name)) for name, each in value.items()}
    if isinstance(value, list):
        return [_fill_secrets(loaded, each, (*path, n)) for n, each in enumerate(value)]
    return value
