"""Expressions over the fields of the log: what they choose, and what is said of wrong ones."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cli.where import DEEPEST, FIELDS, LONGEST, parse_where
from porch.errors import ConnectionRefused
from porch.observe.json_lines import json_lines
from tests.support.ended import ended


def record(*args: Any, **words: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json_lines([ended(*args, **words)]))
    return found


GOOD = record(b"/api/users?page=2")
BAD = record(b"/x", error=ConnectionRefused("no"), status=502)


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("status >= 500", False, True),
        ("status>=500 and total_ms > 1", False, True),
        ("status = 200", True, False),
        ("status != 200", False, True),
        ("status < 300 or status == 502", True, True),
        ('path ~ "^/api"', True, False),
        ('path == "/api/users"', True, False),
        ("target !~ 'page='", False, True),
        ('not path ~ "^/api" and status > 1', False, True),
        ("not (status == 502 or status == 200)", False, False),
        ("status == 1 or status == 200 and status == 200", True, False),
        ("(status == 200 or status == 502) and status == 502", False, True),
        ("reason", False, True),
        ("reason == null", True, False),
        ("reason != null", False, True),
        ('reason < "z"', False, True),
        ("reused == false or reused", True, True),
        ("total_ms > 0.5 and total_ms < 1e3".replace("1e3", "1000"), True, True),
        ("bytes_in > -1", True, True),
        (r"host == 'it\'s' or status == 200", True, False),
        (r'path ~ "^/\w+/users$"', True, False),
        ('detail ~ "^no$"', False, True),
    ],
)
def test_an_expression_chooses_lines(text: str, good: bool, bad: bool) -> None:
    found = parse_where(text)
    assert (found(GOOD), found(BAD)) == (good, bad)


def test_every_field_of_a_line_can_be_named() -> None:
    assert {*GOOD, *BAD, "path", "trace"} == {*FIELDS}
    for name in FIELDS:
        parse_where(name)(GOOD)


@pytest.mark.parametrize(
    ("text", "why", "at"),
    [
        ("status >= ", "a value should stand", 10),
        ('status >= "500"', "'status' is a number", 10),
        ("path == 5", "'path' is a text", 8),
        ("stauts == 5", "'stauts' is no field; status", 0),
        ("status == 5 path", "'and' or 'or' should stand", 12),
        ("(status == 5", "')' should stand", 12),
        ("status ~ '5'", "~ is for texts", 7),
        ("path ~ '('", "no regular expression of RE2", 7),
        ("path ~ 5", "a regular expression should stand", 7),
        ("path == 'x", "this quote is not closed", 8),
        ("status & 5", "this means nothing here", 7),
        ("and", "the name of a field should stand", 0),
        ("5 == status", "the name of a field should stand", 0),
        ("reused > true", "this has no order", 9),
        ("__class__", "'__class__' is no field", 0),
        ("status == 5x", "this means nothing here", 10),
    ],
)
def test_what_is_wrong_is_said_and_where(text: str, why: str, at: int) -> None:
    with pytest.raises(ValueError, match="--where: ") as raised:
        parse_where(text)
    said, shown, caret = str(raised.value).split("\n")
    assert why in said
    assert (shown, caret) == (f"  {text}", f"  {' ' * at}^")


def test_it_has_bounds() -> None:
    with pytest.raises(ValueError, match="within each other"):
        parse_where("(" * (DEEPEST + 1) + "status" + ")" * (DEEPEST + 1))
    with pytest.raises(ValueError, match="longer than"):
        parse_where("not " * LONGEST + "status")


PIECES = [*"()<>=!~ '\"\\15.\n", "status", " and ", " or ", "not ", "path"]


@given(st.lists(st.sampled_from(PIECES)))
def test_whatever_is_written_is_an_expression_or_a_sentence(pieces: list[str]) -> None:
    with suppress(ValueError):
        assert parse_where("".join(pieces))(GOOD) in (True, False)
