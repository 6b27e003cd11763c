"""Parameters: how their texts are read, and what they are checked against."""

from typing import Any

import pytest

from porch.shield.content_errors import BadContent
from porch.shield.json_shape import Shape
from porch.shield.openapi_document import Document, DocumentError
from porch.shield.openapi_parameters import Parameter, read_parameter
from porch.shield.openapi_schema import Schemas

INTEGERS = {"type": "array", "items": {"type": "integer"}}
SIZE = {
    "type": "object",
    "properties": {"w": {"type": "integer"}, "h": {"type": "integer"}},
    "additionalProperties": False,
}


def read(**table: Any) -> Parameter | None:
    document = Document({"openapi": "3.0.3", "paths": {}})
    schemas = Schemas(document, read_only=False)
    return read_parameter(document, schemas, {"name": "p", "in": "query", **table}, "#/p", Shape())


def why(*texts: bytes, **table: Any) -> str:
    """Why it is refused; "" where it is not."""
    made = read(**table)
    assert made is not None
    try:
        made.check(texts)
    except BadContent as error:
        return error.sentence
    return ""


@pytest.mark.parametrize(
    ("schema", "text", "part"),
    [
        ({"type": "integer"}, b"5", ""),
        ({"type": "integer"}, b"-5", ""),
        ({"type": "integer"}, b"5.0", ""),
        ({"type": "integer"}, b"5.5", "is to be an integer"),
        ({"type": "integer"}, b"05", "is to be an integer"),
        ({"type": "integer"}, b"0x5", "is to be an integer"),
        ({"type": "integer"}, b"", "is to be an integer"),
        ({"type": "integer"}, b"+5", "is to be an integer"),
        ({"type": "integer"}, b"9" * 500, "is to be an integer"),
        ({"type": "integer"}, "\u0665".encode(), "is to be an integer"),
        ({"type": "number", "maximum": 5}, b"1e2", "is more than 5"),
        ({"type": "number"}, b"1e999", "is to be a number"),
        ({"type": "number"}, b"NaN", "is to be a number"),
        ({"type": "boolean"}, b"true", ""),
        ({"type": "boolean"}, b"True", "is to be a boolean"),
        ({"type": "string"}, b"5", ""),
        ({"type": "string", "maxLength": 3}, b"a+%c3%a9", ""),
        ({"type": "string", "maxLength": 3}, b"secret", "has more than 3 characters"),
        ({"type": "string"}, b"%ff", "is not UTF-8"),
        ({"type": "string", "enum": ["a", "b"]}, b"c", "is none of the values"),
        ({"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 3}]}, b"5", ""),
        ({"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 3}]}, b"ab", "fits none"),
        ({"oneOf": [{"type": "integer", "minimum": 9}, {"type": "string"}]}, b"5", ""),
        ({"type": "integer", "nullable": True}, b"", ""),
        ({}, b"anything", ""),
    ],
)
def test_a_text_is_read_as_the_type_that_is_wanted(schema: Any, text: bytes, part: str) -> None:
    found = why(text, schema=schema)
    assert (part in found) if part else (found == "")
    assert "secret" not in found


def test_what_is_required_is_there_and_there_once() -> None:
    assert why(schema={}) == ""
    assert why(schema={}, required=True) == "The query parameter 'p' is missing."
    assert why(**{"in": "path"}, schema={}) == "The path parameter 'p' is missing."
    assert "more than once" in why(b"1", b"2", schema={"type": "integer"})
    assert "more than once" in why(b"1", b"1", schema=INTEGERS, explode=False)


def test_an_empty_one_passes_where_it_may() -> None:
    assert why(b"", schema={"type": "integer"}, allowEmptyValue=True) == ""
    assert why(b"", schema={"type": "integer"}, allowEmptyValue=False) != ""
    assert why(b"", **{"in": "header"}, schema={"type": "integer"}, allowEmptyValue=True) != ""


@pytest.mark.parametrize(
    ("texts", "table", "part"),
    [
        ((b"1", b"2"), {}, ""),
        ((b"1,2",), {}, "/0 is to be an integer"),
        ((b"1,2",), {"explode": False}, ""),
        ((b"1%2C2",), {"explode": False}, "/0 is to be an integer"),
        ((b"1,x",), {"explode": False}, "/1 is to be an integer"),
        ((b"",), {"explode": False}, ""),
        ((b"1, 2",), {"in": "header"}, ""),
        ((b"1,2",), {"in": "path"}, ""),
        ((b"1,2",), {"in": "cookie", "explode": False}, ""),
    ],
)
def test_lists(texts: tuple[bytes, ...], table: dict[str, Any], part: str) -> None:
    found = why(*texts, schema=INTEGERS, **table)
    assert (part in found) if part else (found == "")


@pytest.mark.parametrize(
    ("text", "table", "part"),
    [
        (b"w,5,h,6", {"explode": False}, ""),
        (b"w,5,h", {"explode": False}, "pairs of a name and a value"),
        (b"w,5,w,6", {"explode": False}, "has a name twice"),
        (b"w,x", {"explode": False}, "/w is to be an integer"),
        (b"d,1", {"explode": False}, "/d is not to be sent"),
        (b"w=5,h=6", {"in": "path", "explode": True}, ""),
        (b"w=5,h=x", {"in": "header", "explode": True}, "/h is to be an integer"),
    ],
)
def test_objects(text: bytes, table: dict[str, Any], part: str) -> None:
    found = why(text, schema=SIZE, **table)
    assert (part in found) if part else (found == "")


def test_a_text_that_is_json() -> None:
    content = {"application/json": {"schema": SIZE}}
    assert why(b'{"w":1}', content=content) == ""
    assert why(b"%7B%22w%22:1%7D", content=content) == ""
    assert why(b'{"w":"x"}', content=content).endswith("'p', /w is to be an integer.")
    assert "is no JSON" in why(b"{", content=content)
    assert "nested more than 32 deep" in why(b"[" * 99, content=content)


@pytest.mark.parametrize(
    ("table", "part"),
    [
        ({"style": "deepObject", "schema": SIZE}, "style 'deepObject' is not supported"),
        ({"style": "spaceDelimited", "schema": INTEGERS}, "is not supported; take 'form'"),
        ({"in": "path", "style": "matrix", "schema": {}}, "is not supported; take 'simple'"),
        ({"schema": SIZE}, "explode is not supported for objects"),
        ({"in": "cookie", "schema": INTEGERS}, "lists and objects in cookies"),
        ({"schema": {"type": ["string", "array"]}}, "cannot be told apart"),
        ({"content": {"text/plain": {}}}, "for application/json alone"),
        ({"content": {}}, "for application/json alone"),
        ({"in": "body"}, "'in' is one of"),
        ({"name": ""}, "has a 'name'"),
        ({"name": 5}, "has a 'name'"),
        ({"schema": {"pattern": "(?=a)"}}, "look-around"),
    ],
)
def test_what_cannot_be_read_is_a_mistake_of_the_document(table: dict[str, Any], part: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(**table)
    assert part in str(caught.value)
    assert str(caught.value).startswith("#/p")


def test_fields_have_small_letters_and_some_say_nothing() -> None:
    made = read(**{"in": "header", "name": "X-Trace"}, schema={})
    assert made is not None
    assert made.name == "x-trace"
    for name in ("Accept", "Content-Type", "authorization"):
        assert read(**{"in": "header", "name": name}, schema={}) is None
