"""pydantic's findings in the operator's words. Nothing that pydantic says is shown as it is."""

import datetime
import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from porch.config.forms import choices, find_field, form_of, model_in
from porch.config.locate import KeyPath
from porch.config.model import Unrepeated
from porch.config.schema import (
    ConfigModel,
    ExpectModel,
    HeadersModel,
    PoolModel,
    RouteModel,
    RouteWords,
    ServerModel,
    SiteModel,
)
from porch.config.suggest import nearest, suggest

__all__ = ["Finding", "findings", "shown"]

_NAMES: Mapping[type[BaseModel], str] = {
    ExpectModel: "an expect row",
    PoolModel: "a pool",
    RouteModel: "a route",
    ServerModel: "a target",
    SiteModel: "a site",
}
_TOP = ConfigModel.model_fields.keys() - RouteWords.model_fields.keys()
_SITE = SiteModel.model_fields.keys() - RouteWords.model_fields.keys()
_ROUTE = RouteModel.model_fields.keys() - RouteWords.model_fields.keys()
_TABLES = ("timeouts", "limits", "tls")
_LONGEST = 60


class Finding:
    """path: where it stands, within the table."""

    __slots__ = ("path", "text")

    def __init__(self, path: KeyPath, text: str) -> None:
        self.path = path
        self.text = text


def findings(error: ValidationError, table: object, kind: type[BaseModel]) -> list[Finding]:
    """All that is wrong with `table`, each thing once."""
    found: dict[KeyPath, Finding] = {}
    meant: set[tuple[KeyPath, str]] = set()
    for each in sorted(error.errors(include_url=False), key=_order):
        path = _real(each["loc"], table)
        if each["type"] == "extra_forbidden":
            inner, _, _ = find_field(kind, path)
            word = str(path[-1])
            near = nearest(word, inner.model_fields)
            meant.add((path[:-1], near or ""))
            found[path] = _unknown(path, word, inner, kind)
        elif each["type"] == "missing":
            word = str(each["loc"][-1])
            if (path, word) not in meant:
                what = f": {_NAMES[kind]} needs it" if not path and kind in _NAMES else " here"
                found.setdefault(path, Finding(path, f"'{word}' is missing{what}"))
        elif not any(other[: len(path)] == path for other in found):
            found[path] = Finding(path, _wrong(each, path, kind))
    return list(found.values())


def shown(value: object) -> str:
    """A value as a sentence has it, cut where it is long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= _LONGEST else f'"{value[:_LONGEST]}…"'
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, datetime.date | datetime.time):
        return "a date or time"
    return f"a Python {type(value).__name__}"


def _order(error: ErrorDetails) -> tuple[int, int]:
    """What says most comes first: unknown words, sentences of ours, and of what the members of a
    union say the deepest."""
    kinds = ("extra_forbidden", "missing", "value_error")
    rank = kinds.index(error["type"]) if error["type"] in kinds else len(kinds)
    return rank, -len(error["loc"])


def _real(loc: tuple[int | str, ...], table: object) -> KeyPath:
    """The part of pydantic's location that exists in the data: it names union members too."""
    path: list[int | str] = []
    here: Any = table
    for step in loc:
        is_key = isinstance(here, Mapping) and step in here
        if is_key or (isinstance(here, list) and isinstance(step, int) and step < len(here)):
            here = here[step]
            path.append(step)
    return tuple(path)


def _wrong(error: ErrorDetails, path: KeyPath, kind: type[BaseModel]) -> str:
    """What is wrong with a value."""
    value = error["input"]
    if not path:
        short = "a target in quotes, a list of them or " if kind is RouteModel else ""
        return f"{_NAMES.get(kind, 'the whole')} is {short}a table, not {shown(value)}"
    table, word, inside = find_field(kind, path)
    field = table.model_fields[word]
    name = next(step for step in reversed(path) if isinstance(step, str))
    if error["type"] == "value_error":
        said = error["msg"].removeprefix("Value error, ")
        is_shown = not isinstance(error.get("ctx", {}).get("error"), Unrepeated)
        plain = is_shown and not isinstance(value, Mapping | list)
        return f"'{name}' is {shown(value)}; {said}" if plain else f"'{name}': {said}"
    near = suggest(value, choices(field.annotation)) if isinstance(value, str) else ""
    return f"'{name}' is {shown(value)}; it must be {form_of(field, inside=inside)}{near}"


def _unknown(path: KeyPath, word: str, inner: type[BaseModel], kind: type[BaseModel]) -> Finding:
    """What an unknown word probably is."""
    if inner is ConfigModel and (word == "*" or "." in word or "/" in word):
        return Finding(path, f'"{word}" is a key of [routes]; write it there')
    if inner is HeadersModel:
        return Finding(path, f"'{word}' stands beside request or response; write it in one of them")
    home = _home(word, inner)
    if home and not difflib.get_close_matches(word, inner.model_fields, n=1, cutoff=0.9):
        return Finding(path, home)
    table = next((step for step in reversed(path[:-1]) if isinstance(step, str)), "")
    where = f"for {_NAMES.get(inner, table)}" if inner is not ConfigModel else "at the top"
    return Finding(path, f"unknown option '{word}' {where}{suggest(word, inner.model_fields)}")


def _home(word: str, inner: type[BaseModel]) -> str:
    """Where a word belongs that is known elsewhere, or ""."""
    if inner in (ConfigModel, RouteModel) and word in _SITE:
        return f"'{word}' is a word of a site, [site.\"example.com\"]"
    if inner is not ConfigModel and word in _TOP:
        return f"'{word}' stands at the top of the file, above the first [table]"
    if inner in (ConfigModel, SiteModel) and word in _ROUTE:
        return f"'{word}' is a word of a route, [routes.\"example.com\"]"
    tables = {name: model_in(RouteWords.model_fields[name].annotation) for name in _TABLES}
    if issubclass(inner, RouteWords) or inner in tables.values():
        for name, table in tables.items():
            if table is not None and word in table.model_fields:
                return f"'{word}' is a word of {name}: {name} = {{ {word} = … }}"
    return ""
