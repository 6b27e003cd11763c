"""Schemas of operations' words and answers, and the check of words against them.

A small part of JSON Schema 2020-12, so that they stand in the document of OpenAPI as they are:
type, enum (of texts), properties, required, additionalProperties, items, maxItems, maxLength,
minimum, maximum.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

__all__ = [
    "Schema",
    "flag",
    "listed",
    "made",
    "mapped",
    "nullable",
    "number",
    "optional",
    "text",
    "types",
    "whole",
    "wrong",
]

Schema = Mapping[str, Any]

_OPTIONAL = "optional"
"""A key that `made` takes away: it is no word of JSON Schema."""
_LONGEST_SHOWN = 64
"""Characters of a name that nobody knows."""

_KINDS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "string": ("a text", lambda value: isinstance(value, str)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "integer": ("a whole number", lambda value: type(value) is int),
    "number": (
        "a number",
        lambda value: type(value) is int or (type(value) is float and math.isfinite(value)),
    ),
    "null": ("null", lambda value: value is None),
    "array": ("a list", lambda value: isinstance(value, list)),
    "object": ("an object", lambda value: isinstance(value, dict)),
}


def text(description: str, longest: int = 0) -> Schema:
    """longest: in characters; 0 for no bound."""
    bound = {"maxLength": longest} if longest else {}
    return {"type": "string", "description": description} | bound


def flag(description: str) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": description}


def number(description: str, most: float) -> Schema:
    """Not negative, with a fraction or without."""
    return {"type": "number", "minimum": 0, "maximum": most, "description": description}


def whole(description: str) -> Schema:
    """Not negative."""
    return {"type": "integer", "minimum": 0, "description": description}


def listed(each: Schema, most: int = 0) -> Schema:
    """most: how many; 0 for no bound."""
    bound = {"maxItems": most} if most else {}
    return {"type": "array", "items": each} | bound


def mapped(description: str) -> Schema:
    """Whole numbers by names."""
    return {
        "type": "object",
        "additionalProperties": {"type": "integer"},
        "description": description,
    }


def nullable(schema: Schema) -> Schema:
    """Or null."""
    return {**schema, "type": [*types(schema), "null"]}


def optional(schema: Schema) -> Schema:
    """As a part of `made`: one that may be left out."""
    return {**schema, _OPTIONAL: True}


def made(**parts: Schema) -> Schema:
    """An object of these parts and no others."""
    plain = {
        name: {word: value for word, value in schema.items() if word != _OPTIONAL}
        for name, schema in parts.items()
    }
    needed = [name for name, schema in parts.items() if _OPTIONAL not in schema]
    found: dict[str, Any] = {"type": "object", "properties": plain, "additionalProperties": False}
    return found | ({"required": needed} if needed else {})


def types(schema: Schema) -> list[str]:
    """Those that a value may have."""
    kind = schema["type"]
    return kind if isinstance(kind, list) else [kind]


def wrong(schema: Schema, value: object, name: str = "") -> str:
    """What is wrong with a value, in a sentence that says what to send instead; "" for nothing.
    name: where it stands; "" for the whole."""
    kinds = types(schema)
    fits = [_KINDS[kind][1](value) for kind in kinds]
    if not any(fits):
        return f"{_called(name)} is {' or '.join(_KINDS[kind][0] for kind in kinds)}"
    if value not in schema.get("enum", (value,)):
        return f"{_called(name)} is one of: {', '.join(schema['enum'])}"
    if isinstance(value, dict):
        return _wrong_object(schema, value, name)
    if isinstance(value, list):
        return _wrong_list(schema, value, name)
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        return f"{_called(name)} has more than {schema['maxLength']} characters"
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = schema.get("minimum", value), schema.get("maximum", value)
        if not least <= value <= most:
            upper = f" and at most {most}" if "maximum" in schema else ""
            return f"{_called(name)} is at least {least}{upper}"
    return ""


def _wrong_object(schema: Schema, value: Mapping[str, object], name: str) -> str:
    parts = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for word in schema.get("required", ()):
        if word not in value:
            return f"{_called(_inside(name, word))} is missing"
    for word, each in value.items():
        part = parts.get(word, others)
        if part is False:
            known = ", ".join(parts) or "none"
            return f"{_called(_inside(name, word))} is not known; the words are: {known}"
        if part is not True and (found := wrong(part, each, _inside(name, word))):
            return found
    return ""


def _wrong_list(schema: Schema, value: list[object], name: str) -> str:
    if len(value) > schema.get("maxItems", len(value)):
        return f"{_called(name)} has more than {schema['maxItems']} entries"
    items = schema.get("items")
    if items is not None:
        for place, each in enumerate(value):
            if found := wrong(items, each, f"{name}[{place}]"):
                return found
    return ""


def _inside(name: str, word: str) -> str:
    shown = word if len(word) <= _LONGEST_SHOWN else word[:_LONGEST_SHOWN] + "..."
    return f"{name}.{shown}" if name else shown


def _called(name: str) -> str:
    return f"'{name}'" if name else "the body"
