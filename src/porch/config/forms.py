"""What a word can be, in the operator's words, read from the models."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from porch.config.locate import KeyPath
from porch.config.schema import HeadersModel
from porch.config.words import Form

__all__ = ["choices", "find_field", "form_of", "model_in"]

_PLAIN = {
    bool: "true or false",
    int: "a whole number",
    str: "a text in quotes",
    float: "a number",
}


def find_field(kind: type[BaseModel], path: KeyPath) -> tuple[type[BaseModel], str, bool]:
    """What a path within a table is about: the innermost table, its word, and whether the path
    leads further, to an item or value of it. The word is "" for the table itself."""
    table, word = kind, ""
    inner: type[BaseModel] | None = kind
    is_name = False
    for step in path:
        if isinstance(step, int):
            continue
        if is_name:
            is_name = False
            continue
        if inner is None:
            return table, word, True
        table, word = inner, step
        field = inner.model_fields.get(step)
        if field is None:
            # A flat table of headers stands for the one of answers.
            flat = inner is HeadersModel
            return table, "response" if flat else word, flat
        inner = model_in(field.annotation)
        is_name = _has_names(field.annotation)
    is_inside = bool(path) and (isinstance(path[-1], int) or path[-1] != word)
    return table, word, is_inside


def _has_names(annotation: Any) -> bool:
    """Whether a word can be a table of tables, each with a name that the operator gives it."""
    parts = get_args(annotation)
    if get_origin(annotation) is dict:
        return model_in(parts[1]) is not None
    return any(map(_has_names, parts))


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The table that a word can be, if it can be one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := model_in(each))), None)


def form_of(field: FieldInfo, *, inside: bool = False) -> str:
    """What a word must be, the end of "it must be ...". inside: one of its items or values."""
    return _form(Annotated[field.annotation, *field.metadata, None], inside)


def choices(annotation: Any) -> list[str]:
    """The words among which a value is chosen, if it is."""
    if get_origin(annotation) is Literal:
        return [each for each in get_args(annotation) if isinstance(each, str)]
    return [word for each in get_args(annotation) for word in choices(each)]


def _form(annotation: Any, inside: bool) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        said = next((each.text for each in parts[:0:-1] if isinstance(each, Form)), None)
        if said is not None and not inside:
            return said
        return _form(parts[0], inside) + ("" if inside else _bounds(parts[1:]))
    if origin in (Union, UnionType):
        return _listed([_form(each, inside) for each in parts if each is not NoneType])
    if origin is Literal:
        return _listed([f'"{each}"' if isinstance(each, str) else str(each) for each in parts])
    if origin is dict:
        return _form(parts[1], False) if inside else "a table"
    if origin is list:
        return _form(parts[0], False) if inside else "a list"
    return _PLAIN.get(annotation, "a table")


def _bounds(metadata: tuple[Any, ...]) -> str:
    found = [
        inner
        for each in metadata
        for inner in (each.metadata if isinstance(each, FieldInfo) else (each,))
    ]
    low = next((each.ge for each in found if isinstance(each, Ge)), None)
    high = next((each.le for each in found if isinstance(each, Le)), None)
    if low is None:
        return ""
    return f" from {low}" + (f" to {high}" if high is not None else "")


def _listed(words: list[str]) -> str:
    """One, two or three."""
    known = list(dict.fromkeys(words))
    return " or ".join(filter(None, (", ".join(known[:-1]), known[-1])))
