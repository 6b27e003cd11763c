"""Changes of fields, merged from several tables."""

import pytest

from porch.config.headers import changes, parse_name, parse_value
from porch.config.schema import RouteModel
from porch.shield.headers import SECURE


def table(value):
    headers = RouteModel.model_validate({"to": "a:1", "headers": value}).headers
    assert headers is not None
    return headers


def test_a_text_sets_a_list_adds_and_false_removes():
    found = changes([table({"X-A": "b", "X-C": ["d", " e "], "X-F": False})], "response")
    assert found is not None
    assert found.set == [(b"x-a", b"b")]
    assert found.add == [(b"x-c", b"d"), (b"x-c", b"e")]
    assert found.remove == {b"x-f"}
    assert found.default == ()


def test_the_nearer_table_wins_field_by_field():
    outer = table({"X-A": "outer", "X-B": "outer"})
    found = changes([outer, table({"x-a": False})], "response")
    assert found is not None
    assert found.set == [(b"x-b", b"outer")]
    assert found.remove == {b"x-a"}


def test_secure_is_about_answers_and_can_be_taken_back():
    secure = table("secure")
    found = changes([secure], "response")
    assert found is not None
    assert dict(found.default) == SECURE
    assert changes([secure], "request") is None
    assert changes([secure, table({"secure": False})], "response") is None


def test_nothing_said_is_nothing_to_do():
    assert changes([], "response") is None
    assert changes([table({"X-A": "b"})], "request") is None


@pytest.mark.parametrize("name", ["X A", "", "X:", "é", "X\n", "Connection", "Content-Length"])
def test_what_is_no_name_or_the_connections_own_is_refused(name):
    with pytest.raises(ValueError, match=r"is not the name of a field|Porch sets it itself"):
        parse_name(name)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "\x7f"])
def test_what_would_end_a_field_is_refused(value):
    with pytest.raises(ValueError, match="no line ends or control characters"):
        parse_value(value)


def test_a_value_is_utf_8_without_white_space_around_it():
    assert parse_value(" é\tx ") == "é\tx".encode()
    assert parse_value("") == b""
