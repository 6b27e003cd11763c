"""A value against its schema, and what is wrong with it, in one sentence without the value.

jsonschema-rs looks at it, with patterns of Rust's `regex`, whose time grows with the text alone. It
says no more than whether all holds: to collect what does not takes it a time that grows with the
power of the depth, where alternatives refer to themselves. So what is wrong is sought part by part,
by asking the same of each.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from porch.shield.content_errors import named
from porch.shield.json_shape import pointer

__all__ = ["Value"]

Schema = dict[str, Any] | bool
_ALONE = (
    "type",
    "enum",
    "const",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)
"""Keywords that look at no part of a value."""


class Value:
    """schema, defs: as openapi_schema.py makes them."""

    __slots__ = ("_holds", "_types", "defs", "holds", "schema")

    def __init__(self, schema: Schema, defs: Mapping[str, Schema]) -> None:
        """Raises ValueError with a sentence where it is no schema."""
        self.schema = schema
        self.defs = dict(defs)
        self._holds: dict[tuple[int, str], Callable[[Any], bool]] = {}
        self._types: dict[int, frozenset[str]] = {}
        self.holds: Callable[[Any], bool] = self._compiled(schema)

    def types(self, schema: Schema) -> frozenset[str]:
        """All types that a value of a part of it may have, as far as it says; empty where it does
        not. schema: such a part itself, by which it is remembered."""
        found = self._types.get(id(schema))
        if found is None:
            found = self._types[id(schema)] = _types(schema, self.defs, frozenset())
        return found

    def fault(self, value: Any) -> str | None:
        """What is wrong, as the end of a sentence that begins with what it is: "/a is to be a
        number"; None where nothing is."""
        if self.holds(value):
            return None
        schema, steps = self.schema, list[str | int]()
        while True:
            found = self._inside(schema, value)
            if found is None:
                break
            schema, value, more = found
            steps += more
        where = pointer(steps)
        what = self._said(schema, value)
        return f"{where} {what}" if where else what

    def _inside(self, schema: Schema, value: Any) -> tuple[Schema, Any, list[str | int]] | None:
        """A part of a schema that does not hold, of which part of the value, and the way there."""
        if isinstance(schema, bool) or self._alone(schema, value) is not None:
            return None
        for part, inner, steps in self._parts(schema, value):
            if not self._part_holds(part, inner):
                return part, inner, steps
        return None

    def _parts(
        self, schema: dict[str, Any], value: Any
    ) -> Iterator[tuple[Schema, Any, list[str | int]]]:
        if "$ref" in schema:
            yield self.defs[schema["$ref"].rpartition("/")[2]], value, []
        for part in schema.get("allOf", ()):
            yield part, value, []
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            for name, inner in value.items():
                if name in properties:
                    yield properties[name], inner, [name]
                elif "additionalProperties" in schema and "patternProperties" not in schema:
                    yield schema["additionalProperties"], inner, [name]
        elif isinstance(value, list):
            first = schema.get("prefixItems", ())
            for number, (part, inner) in enumerate(zip(first, value, strict=False)):
                yield part, inner, [number]
            if "items" in schema:
                for number, inner in enumerate(value[len(first) :], len(first)):
                    yield schema["items"], inner, [number]

    def _alone(self, schema: dict[str, Any], value: Any) -> str | None:
        """The first keyword that does not hold and has no parts."""
        for word in _ALONE:
            if word in schema and not self._word_holds(schema, word, value):
                return word
        missing = (name for name in schema.get("required", ()) if name not in value)
        if isinstance(value, dict) and next(missing, None) is not None:
            return "required"
        return None

    def _said(self, schema: Schema, value: Any) -> str:
        if schema is False:
            return "is not to be sent"
        if schema is True:
            return "does not fit"
        word = self._alone(schema, value)
        if word == "required":
            name = next(name for name in schema["required"] if name not in value)
            return f"lacks '{named(name)}'"
        if word is not None:
            return _SENTENCES[word](schema[word])
        for word in ("anyOf", "oneOf"):
            if word in schema and not self._word_holds(schema, word, value):
                parts = sum(self._part_holds(part, value) for part in schema[word])
                return "fits none of the alternatives" if not parts else "fits several alternatives"
        return "does not fit its schema"

    def _part_holds(self, schema: Schema, value: Any) -> bool:
        if isinstance(schema, bool):
            return schema
        key = id(schema), ""
        if key not in self._holds:
            self._holds[key] = self._compiled(schema)
        return self._holds[key](value)

    def _word_holds(self, schema: dict[str, Any], word: str, value: Any) -> bool:
        key = id(schema), word
        if key not in self._holds:
            self._holds[key] = self._compiled({word: schema[word]})
        return self._holds[key](value)

    def _compiled(self, schema: Schema) -> Callable[[Any], bool]:
        import jsonschema_rs

        whole = schema if isinstance(schema, bool) else {**schema, "$defs": self.defs}
        try:
            validator = jsonschema_rs.Draft202012Validator(
                whole,
                validate_formats=True,
                pattern_options=jsonschema_rs.RegexOptions(),
                offline=True,
            )
        except jsonschema_rs.ValidationError as error:
            way = [each for each in error.instance_path if isinstance(each, str | int)]
            raise ValueError(f"{_shown(way)} is not as JSON Schema has it{_why(way)}") from None
        except jsonschema_rs.ReferencingError as error:
            raise ValueError(str(error)) from None
        return validator.is_valid


def _shown(way: list[str | int]) -> str:
    if way[:1] == ["$defs"]:
        way = way[2:]
    return f"'{pointer(way)}'" if way else "it"


def _why(way: list[str | int]) -> str:
    if way[-1:] == ["pattern"]:
        return "; patterns are of Rust's regex, without look-around and back-references"
    return ""


def _type(types: Any) -> str:
    names = [types] if isinstance(types, str) else types
    return "is to be " + " or ".join(
        "null" if each == "null" else f"an {each}" if each[0] in "aio" else f"a {each}"
        for each in names
    )


_SENTENCES: dict[str, Callable[[Any], str]] = {
    "type": _type,
    "enum": lambda _: "is none of the values that there are",
    "const": lambda _: "is not the one value that there is",
    "minimum": lambda bound: f"is less than {bound}",
    "exclusiveMinimum": lambda bound: f"is not more than {bound}",
    "maximum": lambda bound: f"is more than {bound}",
    "exclusiveMaximum": lambda bound: f"is not less than {bound}",
    "multipleOf": lambda unit: f"is no multiple of {unit}",
    "minLength": lambda bound: f"has fewer than {bound} characters",
    "maxLength": lambda bound: f"has more than {bound} characters",
    "pattern": lambda _: "has not the form that its pattern says",
    "format": lambda name: f"is no {name}",
    "minItems": lambda bound: f"has fewer than {bound} items",
    "maxItems": lambda bound: f"has more than {bound} items",
    "uniqueItems": lambda _: "has an item twice",
    "minProperties": lambda bound: f"has fewer than {bound} members",
    "maxProperties": lambda bound: f"has more than {bound} members",
}


def _types(schema: Schema, defs: Mapping[str, Schema], seen: frozenset[str]) -> frozenset[str]:
    if isinstance(schema, bool):
        return frozenset()
    found: set[str] = set()
    said = schema.get("type")
    if said is not None:
        return frozenset([said] if isinstance(said, str) else said)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for each in schema.get(keyword, ()):
            found |= _types(each, defs, seen)
    ref = schema.get("$ref")
    if ref is not None and ref not in seen:
        found |= _types(defs[ref.rpartition("/")[2]], defs, seen | {ref})
    for value in (*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())):
        kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
        found.add(kinds.get(type(value), "null" if value is None else "object"))
    return frozenset(found)
