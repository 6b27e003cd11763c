"""Parameters of an operation: how their texts are read, and what they are checked against.

Styles `form` (query, cookie) and `simple` (path, header), which nearly all documents have. Another
one is an error in the document, for what cannot be read would be let through.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from porch.shield.content_errors import BadContent
from porch.shield.json_shape import Shape, parse
from porch.shield.openapi_document import Document, DocumentError, Node
from porch.shield.openapi_schema import Schemas
from porch.shield.openapi_value import Schema, Value

__all__ = ["Parameter", "read_parameter"]

PLACES = ("query", "path", "header", "cookie")
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_IGNORED = frozenset(("accept", "content-type", "authorization"))
"""Fields that say nothing as parameters (OpenAPI 3.1 4.8.12.2.1)."""
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,62})\Z")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z")
_LONGEST = 64
"""Characters of a number."""


class Parameter(NamedTuple):
    """name: of fields in small letters. kind: "one", "list", "object", or "json" for a text that is
    JSON. shape: of that. is_empty_fine: whether it may stand there without a value."""

    name: str
    place: str
    is_required: bool
    kind: str
    is_exploded: bool
    is_empty_fine: bool
    value: Value
    shape: Shape

    @property
    def shown(self) -> str:
        """As a sentence names it."""
        return f"The {self.place} parameter '{self.name}'"

    def check(self, texts: Sequence[bytes]) -> None:
        """texts: all that stand there for it, as sent. Raises BadContent."""
        if not texts:
            if self.is_required:
                raise BadContent(f"{self.shown} is missing.")
            return
        if self.is_empty_fine and list(texts) == [b""]:
            return
        if len(texts) > 1 and not (self.kind == "list" and self.is_exploded):
            raise BadContent(f"{self.shown} stands there more than once.")
        fault = self._fault(texts)
        if fault is not None:
            raise BadContent(f"{self.shown} {fault}." if fault[0] != "/" else self._at(fault))

    def _at(self, fault: str) -> str:
        return f"{self.shown}, {fault}."

    def _fault(self, texts: Sequence[bytes]) -> str | None:
        try:
            if self.kind == "json":
                return self.value.fault(parse(self._decoded(texts[0]).encode(), self.shape))
            if self.kind == "object":
                return self.value.fault(self._object(texts[0]))
            if self.kind == "list":
                return self.value.fault(self._list(texts))
            text = self._decoded(texts[0])
        except UnicodeDecodeError:
            return "is not UTF-8"
        except BadContent as error:
            return error.sentence.removeprefix("The body is refused: ").removesuffix(".")
        meant = _meant(text, self.value.schema, self.value)
        if meant is not text and self.value.holds(meant):
            return None
        fault = self.value.fault(text)
        return None if fault is None else self.value.fault(meant)

    def _decoded(self, text: bytes) -> str:
        if self.place == "query":
            text = text.replace(b"+", b" ")
        if self.place in ("query", "path") and b"%" in text:
            text = unquote_to_bytes(text)
        return text.decode()

    def _list(self, texts: Sequence[bytes]) -> list[Any]:
        items = texts if self.is_exploded and self.place == "query" else _split(texts[0])
        each = _part(self.value.schema, self.value.defs, "items")
        return [_meant(self._decoded(item), each, self.value) for item in items]

    def _object(self, text: bytes) -> dict[str, Any]:
        parts = _split(text)
        if self.is_exploded:
            pairs = [(name, value) for name, _, value in (each.partition(b"=") for each in parts)]
        elif len(parts) % 2:
            raise BadContent("is not pairs of a name and a value.")
        else:
            pairs = list(zip(parts[::2], parts[1::2], strict=True))
        found: dict[str, Any] = {}
        properties = _part(self.value.schema, self.value.defs, "properties")
        for name, value in pairs:
            key = self._decoded(name)
            if key in found:
                raise BadContent("has a name twice.")
            schema = properties.get(key, True) if isinstance(properties, dict) else True
            found[key] = _meant(self._decoded(value), schema, self.value)
        return found


def _split(text: bytes) -> list[bytes]:
    """Commas that are escaped are in a value."""
    return [each.strip(b" \t") for each in text.split(b",")] if text else []


def _part(schema: Schema, defs: Mapping[str, Schema], word: str, depth: int = 0) -> Any:
    """What a schema says under a word, or one that it is made of."""
    if isinstance(schema, bool) or depth > 20:
        return True
    if word in schema:
        return schema[word]
    refs = [defs[schema["$ref"].rpartition("/")[2]]] if "$ref" in schema else []
    for each in (
        *refs,
        *schema.get("allOf", ()),
        *schema.get("anyOf", ()),
        *schema.get("oneOf", ()),
    ):
        found = _part(each, defs, word, depth + 1)
        if found is not True:
            return found
    return True


def _meant(text: str, schema: Schema, value: Value) -> Any:
    """A text as the type that a part of a value's schema wants, where it is one."""
    types = value.types(schema)
    if "integer" in types and _INTEGER.match(text):
        return int(text)
    if types & {"number", "integer"} and len(text) <= _LONGEST and _NUMBER.match(text):
        number = json.loads(text)
        if abs(number) != float("inf"):
            return number
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    if "null" in types and text in ("", "null") and "string" not in types:
        return None
    return text


def read_parameter(
    document: Document, schemas: Schemas, node: object, at: str, shape: Shape
) -> Parameter | None:
    """A parameter as the document has it; None for one that says nothing. Raises DocumentError."""
    table, at = document.table(node, at)
    name, place = table.get("name"), table.get("in")
    if not isinstance(name, str) or not name or place not in PLACES:
        raise DocumentError(f"a parameter has a 'name', and 'in' is one of {', '.join(PLACES)}", at)
    if place == "header":
        name = name.lower()
        if name in _IGNORED:
            return None
    if "content" in table:
        kind, exploded, value = "json", False, _of_content(document, schemas, table, at)
    else:
        kind, exploded, value = _of_schema(schemas, table, place, at)
    return Parameter(
        name,
        place,
        table.get("required") is True or place == "path",
        kind,
        exploded,
        table.get("allowEmptyValue") is True and place == "query",
        value,
        shape,
    )


def _of_content(document: Document, schemas: Schemas, table: Node, at: str) -> Value:
    medias = list(document.parts(table, "content", at))
    if len(medias) != 1 or not medias[0][0].lower().endswith(("/json", "+json")):
        raise DocumentError("'content' of a parameter is supported for application/json alone", at)
    media, where = document.table(medias[0][1], medias[0][2])
    return schemas.value(media.get("schema", True), f"{where}/schema")


def _of_schema(schemas: Schemas, table: Node, place: str, at: str) -> tuple[str, bool, Value]:
    style = table.get("style", _STYLES[place])
    if style != _STYLES[place]:
        raise DocumentError(
            f"style {style!r} is not supported; take '{_STYLES[place]}', or leave it out", at
        )
    value = schemas.value(table.get("schema", True), f"{at}/schema")
    explode = table.get("explode", style == "form")
    types = value.types(value.schema)
    several = types & {"array", "object"}
    if not several:
        return "one", False, value
    if len(types - {"null"}) > 1:
        raise DocumentError(
            f"a value may be {' or '.join(sorted(types))}, which cannot be told apart; say one", at
        )
    if explode and (place == "cookie" or (place == "query" and "object" in several)):
        raise DocumentError(
            "explode is not supported for objects in the query, and lists and objects in cookies; "
            "write explode: false",
            at,
        )
    return "list" if "array" in several else "object", bool(explode), value
