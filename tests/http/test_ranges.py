"""Ranges of what is there: which are asked for, and what is sent."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.message import Field, RequestHead, ResponseHead
from porch.http.ranges import MOST, Plan, partial, ranges, wanted

WALL = 784_200_000.0
LM = b"Sun, 06 Nov 1994 08:00:00 GMT"
DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"
BODY = b"0123456789A"


def answer(*fields: Field, status: int = 200) -> ResponseHead:
    return ResponseHead(status, list(fields), len(BODY))


def request(*fields: Field, method: bytes = b"GET") -> RequestHead:
    return RequestHead(method, b"/", b"a.test", b"https", list(fields))


def sent(plan: Plan, body: bytes = BODY) -> bytes:
    return b"".join(
        piece if isinstance(piece, bytes) else body[piece[0] : piece[1]] for piece in plan.pieces
    )


# What a Range field means.


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"bytes=0-1", [(0, 2)]),
        (b"bytes=1-", [(1, 11)]),
        (b"bytes=-1", [(10, 11)]),
        (b"Bytes=0-0", [(0, 1)]),
        (b"bytes=0-99999999999999999999999", [(0, 11)]),
        (b"bytes=-99", [(0, 11)]),
        (b"bytes=4-6, 0-1 ,-2", [(4, 7), (0, 2), (9, 11)]),
        (b"bytes=,0-1,,", [(0, 2)]),
        (b"bytes=0-1,50-60", [(0, 2)]),
        (b"bytes=11-", []),
        (b"bytes=11-12,99-", []),
        (b"bytes=-0", []),
        (b"bytes=0-5,3-7", [(0, 6), (3, 8)]),
    ],
)
def test_ranges_are_read(value: bytes, found: list[tuple[int, int]]):
    assert wanted(value, 11) == found


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"bytes", b"bytes=", b"bytes=,", b"bytes=-", b"bytes=a-b", b"bytes=1-0", b"0-1"),
        *(b"lines=0-1", b"bytes 0-1", b"bytes=0-1,x", b"bytes=0-1;2-3", b"bytes=0x1-2"),
        *(b"bytes=--1", b"bytes=+1-2", b"bytes=0 - 1", b"bytes= =0-1", b"bytes=\xb2-3"),
        b"bytes=" + b"9" * 5000 + b"-",
    ],
)
def test_what_is_no_range_is_ignored(value: bytes):
    assert wanted(value, 11) is None


def test_an_empty_body_has_no_ranges():
    assert wanted(b"bytes=0-", 0) is None
    assert wanted(b"bytes=-1", 0) is None


def test_of_what_is_still_coming_in_no_range_can_be_told():
    assert wanted(b"bytes=0-1", -1) is None


@pytest.mark.parametrize(
    "value",
    [
        b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(MOST + 1)),
        b"bytes=0-,0-0",
        b"bytes=" + b"0-," * 8,
        b"bytes=0-2,1-3,2-4,3-5",
    ],
)
def test_more_work_than_the_whole_gets_the_whole(value: bytes):
    assert wanted(value, 1000) is None


def test_many_ranges_are_answered_up_to_a_bound():
    value = b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(0, 2 * MOST, 2))
    assert len(wanted(value, 1000) or []) == MOST
    assert wanted(b"bytes=0-2,1-3,2-4", 1000) == [(0, 3), (1, 4), (2, 5)]


# Which requests have ranges.


def asked(*fields: Field, of: ResponseHead | None = None) -> list[tuple[int, int]] | None:
    return ranges(of or answer(), 11, request((b"range", b"bytes=0-1"), *fields), WALL)


def test_a_request_without_range_is_for_the_whole():
    assert ranges(answer(), 11, request((b"accept", b"*/*")), WALL) is None


def test_two_range_fields_are_ignored():
    assert asked((b"range", b"bytes=2-3")) is None


def test_range_means_something_to_get_and_to_a_200_alone():
    head = request((b"range", b"bytes=0-1"), method=b"HEAD")
    assert ranges(answer(), 11, head, WALL) is None
    assert asked(of=answer(status=404)) is None
    assert asked(of=answer()) == [(0, 2)]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (b'"a"', True),
        (b'"b"', False),
        (b'W/"a"', False),
        (b"a", False),
        (LM, True),
        (b"Sunday, 06-Nov-94 08:00:00 GMT", True),
        (DATE, False),
        (b"yesterday", False),
        (b"", False),
    ],
)
def test_if_range_holds_for_the_very_same_bytes(condition: bytes, holds: bool):
    stored = answer((b"etag", b'"a"'), (b"last-modified", LM), (b"date", DATE))
    assert asked((b"if-range", condition), of=stored) == ([(0, 2)] if holds else None)


def test_a_weak_validator_gives_no_ranges_on_condition():
    weak = answer((b"etag", b'W/"a"'), (b"last-modified", LM), (b"date", LM))
    assert asked((b"if-range", b'W/"a"'), of=weak) is None
    assert asked((b"if-range", LM), of=weak) is None


# What is sent.


@pytest.mark.parametrize(
    ("value", "content", "position"),
    [
        (b"bytes=0-1", b"01", b"bytes 0-1/11"),
        (b"bytes=1-", b"123456789A", b"bytes 1-10/11"),
        (b"bytes=-1", b"A", b"bytes 10-10/11"),
    ],
)
def test_one_range_is_sent_as_it_stands(value: bytes, content: bytes, position: bytes):
    stored = answer((b"a", b"1"), (b"etag", b'"a"'), (b"content-type", b"text/plain"))
    plan = partial(stored.fields, 11, wanted(value, 11) or [], b"x")
    assert sent(plan) == content
    assert (plan.head.status, plan.head.length) == (206, len(content))
    assert plan.head.fields == [
        *stored.fields,
        (b"content-range", position),
        (b"content-length", b"%d" % len(content)),
    ]


def test_what_is_true_of_the_whole_alone_is_not_said_of_a_part():
    whole = [(b"content-length", b"11"), (b"content-md5", b"x"), (b"content-digest", b"y")]
    kept = (b"repr-digest", b"z")
    plan = partial([*whole, kept], 11, [(0, 2)], b"x")
    assert plan.head.fields[0] == kept
    assert [name for name, _ in plan.head.fields].count(b"content-length") == 1
    assert plan.head.get(b"content-md5") is None


def test_several_ranges_are_parts_of_one_answer():
    stored = answer((b"content-type", b"text/plain"), (b"etag", b'"a"'))
    plan = partial(stored.fields, 11, [(4, 7), (0, 2)], b"BOUNDARY")
    assert sent(plan) == (
        b"--BOUNDARY\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-6/11\r\n\r\n456\r\n"
        b"--BOUNDARY\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/11\r\n\r\n01\r\n"
        b"--BOUNDARY--\r\n"
    )
    assert plan.head.get(b"content-type") == b"multipart/byteranges; boundary=BOUNDARY"
    assert plan.head.get(b"content-range") is None
    assert plan.head.get(b"content-length") == b"%d" % len(sent(plan))
    assert plan.head.get(b"etag") == b'"a"'


def test_parts_have_a_type_where_the_whole_has_one():
    assert b"Content-Type" not in sent(partial([], 11, [(4, 7), (0, 2)], b"B"))


# Laws.

NUMBER = st.integers(0, 60)
MEMBER = st.one_of(
    st.builds("{}-".format, NUMBER),
    st.builds("-{}".format, NUMBER),
    st.builds("{}-{}".format, NUMBER, NUMBER),
)
VALUES = st.lists(MEMBER, min_size=1, max_size=6).map(lambda each: "bytes=" + ",".join(each))


def positions(member: str, length: int) -> set[int]:
    """The bytes that a member of a Range field names, told in the plainest way."""
    first, _, last = member.partition("-")
    if not first:
        return set(range(max(0, length - int(last)), length))
    return {at for at in range(length) if int(first) <= at and (not last or at <= int(last))}


@given(VALUES, st.integers(1, 50))
def test_the_ranges_are_exactly_what_was_asked_for(value: str, length: int):
    found = wanted(value.encode(), length)
    if found is None:
        return
    named = [positions(member, length) for member in value.removeprefix("bytes=").split(",")]
    assert [set(range(*each)) for each in found] == [each for each in named if each]
    assert sum(end - first for first, end in found) <= length


@given(st.binary(max_size=30), st.integers(0, 50))
def test_no_value_breaks_anything(value: bytes, length: int):
    for each in (value, b"bytes=" + value):
        for first, end in wanted(each, length) or []:
            assert 0 <= first < end <= length


@given(VALUES, st.binary(min_size=1, max_size=50))
def test_what_is_sent_is_as_long_as_it_says_and_holds_the_ranges(value: str, body: bytes):
    found = wanted(value.encode(), len(body))
    if not found:
        return
    plan = partial([(b"content-type", b"a/b")], len(body), found, b"0123abcd")
    content = sent(plan, body)
    assert len(content) == plan.head.length == int(plan.head.get(b"content-length") or b"-1")
    if len(found) == 1:
        assert content == body[found[0][0] : found[0][1]]
        return
    parts = content.removesuffix(b"\r\n--0123abcd--\r\n").split(b"--0123abcd\r\n")
    assert parts.pop(0) == b""
    for part, (first, end) in zip(parts, found, strict=True):
        head, _, rest = part.partition(b"\r\n\r\n")
        assert rest.startswith(body[first:end])
        assert re.search(rb"Content-Range: bytes (\d+)-(\d+)/(\d+)", head).groups() == (
            *(b"%d" % first, b"%d" % (end - 1), b"%d" % len(body)),
        )
