"""pydantic's findings in the operator's words."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from porch.config.locate import KeyPath as Path
from porch.config.schema import ConfigModel, LaterWord, RouteModel
from porch.config.suggest import suggest

__all__ = ["Finding", "sentence"]

_TYPES = {
    "bool": "true or false",
    "bool_type": "true or false",
    "dict_type": "a table",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a table",
    "string_type": "a text in quotes",
}


class Finding:
    """path: where it stands in the data. harmless: a warning."""

    __slots__ = ("harmless", "path", "text")

    def __init__(self, path: Path, text: str, harmless: bool = False) -> None:
        self.path = path
        self.text = text
        self.harmless = harmless


def sentence(
    error: ErrorDetails, table: object, base: Path, kind: type[BaseModel], what: str
) -> Finding | None:
    """What the operator is told. base: where `table` stands. None to say nothing."""
    real = _real(error["loc"], table)
    path = base + real
    word = str(real[-1]) if real else ""
    if error["type"] == "extra_forbidden":
        return _unknown(word, error["input"], path, len(real) == 1, kind, what)
    if error["type"] == "missing":
        return Finding(path[:-1], f"'{error['loc'][-1]}' is missing in {what}")
    if error["type"] == "value_error":
        return Finding(path, f"'{word}': {error['msg'].removeprefix('Value error, ')}")
    if error["type"] == "literal_error":
        expected = str(error.get("ctx", {}).get("expected", "")).replace("'", '"')
        if expected == "False":
            return None  # the other members of the union say it better
        return Finding(path, f"'{word}' is {_shown(error['input'])}; it can be {expected}")
    if error["type"] in _TYPES and not real:
        return Finding(path, f"{what} is {_TYPES[error['type']]}, not {_shown(error['input'])}")
    if error["type"] in _TYPES:
        wanted = _TYPES[error["type"]]
        return Finding(path, f"'{word}' is {_shown(error['input'])}; it must be {wanted}")
    message = error["msg"].removeprefix("Input should be ")
    return Finding(path, f"'{word}' is {_shown(error['input'])}; it must be {message}")


def _real(loc: tuple[int | str, ...], table: object) -> Path:
    """The part of pydantic's location that exists in the data: it names union members too."""
    path: list[int | str] = []
    here: Any = table
    for step in loc:
        if isinstance(here, Mapping) and step in here:
            here = here[step]
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        elif isinstance(here, Mapping) and step in ("request", "response"):
            continue  # a flat table of fields
        else:
            if not isinstance(step, int) and isinstance(here, Mapping) and step == loc[-1]:
                path.append(step)
            continue
        path.append(step)
    return tuple(path)


def _unknown(
    word: str, value: object, path: Path, top: bool, kind: type[BaseModel], what: str
) -> Finding:
    if top and word in LaterWord.harmless:
        return Finding(path, f"'{word}' is not in this version yet and does nothing", True)
    if top and word in LaterWord.protective:
        text = f"'{word}' is not in this version yet, and the route would be open without it"
        return Finding(path, f"{text}; remove the line or keep the route out")
    if top and kind in (ConfigModel, RouteModel) and isinstance(value, Mapping):
        return _dotted(word, value, path, kind)
    if top:
        known = [*kind.model_fields, *LaterWord.harmless, *LaterWord.protective]
        return Finding(path, f"unknown option '{word}' for {what}{suggest(word, known)}")
    return Finding(path, f"unknown option '{word}' in '{path[-2]}'{_near(word, path, kind)}")


def _near(word: str, path: Path, kind: type[BaseModel]) -> str:
    """A suggestion from the model of the table that the word stands in."""
    for step in path:
        if isinstance(step, str) and step in kind.model_fields:
            for inner in _models(kind.model_fields[step].annotation):
                return suggest(word, inner.model_fields)
    return ""


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [each for part in getattr(annotation, "__args__", ()) for each in _models(part)]


def _dotted(word: str, value: Mapping[str, Any], path: Path, kind: type[BaseModel]) -> Finding:
    """A host whose dots TOML took for levels: [example.com]."""
    near = suggest(word, kind.model_fields)
    inner = next(iter(value), "")
    is_host = kind is RouteModel or isinstance(value.get(inner), Mapping)
    if not is_host or (near and kind is RouteModel):
        what = "the whole" if kind is ConfigModel else "a route"
        return Finding(path, f"unknown option '{word}' for {what}{near}")
    labels = [str(path[1])] if kind is RouteModel else []
    labels.append(word)
    here: Any = value
    while isinstance(here, Mapping) and len(here) == 1:
        inner = next(iter(here))
        if not isinstance(here[inner], Mapping) or "/" in inner or inner.startswith("*"):
            break
        labels.append(inner)
        here = here[inner]
    name = ".".join(labels)
    arrows = " → ".join(labels)
    text = f'[{name}] is read by TOML as {arrows}; write it under [routes] as "{name}"'
    return Finding(path, text)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return str(value)
