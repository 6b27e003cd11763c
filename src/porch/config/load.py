"""Reading a configuration: files into checked models, or all that is wrong at once.

Nothing here touches the network or what runs: a load that finds an error has changed nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from porch.config.dotted import report_dotted
from porch.config.loaded import Loaded, RouteEntry
from porch.config.locate import KeyPath
from porch.config.review import review
from porch.config.schema import (
    ConfigModel,
    ExpectModel,
    PoolModel,
    RouteModel,
    ServerModel,
    SiteModel,
)
from porch.config.secret import fill
from porch.config.source import TOO_DEEP, read
from porch.config.wording import findings

__all__ = ["Loaded", "RouteEntry", "load", "load_mapping"]

Model = TypeVar("Model", bound=BaseModel)

_PAIR = {"cert", "key", "key_password"}
"""Of a site that is not whole they are looked at all the same, unless one of them is at fault."""


def load(
    path: Path,
    *,
    contents: Mapping[Path, bytes] | None = None,
    included: Sequence[Path] | None = None,
) -> Loaded:
    """Load a file and what it includes. A TOML syntax error comes alone.

    contents: of files that are not read from disk again. included: the files that are included,
    whatever `include` finds on the disk now. Both are of a snapshot (snapshot.py).
    """
    loaded = Loaded(str(path), path.parent)
    loaded.contents.update(contents or {})
    data = read(loaded, path, included)
    if data is not None:
        try:
            _check(loaded, data)
        except RecursionError:  # a name of thousands of parts, which the parser takes
            loaded.add((), TOO_DEEP)
    return loaded


def load_mapping(data: Mapping[str, Any], name: str = "<python>") -> Loaded:
    """Load from a mapping with the words of a file: the Python API and the command line.

    name: what problems are reported for. Paths in it are relative to the working directory.
    """
    loaded = Loaded(name)
    strange = _strange_key(data)
    if strange is not None:
        loaded.add((), f"{strange!r} is no name: every key is a text")
    else:
        _check(loaded, data)
    return loaded


def _strange_key(value: object) -> object | None:
    """A key that is no text, which only Python can write; None without one."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                return key  # type: ignore[no-any-return]
            if (found := _strange_key(inner)) is not None:
                return found
    elif isinstance(value, list | tuple):
        for inner in value:
            if (found := _strange_key(inner)) is not None:
                return found
    return None


def _check(loaded: Loaded, written: Mapping[str, Any]) -> None:
    """Models of all parts, and all that is wrong with them."""
    data = fill(loaded, written)
    report_dotted(loaded, data)
    config, _ = _validate(loaded, ConfigModel, data, ())
    loaded.config = config or loaded.config
    for name, table in _tables(data, "pool"):
        pool, is_whole = _validate(loaded, PoolModel, table, ("pool", name))
        if pool is not None and is_whole:
            loaded.pools[name] = pool
    for name, table in _tables(data, "site"):
        site, is_whole = _validate(loaded, SiteModel, table, ("site", name))
        loaded.lacks_sites = loaded.lacks_sites or not is_whole
        if site is not None and (is_whole or _PAIR & table.keys() <= site.model_fields_set):
            loaded.sites[name] = site
    for key, value in _tables(data, "routes"):
        _check_routes(loaded, key, value)
    rows = data.get("expect")
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        expect, is_whole = _validate(loaded, ExpectModel, row, ("expect", number))
        if expect is not None and is_whole:
            loaded.expects.append((expect, ("expect", number)))
    review(loaded, data)


def _tables(data: dict[str, Any], word: str) -> list[tuple[str, Any]]:
    group = data.get(word)
    return list(group.items()) if isinstance(group, dict) else []


def _check_routes(loaded: Loaded, key: str, value: object) -> None:
    """The routes of one key: a target, a list of them, a table, or several tables."""
    path: KeyPath = ("routes", key)
    if isinstance(value, dict):
        _check_route(loaded, key, value, path)
    elif isinstance(value, list) and _is_several(loaded, value, path):
        for number, table in enumerate(value):
            _check_route(loaded, key, table, (*path, number))
    elif isinstance(value, str | list):
        loaded.short.add(path)
        _check_route(loaded, key, {"to": value}, path)
    else:
        _check_route(loaded, key, value, path)


def _is_several(loaded: Loaded, values: list[object], path: KeyPath) -> bool:
    """Whether a list is several routes of one key, and not a pool of targets."""
    if path in loaded.repeats:
        return True
    tables = [each for each in values if isinstance(each, dict)]
    return len(tables) == len(values) > 0 and any(
        not each.keys() <= ServerModel.model_fields.keys() for each in tables
    )


def _check_route(loaded: Loaded, key: str, table: object, path: KeyPath) -> None:
    model, is_whole = _validate(loaded, RouteModel, table, path)
    if model is not None:
        raw = table if isinstance(table, dict) else {}
        entry = RouteEntry(key, model, path, loaded.where(path), raw)
        entry.is_whole = is_whole
        loaded.routes.append(entry)


def _validate(
    loaded: Loaded, kind: type[Model], table: object, path: KeyPath
) -> tuple[Model | None, bool]:
    """The model of a table with its problems noted, and whether it is whole.

    What is wrong is left out of the model, so that the rest of it can be looked over too. None
    where that leaves nothing.
    """
    try:
        return kind.model_validate(table), True
    except ValidationError as error:
        found = findings(error, table, kind)
    for each in found:
        loaded.add(path + each.path, each.text)
    rest = table
    for each in found:
        rest = _without(rest, each.path)
    try:
        return kind.model_validate(rest), False
    except ValidationError:
        return None, False


def _without(value: Any, path: KeyPath) -> Any:
    """A copy of a table without what stands at `path`; of a list nothing is left."""
    if not path or not isinstance(value, dict) or path[0] not in value:
        return value
    step, *rest = path
    copy = dict(value)
    if rest and isinstance(value[step], dict):
        copy[step] = _without(value[step], tuple(rest))
    else:
        del copy[step]
    return copy
