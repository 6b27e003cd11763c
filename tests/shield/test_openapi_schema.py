"""Schemas of OpenAPI as JSON Schema, for what a client sends."""

from typing import Any

import pytest

from porch.shield.openapi_document import Document, DocumentError
from porch.shield.openapi_schema import Schemas


def schemas(version: str = "3.0.3", *, read_only: bool = False, **named: Any) -> Schemas:
    data = {"openapi": version, "paths": {}, "components": {"schemas": named}}
    return Schemas(Document(data), read_only=read_only)


def fault(schema: Any, value: Any, made: Schemas | None = None) -> str | None:
    return (made or schemas()).value(schema, "#/x").fault(value)


def test_nullable_is_a_type_more_in_3_0() -> None:
    assert fault({"type": "string", "nullable": True}, None) is None
    assert fault({"type": "string"}, None) == "is to be a string"
    assert fault({"type": "string", "nullable": True}, None, schemas("3.1.0")) is not None
    assert fault({"type": ["string", "null"]}, None, schemas("3.1.0")) is None


def test_an_exclusive_bound_is_said_in_both_ways() -> None:
    old = {"minimum": 1, "exclusiveMinimum": True, "maximum": 5, "exclusiveMaximum": False}
    assert fault(old, 1) == "is not more than 1"
    assert fault(old, 5) is None
    assert fault({"exclusiveMinimum": 1}, 1, schemas("3.1.0")) == "is not more than 1"


def test_integers_have_the_bounds_of_their_format() -> None:
    assert fault({"type": "integer", "format": "int32"}, 2**31) is not None
    assert fault({"type": "integer", "format": "int32"}, 2**31 - 1) is None
    assert fault({"type": "integer", "format": "int64", "maximum": 9}, 10) == "is more than 9"
    assert fault({"type": "integer", "format": "int64"}, -(2**63) - 1) is not None


def test_what_stands_beside_a_reference_counts_in_3_1_alone() -> None:
    named = {"A": {"type": "string"}}
    schema = {"$ref": "#/components/schemas/A", "maxLength": 1}
    assert fault(schema, "ab", schemas("3.0.3", **named)) is None
    assert fault(schema, "ab", schemas("3.1.0", **named)) == "has more than 1 characters"


PET = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string"}},
}


def test_what_only_answers_have_is_neither_required_nor_taken() -> None:
    assert fault(PET, {"name": "a"}) is None
    assert fault(PET, {"name": "a", "id": 1}) == "/id is not to be sent"
    let = schemas(read_only=True)
    assert fault(PET, {"name": "a", "id": 1}, let) is None
    assert fault(PET, {"name": "a"}, let) is None
    assert fault(PET, {"name": "a", "id": "x"}, let) == "/id is to be an integer"


def test_also_where_it_is_required_in_another_part() -> None:
    made = schemas(Pet={**PET, "required": []}, Id={"type": "integer", "readOnly": True})
    whole = {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"required": ["id", "name"]}]}
    assert fault(whole, {"name": "a"}, made) is None
    assert fault(whole, {}, made) == "lacks 'name'"
    led = {"properties": {"i": {"$ref": "#/components/schemas/Id"}}, "required": ["i"]}
    assert made.value(led, "#/y").fault({}) is None
    assert made.value(led, "#/y").fault({"i": 1}) == "/i is not to be sent"


def test_schemas_that_refer_to_each_other_are_read_once() -> None:
    tree = {"properties": {"left": {"$ref": "#/components/schemas/T"}, "n": {"type": "number"}}}
    made = schemas(T=tree)
    value = made.value({"$ref": "#/components/schemas/T"}, "#/x")
    assert len(value.defs) == 1
    assert value.fault({"left": {"left": {"n": "s"}}}) == "/left/left/n is to be a number"
    assert made.value({"$ref": "#/components/schemas/T"}, "#/x") is value


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        ([], "is to be a table"),
        ({"properties": []}, "'properties' is to be a table"),
        ({"allOf": []}, "'allOf' is to be a list of schemas"),
        ({"items": [{}]}, "is to be a table"),
        ({"$id": "http://a.test/x"}, "'$id' is not supported"),
        ({"$dynamicRef": "#x"}, "is not supported"),
        ({"$ref": "other.yaml"}, "leads out of the file"),
        ({"properties": {"a": {"$ref": "#/components/schemas/None"}}}, "leads to nothing"),
        ({"type": "strin"}, "is not as JSON Schema has it"),
        ({"pattern": "(?!a)"}, "without look-around"),
        ({"$ref": "#/components/schemas/Loop"}, "circle"),
        ({"$ref": "#/components/schemas/Self"}, "circle"),
    ],
)
def test_what_cannot_be_looked_at_is_a_mistake_with_its_place(schema: Any, part: str) -> None:
    loop, own = "#/components/schemas/Loop", "#/components/schemas/Self"
    made = schemas("3.1.0", Loop={"$ref": loop}, Self={"allOf": [{"$ref": own}]})
    with pytest.raises(DocumentError) as caught:
        made.value(schema, "#/x")
    assert part in str(caught.value)
    assert str(caught.value).startswith("#/")


def test_a_keyword_that_does_nothing_is_told() -> None:
    made = schemas()
    assert (
        fault({"maxLenght": 3, "x-ours": 1, "example": 5, "discriminator": {}}, "abcd", made)
        is None
    )
    (line,) = made._document.warnings
    assert line.startswith("#/x/maxLenght: 'maxLenght' is no keyword")
    assert line.endswith("did you mean 'maxLength'?")


@pytest.mark.parametrize(
    ("version", "schema", "part"),
    [
        ("3.0.3", {"nullable": True, "allOf": [{}]}, "without a 'type' beside it"),
        ("3.0.3", {"nullable": True, "type": "string", "enum": ["a"]}, "'enum' has no null"),
        ("3.1.0", {"nullable": True, "type": "string"}, "does nothing in 3.1"),
        ("3.0.3", {"nullable": True, "type": "string", "enum": ["a", None]}, ""),
        ("3.0.3", {"nullable": True, "type": "string"}, ""),
        ("3.0.3", {"nullable": False}, ""),
    ],
)
def test_nullable_that_does_nothing_is_told(version: str, schema: Any, part: str) -> None:
    made = schemas(version)
    made.value(schema, "#/x")
    assert part in "".join(made._document.warnings)
    assert bool(part) == bool(made._document.warnings)
