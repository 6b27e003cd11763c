"""Kinds of words: what may be written, and what it is read as."""

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from porch.config.words import (
    Bound,
    Duration,
    Form,
    OwnName,
    Silence,
    Size,
    Strings,
    Upgrade,
    dns_settings,
    read_headers,
    read_hsts,
)


def read(kind: Any, value: object) -> object:
    return TypeAdapter(kind).validate_python(value, strict=True)


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        (Duration, "0s", 0),
        (Silence, "5m", 300),
        (Size, "0B", 0),
        (Bound, "1KB", 1024),
        (Strings, "a", ["a"]),
        (Strings, ["a", "b"], ["a", "b"]),
        (OwnName, "Front door/1.0", "Front door/1.0"),
        (OwnName, False, False),
        (Upgrade, False, []),
        (Upgrade, True, ["websocket"]),
        (Upgrade, "foo/1.0", ["foo/1.0"]),
        (Upgrade, [], []),
    ],
)
def test_what_is_written_is_read(kind, value, result):
    assert read(kind, value) == result


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (Silence, "0s", "it must be more than nothing"),
        (Bound, "0B", "it must be more than nothing"),
        (Duration, 5, "a duration is a number with its unit"),
        (Size, 5, "a size is a number with its unit"),
        (OwnName, "a\r\nb", "plain ASCII"),
        (OwnName, " a", "plain ASCII"),
        (Upgrade, "h2c", "h2c is never switched to"),
        (Upgrade, ["websocket", "H2C"], "H2C is never switched to"),
        (Upgrade, "h3", "h3 is never switched to"),
        (Upgrade, ["a b"], "'a b' is not the name of a protocol"),
        (Upgrade, "a/b/c", "'a/b/c' is not the name of a protocol"),
        (Strings, 5, "valid list"),
        (Strings, [5], "valid string"),
    ],
)
def test_what_cannot_be_meant_is_refused(kind, value, sentence):
    with pytest.raises(ValidationError, match=sentence):
        read(kind, value)


@pytest.mark.parametrize("value", [5, None, [], 1.5, {"attempts": 1, "x": 1}, {"x": 1}, True])
def test_a_reader_passes_on_what_it_does_not_know(value):
    assert read_hsts(value) is value
    if not isinstance(value, dict):
        assert read_headers(value) is value


def test_words_of_a_provider_are_those_that_are_not_the_doors():
    words = {"provider": "x", "resolvers": "none", "resolver_port": "53", "port": "5", "key": "k"}
    assert dns_settings(words) == {"port": "5", "key": "k"}


def test_every_kind_says_what_it_can_be():
    for kind in (Duration, Silence, Size, Bound, Strings, OwnName, Upgrade):
        forms = [each for each in Annotated[kind, None].__metadata__ if isinstance(each, Form)]
        assert forms
