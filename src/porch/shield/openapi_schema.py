"""Schemas of a document as JSON Schema 2020-12, for what a client sends.

Each becomes a whole of its own, with all that it refers to under `$defs`. What differs in OpenAPI
3.0 (`nullable`, `exclusiveMinimum: true`, what stands beside `$ref`) is said in the newer way; what
is `readOnly` is not required of a client, and not taken from it unless that is let through.
"""

import difflib
from collections.abc import Mapping
from typing import Any

from porch.shield.openapi_document import Document, DocumentError, Node, escaped
from porch.shield.openapi_value import Value

__all__ = ["Schemas"]

Schema = Node | bool

_MAPS = frozenset(("properties", "patternProperties", "dependentSchemas", "$defs"))
_LISTS = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_SINGLE = frozenset(
    (
        "items",
        "additionalProperties",
        "not",
        "if",
        "then",
        "else",
        "contains",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    )
)
_PLAIN = frozenset(
    (
        "type",
        "enum",
        "const",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxContains",
        "minContains",
        "maxProperties",
        "minProperties",
        "required",
        "dependentRequired",
        "format",
    )
)
_NOTES = frozenset(
    (
        "title",
        "description",
        "default",
        "example",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "nullable",
        "xml",
        "externalDocs",
        "discriminator",
        "$comment",
        "$schema",
        "contentMediaType",
        "contentEncoding",
        "contentSchema",
    )
)
_ELSEWHERE = frozenset(
    (
        "$id",
        "$anchor",
        "$dynamicRef",
        "$dynamicAnchor",
        "$recursiveRef",
        "$recursiveAnchor",
        "$vocabulary",
        "id",
    )
)
_KNOWN = sorted(_MAPS | _LISTS | _SINGLE | _PLAIN)
_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


class Schemas:
    """Of one document. read_only: whether a client may send what only answers have."""

    def __init__(self, document: Document, *, read_only: bool) -> None:
        self._document = document
        self._read_only = read_only
        self._names: dict[str, str] = {}
        self._defs: dict[str, Schema] = {}
        self._uses: dict[str, set[str]] = {}
        self._made: dict[str, Value] = {}

    def value(self, schema: object, at: str) -> Value:
        """What looks at values of a schema. Raises DocumentError, for a pattern that is not to be
        had in linear time too."""
        found = self._made.get(at)
        if found is None:
            root, defs = self.whole(schema, at)
            try:
                found = self._made[at] = Value(root, defs)
            except ValueError as error:
                raise DocumentError(str(error), at) from None
        return found

    def whole(self, schema: object, at: str) -> tuple[Schema, Mapping[str, Schema]]:
        """A schema, and those that it leads to, by the names that it has for them."""
        used: set[str] = set()
        root = self._schema(schema, at, used, frozenset())
        needed: dict[str, Schema] = {}
        waiting = list(used)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed[name] = self._defs[name]
                waiting += self._uses[name]
        return root, needed

    def _schema(self, schema: object, at: str, used: set[str], hidden: frozenset[str]) -> Schema:
        """used: gets the names that it refers to. hidden: what is read-only beside it."""
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            raise DocumentError("a schema is to be a table", at)
        if "$ref" in schema and self._document.openapi == (3, 0):
            schema = {"$ref": schema["$ref"]}
        found: Node = {}
        self._check_null(schema, at)
        hidden |= self._hidden(schema, at, 0)
        for keyword, value in schema.items():
            self._keyword(found, keyword, value, f"{at}/{escaped(keyword)}", used, hidden)
        self._adjust(found, schema, hidden)
        return found

    def _check_null(self, schema: Node, at: str) -> None:
        """What many write and few know: where it does nothing."""
        if schema.get("nullable") is not True:
            return
        if self._document.openapi != (3, 0):
            what = "'nullable' does nothing in 3.1; write type: [..., \"null\"]"
        elif not isinstance(schema.get("type"), str):
            what = "'nullable' does nothing without a 'type' beside it"
        elif None not in schema.get("enum", (None,)):
            what = "'nullable' does nothing here, for 'enum' has no null"
        else:
            return
        self._document.warn(what, at)

    def _keyword(
        self, found: Node, keyword: str, value: Any, at: str, used: set[str], hidden: frozenset[str]
    ) -> None:
        none: frozenset[str] = frozenset()
        if keyword == "$ref":
            found[keyword] = f"#/$defs/{self._refer(value, at, used)}"
        elif keyword in _MAPS:
            if not isinstance(value, dict):
                raise DocumentError(f"'{keyword}' is to be a table", at)
            found[keyword] = {
                name: self._member(keyword, name, each, f"{at}/{escaped(name)}", used)
                for name, each in value.items()
            }
        elif keyword in _LISTS:
            if not isinstance(value, list) or not value:
                raise DocumentError(f"'{keyword}' is to be a list of schemas", at)
            beside = hidden if keyword == "allOf" else none
            found[keyword] = [
                self._schema(each, f"{at}/{number}", used, beside)
                for number, each in enumerate(value)
            ]
        elif keyword in _SINGLE:
            found[keyword] = self._schema(value, at, used, none)
        elif keyword in _PLAIN:
            found[keyword] = value
        elif keyword in _ELSEWHERE:
            raise DocumentError(f"'{keyword}' is not supported; refer with \"#/...\" alone", at)
        elif keyword not in _NOTES and not keyword.startswith("x-"):
            near = difflib.get_close_matches(keyword, _KNOWN, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            self._document.warn(f"'{keyword}' is no keyword of a schema and does nothing{hint}", at)

    def _member(self, keyword: str, name: str, schema: object, at: str, used: set[str]) -> Schema:
        is_hidden = keyword == "properties" and self._is_read_only(schema, at)
        if is_hidden and not self._read_only:
            return False
        return self._schema(schema, at, used, frozenset())

    def _adjust(self, found: Node, schema: Node, hidden: frozenset[str]) -> None:
        """What is said in another way in 2020-12, or is another matter for a request."""
        required = found.get("required")
        if isinstance(required, list) and hidden:
            found["required"] = [each for each in required if each not in hidden]
        if schema.get("format") in _BOUNDS and found.get("type") != "string":
            least, most = _BOUNDS[schema["format"]]
            if isinstance(found.setdefault("minimum", least), int | float):
                found["minimum"] = max(found["minimum"], least)
            if isinstance(found.setdefault("maximum", most), int | float):
                found["maximum"] = min(found["maximum"], most)
        if self._document.openapi != (3, 0):
            return
        if schema.get("nullable") is True and isinstance(found.get("type"), str):
            found["type"] = [found["type"], "null"]
        for word, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(found.get(word), bool) and found.pop(word) and bound in found:
                found[word] = found.pop(bound)

    def _refer(self, ref: object, at: str, used: set[str]) -> str:
        """The name of what a reference leads to, which is made at the first of them."""
        target, where = self._document.target(ref, at)
        if isinstance(target, dict):
            self._document.table(target, where)  # which finds references in a circle
        name = self._names.get(where)
        if name is None:
            name = self._names[where] = f"{len(self._names)}"
            uses = self._uses[name] = set()
            self._defs[name] = self._schema(target, where, uses, frozenset())
        used.add(name)
        return name

    def _hidden(self, schema: Node, at: str, depth: int) -> frozenset[str]:
        """Properties that only answers have, of a schema with all that it is made of."""
        if depth > _DEEPEST:
            raise DocumentError("the references lead in a circle", at)
        found: set[str] = set()
        properties = schema.get("properties")
        for name, each in properties.items() if isinstance(properties, dict) else ():
            if self._is_read_only(each, f"{at}/properties/{escaped(name)}"):
                found.add(name)
        parts = schema.get("allOf")
        for each in parts if isinstance(parts, list) else ():
            if isinstance(each, dict):
                found |= self._hidden(each, f"{at}/allOf", depth + 1)
        if "$ref" in schema:
            target, where = self._document.target(schema["$ref"], at)
            if isinstance(target, dict):
                found |= self._hidden(target, where, depth + 1)
        return frozenset(found)

    def _is_read_only(self, schema: object, at: str) -> bool:
        if not isinstance(schema, dict):
            return False
        if schema.get("readOnly") is True and "$ref" not in schema:
            return True
        if "$ref" not in schema:
            return False
        if self._document.openapi != (3, 0) and schema.get("readOnly") is True:
            return True
        table, _ = self._document.table(schema, at)
        return table.get("readOnly") is True


_DEEPEST = 50
