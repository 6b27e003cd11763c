"""Values against schemas: what is wrong is said, where, and never by repeating it."""

import re
import time
from typing import Any

import pytest

from porch.shield.openapi_value import Value

NODE = {
    "0": {"type": "object", "properties": {"c": {"$ref": "#/$defs/0"}, "n": {"type": "integer"}}}
}


@pytest.mark.parametrize(
    ("schema", "value", "sentence"),
    [
        ({"type": "integer"}, 5, None),
        ({"type": "integer"}, "secret", "is to be an integer"),
        ({"type": ["string", "null"]}, 5, "is to be a string or null"),
        ({"enum": [1, 2]}, 3, "is none of the values that there are"),
        ({"const": 1}, 3, "is not the one value that there is"),
        ({"minimum": 4}, 3, "is less than 4"),
        ({"exclusiveMinimum": 3}, 3, "is not more than 3"),
        ({"maximum": 2}, 3, "is more than 2"),
        ({"exclusiveMaximum": 3}, 3, "is not less than 3"),
        ({"multipleOf": 2}, 3, "is no multiple of 2"),
        ({"minLength": 2}, "a", "has fewer than 2 characters"),
        ({"maxLength": 2}, "abc", "has more than 2 characters"),
        ({"pattern": "^a+$"}, "ab", "has not the form that its pattern says"),
        ({"format": "date-time"}, "yesterday", "is no date-time"),
        ({"format": "uuid"}, "1", "is no uuid"),
        ({"format": "of-ours"}, "1", None),
        ({"minItems": 1}, [], "has fewer than 1 items"),
        ({"maxItems": 1}, [1, 2], "has more than 1 items"),
        ({"uniqueItems": True}, [1, 1], "has an item twice"),
        ({"minProperties": 1}, {}, "has fewer than 1 members"),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, "has more than 1 members"),
        ({"required": ["a", "b"]}, {"a": 1}, "lacks 'b'"),
        ({"required": ["a"]}, [], None),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}, "/a is to be a string"),
        ({"properties": {"a": False}}, {"a": 1}, "/a is not to be sent"),
        ({"additionalProperties": False}, {"x/y": 1}, "/x~1y is not to be sent"),
        ({"additionalProperties": {"type": "null"}}, {"x": 1}, "/x is to be null"),
        ({"items": {"type": "string"}}, ["a", 1], "/1 is to be a string"),
        ({"prefixItems": [{"type": "null"}]}, [1], "/0 is to be null"),
        ({"allOf": [{"type": "object"}, {"required": ["a"]}]}, {}, "lacks 'a'"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, 1, "fits none of the alternatives"),
        ({"oneOf": [{"type": "integer"}, {"minimum": 0}]}, 1, "fits several alternatives"),
        ({"not": {"type": "integer"}}, 1, "does not fit its schema"),
        (
            {"patternProperties": {"^x": False}, "additionalProperties": False},
            {"x": 1},
            "does not fit",
        ),
        ({"$ref": "#/$defs/0"}, {"c": {"c": {"n": "s"}}}, "/c/c/n is to be an integer"),
        (False, 1, "is not to be sent"),
        (True, 1, None),
    ],
)
def test_what_is_wrong_is_said(schema: Any, value: Any, sentence: str | None) -> None:
    found = Value(schema, NODE).fault(value)
    if sentence is None:
        assert found is None
    else:
        assert found is not None
        assert sentence in found
        assert "secret" not in found


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        ({"type": "strin"}, "'/type' is not as JSON Schema has it"),
        ({"properties": {"a": {"minLength": -1}}}, "'/properties/a/minLength'"),
        ({"pattern": "(?=a)b"}, "without look-around"),
        ({"pattern": "(a)\\1"}, "without look-around"),
        ({"$ref": "http://127.0.0.1:9/x"}, "it is not as JSON Schema has it"),
    ],
)
def test_what_is_no_schema_is_told(schema: Any, part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        Value(schema, {})


def test_a_pattern_takes_a_time_that_grows_with_the_text_alone() -> None:
    value = Value({"pattern": "^(a+)+$"}, {})
    began = time.thread_time()
    assert value.fault("a" * 1_000_000 + "!") is not None
    assert time.thread_time() - began < 2


def test_a_schema_that_refers_to_itself_twice_does_not_take_twice_as_long_a_level() -> None:
    again = {"properties": {"c": {"$ref": "#/$defs/n"}}}
    for word in ("anyOf", "oneOf", "allOf"):
        leaf = {"properties": {"v": {"type": "integer"}}}
        value = Value({"$ref": "#/$defs/n"}, {"n": {**leaf, word: [again, dict(again)]}})
        deep: Any = {"v": "wrong"}
        for _ in range(60):
            deep = {"c": deep}
        began = time.thread_time()
        assert value.fault(deep) is not None
        assert time.thread_time() - began < 2, word


def test_a_large_array_is_looked_at_at_once() -> None:
    value = Value({"uniqueItems": True, "items": {"type": "object", "required": ["a"]}}, {})
    began = time.thread_time()
    assert value.fault([{"a": each} for each in range(20_000)]) is None
    assert value.fault([{"a": each} for each in range(20_000)] + [{}]) == "/20000 lacks 'a'"
    assert time.thread_time() - began < 2


def test_types_are_gathered_from_all_parts() -> None:
    parts: dict[str, Any] = {
        "several": {"type": ["string", "null"]},
        "either": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/0"}]},
        "values": {"enum": [1, "a", None, True, 1.5, [], {}]},
        "one": {"const": 5},
        "itself": {"$ref": "#/$defs/1"},
        "all": True,
    }
    defs: dict[str, Any] = {"0": {"type": "null"}, "1": {"anyOf": [{"$ref": "#/$defs/1"}]}}
    value = Value({"properties": parts}, defs)
    found = {name: len(value.types(each)) for name, each in parts.items()}
    assert found == {"several": 2, "either": 2, "values": 7, "one": 1, "itself": 0, "all": 0}
    assert value.types(parts["either"]) == {"integer", "null"}
