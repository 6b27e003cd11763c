"""Validators: which are equal, and which are strong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.message import ResponseHead
from porch.http.validators import (
    APART,
    is_strong,
    last_modified,
    same,
    strong_date,
    strong_tag,
    tags,
)

WALL = 784_200_000.0
SOON = b"Sun, 06 Nov 1994 08:49:37 GMT"
LATER = b"Sun, 06 Nov 1994 08:50:37 GMT"
NEARLY = b"Sun, 06 Nov 1994 08:50:36 GMT"


def answer(**fields: bytes) -> ResponseHead:
    return ResponseHead(200, [(name.replace("_", "-").encode(), fields[name]) for name in fields])


@pytest.mark.parametrize(
    ("value", "listed"),
    [
        (b'"a"', [b'"a"']),
        (b'"a", W/"b" ,"c"', [b'"a"', b'W/"b"', b'"c"']),
        (b',, "a,b" ,', [b'"a,b"']),
        (b'""', [b'""']),
        (b"plain, w/\"x\", W'y'", [b"plain", b'w/"x"', b"W'y'"]),
        (b'"abcdef\xfc"', [b'"abcdef\xfc"']),
        (b'"open', [b'"open']),
        (b" , ", []),
    ],
)
def test_a_list_of_tags_is_read_as_it_stands(value: bytes, listed: list[bytes]):
    assert tags(value) == listed


def test_weak_comparison_looks_at_what_is_quoted():
    assert same(b'W/"a"', b'"a"')
    assert same(b'"a"', b'"a"')
    assert not same(b'"a"', b'"A"')
    assert not same(b"a", b'"a"')


@pytest.mark.parametrize("tag", [b'W/"a"', b"a", b'w/"a"', b'"', b""])
def test_what_is_not_quoted_whole_is_not_strong(tag: bytes):
    assert not is_strong(tag)
    assert strong_tag(answer(etag=tag)) is None


def test_a_quoted_tag_is_strong():
    assert strong_tag(answer(etag=b'"a"')) == b'"a"'
    assert strong_tag(answer()) is None


def test_last_modified_is_strong_where_the_answer_was_made_a_minute_later():
    assert APART == 60
    assert strong_date(answer(last_modified=SOON, date=LATER), WALL) == SOON
    assert strong_date(answer(last_modified=SOON, date=NEARLY), WALL) is None
    assert strong_date(answer(last_modified=LATER, date=SOON), WALL) is None


@pytest.mark.parametrize("missing", ["last_modified", "date"])
@pytest.mark.parametrize("value", [None, b"yesterday"])
def test_a_date_that_is_none_makes_nothing_strong(missing: str, value: bytes | None):
    fields = {"last_modified": SOON, "date": LATER}
    del fields[missing]
    if value is not None:
        fields[missing] = value
    assert strong_date(answer(**fields), WALL) is None


def test_last_modified_is_read_as_a_date():
    assert last_modified(answer(last_modified=SOON), WALL) == 784111777.0
    assert last_modified(answer(), WALL) is None
    assert last_modified(answer(last_modified=b"0"), WALL) is None


def test_two_lines_are_no_date():
    both = ResponseHead(200, [(b"last-modified", SOON), (b"last-modified", SOON), (b"date", LATER)])
    assert last_modified(both, WALL) is None
    assert strong_date(both, WALL) is None


@given(st.lists(st.from_regex(rb'\A(W/)?"[!#-~\x80-\xff]*"\Z'), max_size=8))
def test_lists_of_tags_come_apart_as_they_were_joined(listed: list[bytes]):
    assert tags(b" , ".join(listed)) == listed
