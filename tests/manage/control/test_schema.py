"""The small part of JSON Schema: compared with a validator that has all of it."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.manage.control.schema import (
    Schema,
    flag,
    listed,
    made,
    mapped,
    number,
    optional,
    text,
    types,
    whole,
    wrong,
)

SCHEMA = made(
    name=text("a name", 5),
    on=optional(flag("whether")),
    wait=optional(number("seconds", 15)),
    count=optional(whole("how many")),
    names=optional(listed(text("a name", 3), 2)),
    marks=optional(mapped("marks")),
    kind=optional({"type": "string", "enum": ["a", "b"]}),
    weight=optional({"type": ["integer", "null"], "minimum": 0, "maximum": 10}),
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-20, 20) | st.floats(-20, 20) | st.text(max_size=6),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.sampled_from("abc"), each, max_size=2)
    ),
    max_leaves=4,
)
WORDS = st.dictionaries(st.sampled_from([*SCHEMA["properties"], "other"]), ANY, max_size=5)


@given(WORDS)
def test_what_is_refused_is_what_a_whole_validator_refuses(words: dict[str, Any]) -> None:
    validator = jsonschema_rs.Draft202012Validator(dict(SCHEMA))
    refused = bool(wrong(SCHEMA, words))
    # A whole number that is written 1.0 is one for JSON Schema; nobody has to write it so.
    if refused and any(isinstance(each, float) for each in _leaves(words)):
        return
    assert refused is not validator.is_valid(words)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, "'name' is missing"),
        ({"name": 1}, "'name' is a text"),
        ({"name": "abcdef"}, "'name' has more than 5 characters"),
        ({"name": "a", "on": 1}, "'on' is true or false"),
        ({"name": "a", "wait": True}, "'wait' is a number"),
        ({"name": "a", "wait": float("inf")}, "'wait' is a number"),
        ({"name": "a", "wait": float("nan")}, "'wait' is a number"),
        ({"name": "a", "wait": -1}, "'wait' is at least 0 and at most 15"),
        ({"name": "a", "weight": 11}, "'weight' is at least 0 and at most 10"),
        ({"name": "a", "weight": "1"}, "'weight' is a whole number or null"),
        ({"name": "a", "names": ["a", "b", "c"]}, "'names' has more than 2 entries"),
        ({"name": "a", "names": ["a", 7]}, "'names[1]' is a text"),
        ({"name": "a", "marks": {"x": "y"}}, "'marks.x' is a whole number"),
        ({"name": "a", "x": 1}, "'x' is not known; the words are: name, on, wait"),
        ({"name": "a", "kind": "c"}, "'kind' is one of: a, b"),
        ([], "the body is an object"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(words: object, why: str) -> None:
    assert wrong(SCHEMA, words).startswith(why)


def test_a_name_that_nobody_knows_is_not_told_in_full() -> None:
    assert len(wrong(made(), {"x" * 100_000: 1})) < 200


def test_a_type_is_one_or_several() -> None:
    schema: Schema = {"type": "string"}
    assert types(schema) == ["string"]
    assert types({"type": ["integer", "null"]}) == ["integer", "null"]
