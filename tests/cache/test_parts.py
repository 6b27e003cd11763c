"""Parts of answers: what is there, what is missing, and how more is joined to it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.appraise import appraise
from porch.cache.entry import Entry
from porch.cache.parts import (
    MOST_HELD,
    Part,
    Take,
    arrived,
    as_whole,
    can_grow,
    can_join,
    completing,
    joined,
    missing,
)
from porch.cache.policy import Policy
from porch.cache.ranges import partial, placed
from porch.cache.refusal import Refusal
from porch.cache.validate import freshened, updated
from porch.http.message import Field, RequestHead, ResponseHead
from porch.http.ranges import ranges

WALL = 784_200_000.0
LM = b"Sun, 06 Nov 1994 08:00:00 GMT"
DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"
TAG = (b"etag", b'"a"')


def entry(*fields: Field, held: list[tuple[int, int]], length: int = 10) -> Entry:
    return Entry(200, list(fields), length, 0.0, 0.0, 60.0, "max-age", held=held)


def response(
    position: bytes, *fields: Field, status: int = 206, length: int | None = 5
) -> ResponseHead:
    return ResponseHead(status, [(b"content-range", position), *fields], length)


def request(*fields: Field) -> RequestHead:
    return RequestHead(b"GET", b"/", b"a.test", b"https", list(fields))


# What comes.


def test_a_206_brings_a_part():
    assert arrived(response(b"bytes 0-4/10", length=5)) == Part(0, 5, 10)
    assert arrived(response(b"Bytes 9-9/10", length=1)) == Part(9, 10, 10)


def test_a_206_may_bring_the_whole():
    assert Part(0, 10, 10).held == []
    assert Part(0, 9, 10).held == [(0, 9)]


@pytest.mark.parametrize(
    "position",
    [
        *(b"bytes 0-4/*", b"bytes */10", b"bytes 4-0/10", b"bytes 5-10/10", b"bytes 0-4", b""),
        *(b"lines 0-4/10", b"bytes=0-4/10", b"bytes 0-4/10, bytes 5-9/10", b"bytes -1-4/10"),
    ],
)
def test_a_range_that_can_not_be_is_not_kept(position: bytes):
    assert [arrived(response(position, length=n)) for n in range(8)] == [None] * 8


def test_a_body_that_is_not_as_long_as_its_range_is_not_kept():
    assert arrived(response(b"bytes 4-9/10", length=5)) is None
    assert arrived(response(b"bytes 4-9/10", length=None)) is None


def test_several_parts_in_one_and_other_statuses_are_not_kept():
    several = (b"content-type", b"Multipart/Byteranges; boundary=x")
    assert arrived(ResponseHead(206, [several], 99)) is None
    assert arrived(response(b"bytes 0-4/10", several)) is None
    assert arrived(response(b"bytes 0-4/10", (b"content-range", b"bytes 5-9/10"))) is None
    assert arrived(response(b"bytes 0-4/10", status=200, length=5)) is None


def test_what_is_stored_of_it_has_the_head_of_the_whole():
    came = response(b"bytes 0-4/10", TAG, (b"content-length", b"5"), length=5)
    head = as_whole(came, Part(0, 5, 10))
    assert (head.status, head.length) == (200, 10)
    assert head.fields == [TAG]


# What is missing.


def test_nothing_of_a_whole_is_missing():
    assert missing(entry(held=[]), None) == []
    assert missing(entry(held=[]), [(2, 3)]) == []


@pytest.mark.parametrize(
    ("asked", "gaps"),
    [
        (None, [(0, 2), (4, 6), (8, 10)]),
        ([(2, 4)], []),
        ([(3, 4), (6, 7)], []),
        ([(2, 5)], [(4, 5)]),
        ([(3, 7)], [(4, 6)]),
        ([(9, 10), (0, 3)], [(0, 2), (9, 10)]),
        ([(4, 5), (4, 6)], [(4, 6)]),
    ],
)
def test_gaps_are_what_was_asked_for_and_is_not_there(
    asked: list[tuple[int, int]] | None, gaps: list[tuple[int, int]]
):
    assert missing(entry(held=[(2, 4), (6, 8)]), asked) == gaps


# What is asked for.


def completed(stored: Entry, *fields: Field) -> list[Field]:
    return completing(request(*fields), stored, missing(stored, None), WALL).fields


def test_the_rest_of_a_part_is_asked_for():
    assert completed(entry(held=[(0, 5)])) == [(b"range", b"bytes=5-")]


def test_the_rest_of_another_state_is_not_asked_for():
    assert completed(entry(TAG, held=[(0, 5)])) == [
        (b"range", b"bytes=5-"),
        (b"if-range", b'"a"'),
    ]
    by_date = entry((b"last-modified", LM), (b"date", DATE), held=[(0, 5)])
    assert completed(by_date) == [(b"range", b"bytes=5-"), (b"if-range", LM)]


@pytest.mark.parametrize("fields", [[(b"etag", b'W/"a"')], [(b"last-modified", LM), (b"date", LM)]])
def test_a_weak_validator_is_no_condition_of_a_range(fields: list[Field]):
    assert completed(entry(*fields, held=[(0, 5)])) == [(b"range", b"bytes=5-")]


def test_a_beginning_is_asked_for_to_its_end():
    assert completed(entry(held=[(4, 10)])) == [(b"range", b"bytes=0-3")]


def test_one_range_covers_all_gaps():
    stored = entry(held=[(0, 2), (4, 6), (9, 10)])
    assert completed(stored) == [(b"range", b"bytes=2-8")]


def test_a_middle_is_asked_for_as_the_whole():
    assert completed(entry(TAG, held=[(4, 6)])) == []


def test_head_asks_for_the_head_of_the_whole():
    head = request()
    head.method = b"HEAD"
    assert completing(head, entry(TAG, held=[(0, 5)]), [(5, 10)], WALL).fields == []


def test_conditions_and_ranges_of_the_client_are_replaced():
    mine = [(b"range", b"bytes=0-"), (b"if-range", b'"x"'), (b"if-none-match", b'"x"')]
    kept = (b"accept", b"*/*")
    assert completed(entry(held=[(0, 5)]), kept, *mine) == [kept, (b"range", b"bytes=5-")]


# What may be joined.


def test_the_same_strong_tag_and_length_are_the_same_bytes():
    stored = entry(TAG, held=[(0, 5)])
    assert can_join(stored, response(b"bytes 5-9/10", TAG), WALL)
    assert not can_join(stored, response(b"bytes 5-9/11", TAG), WALL)
    assert not can_join(stored, response(b"bytes 5-9/10", (b"etag", b'"b"')), WALL)
    assert not can_join(stored, response(b"bytes 5-9/10"), WALL)
    assert not can_join(stored, response(b"bytes 5-9/10", TAG, status=200), WALL)


def test_without_a_strong_validator_nothing_is_joined():
    weak = (b"etag", b'W/"a"')
    assert not can_join(entry(weak, held=[(0, 5)]), response(b"bytes 5-9/10", weak), WALL)
    assert not can_join(entry(held=[(0, 5)]), response(b"bytes 5-9/10"), WALL)
    assert not can_join(entry(held=[(0, 5)]), response(b"bytes 5-9/10", TAG), WALL)
    same_second = (b"last-modified", LM), (b"date", LM)
    for fields in ((weak,), (), same_second, (weak, (b"last-modified", LM), (b"date", DATE))):
        assert not can_grow(entry(*fields, held=[(0, 5)]), WALL)


def test_a_date_joins_where_it_is_strong_on_both_sides():
    strong = (b"last-modified", LM), (b"date", DATE)
    weak = (b"last-modified", LM), (b"date", LM)
    assert can_join(entry(*strong, held=[(0, 5)]), response(b"bytes 5-9/10", *strong), WALL)
    assert can_grow(entry(*strong, held=[(0, 5)]), WALL)
    assert not can_join(entry(*strong, held=[(0, 5)]), response(b"bytes 5-9/10", *weak), WALL)
    assert not can_join(entry(*weak, held=[(0, 5)]), response(b"bytes 5-9/10", *strong), WALL)
    assert not can_join(
        entry(TAG, *strong, held=[(0, 5)]), response(b"bytes 5-9/10", *strong), WALL
    )


# Joining.


def test_a_part_and_its_rest_are_a_whole():
    stored = entry(held=[(0, 5)])
    found = joined(stored, stored, Part(5, 10, 10))
    assert found is not None
    whole, takes = found
    assert whole.held == []
    assert takes == [Take(False, 0, 5), Take(True, 0, 5)]


def test_what_is_there_already_is_taken_from_there():
    stored = entry(held=[(2, 4), (6, 8)])
    found = joined(stored, stored, Part(3, 7, 10))
    assert found is not None
    assert found[0].held == [(2, 8)]
    assert found[1] == [Take(False, 0, 2), Take(True, 1, 3), Take(False, 2, 4)]


def test_a_whole_takes_the_new_fields_alone():
    stored = entry((b"a", b"1"), TAG, held=[])
    new = entry((b"a", b"2"), TAG, held=[])
    assert joined(stored, new, Part(0, 5, 10)) == (new, [Take(False, 0, 10)])


def test_parts_that_are_too_many_are_not_kept():
    held = [(at, at + 1) for at in range(0, 2 * MOST_HELD, 2)]
    stored = entry(held=held, length=99)
    assert joined(stored, stored, Part(98, 99, 99)) is None
    assert joined(stored, stored, Part(1, 2, 99)) is not None


def test_fields_of_the_new_part_replace_and_the_others_stay():
    stored = entry(TAG, (b"a", b"1"), (b"b", b"1"), held=[(0, 5)])
    came = response(b"bytes 5-9/10", TAG, (b"a", b"2"), (b"content-length", b"5"), length=5)
    head = updated(stored, as_whole(came, Part(5, 10, 10)), DATE)
    assert head.fields == [
        *((b"b", b"1"), TAG, (b"a", b"2"), (b"date", DATE)),
    ]
    found = joined(stored, freshened(stored, entry(*head.fields, held=[])), Part(5, 10, 10))
    assert found is not None
    assert (found[0].held, found[0].length) == ([], 10)


# The whole of it, with what appraises.

AT = 784_111_777.0  # DATE
FRESH = (b"cache-control", b"max-age=3600")


def appraised(head: ResponseHead, *asked: Field) -> Entry:
    found = appraise(request(*asked), head, Policy(), requested=AT, received=AT, stored=0.0)
    assert isinstance(found, Entry), found
    return found


def test_a_part_is_stored_and_answers_for_itself():
    came = response(b"bytes 4-8/10", FRESH, (b"content-length", b"5"))
    stored = appraised(came, (b"range", b"bytes=4-8"))
    assert (stored.status, stored.length, stored.held) == (200, 10, [(4, 9)])
    asked = ranges(stored, stored.length, request((b"range", b"bytes=6-8")), WALL)
    assert asked == [(6, 9)]
    assert missing(stored, asked) == []
    plan = partial(stored, asked, 0.0, b"x")
    assert plan.pieces == [(2, 5)]
    assert plan.head.get(b"content-range") == b"bytes 6-8/10"
    assert missing(stored, ranges(stored, stored.length, request(), WALL)) == [(0, 4), (9, 10)]


def test_a_stored_part_is_completed_by_its_rest():
    stored = appraised(response(b"bytes 0-4/10", FRESH, TAG), (b"range", b"bytes=-5"))
    gaps = missing(stored, ranges(stored, stored.length, request(), WALL))
    asked = completing(request(), stored, gaps, WALL)
    assert asked.fields == [(b"range", b"bytes=5-"), (b"if-range", b'"a"')]
    came = response(b"bytes 5-9/10", TAG, (b"x", b"1"))
    assert can_join(stored, came, WALL)
    head = updated(stored, as_whole(came, Part(5, 10, 10)), DATE)
    found = joined(stored, freshened(stored, appraised(head)), Part(5, 10, 10))
    assert found is not None
    whole, takes = found
    assert (whole.held, whole.length, whole.lifetime) == ([], 10, 3600.0)
    assert takes == [Take(False, 0, 5), Take(True, 0, 5)]
    assert whole.get(b"x") == b"1"


def test_what_was_sent_for_the_last_five_with_a_range_of_six_is_not_stored():
    came = response(b"bytes 4-9/10", FRESH)
    asked = request((b"range", b"bytes=-5"))
    found = appraise(asked, came, Policy(), requested=AT, received=AT, stored=0.0)
    assert isinstance(found, Refusal)


# Laws.

BODY = bytes(range(40))
RANGE = st.tuples(st.integers(0, 39), st.integers(1, 40)).map(
    lambda each: (min(each[0], each[1] - 1), max(each[0] + 1, each[1]))
)


def kept(stored: Entry, body: bytes) -> dict[int, int]:
    """position -> byte, of what is kept of BODY."""
    return {
        at: body[placed(stored, (at, at + 1))[0]]
        for first, end in stored.held or [(0, stored.length)]
        for at in range(first, end)
    }


@given(st.lists(RANGE, min_size=1, max_size=8), st.lists(RANGE, min_size=1, max_size=4))
def test_joined_parts_never_have_a_hole_and_gaps_are_all_that_is_missing(
    came: list[tuple[int, int]], asked: list[tuple[int, int]]
):
    first, end = came[0]
    stored, body, there = (
        entry(held=[(first, end)], length=40),
        BODY[first:end],
        set(range(*came[0])),
    )
    for first, end in came[1:]:
        found = joined(stored, stored, Part(first, end, 40))
        assert found is not None
        stored, takes = found
        new = BODY[first:end]
        body = b"".join((new if take.is_new else body)[take.first : take.end] for take in takes)
        there |= set(range(first, end))
        assert kept(stored, body) == {at: BODY[at] for at in there}
        assert len(body) == len(there)
        assert all(one[1] < other[0] for one, other in pairwise(stored.held))
    gaps = missing(stored, asked)
    wanted = {at for each in asked for at in range(*each)}
    assert {at for gap in gaps for at in range(*gap)} == wanted - there
    assert gaps == sorted(gaps)


@given(st.lists(RANGE, min_size=1, max_size=4))
def test_what_completes_brings_all_that_is_missing(came: list[tuple[int, int]]):
    stored = entry(held=Part(*came[0], 40).held, length=40)
    for first, end in came[1:]:
        found = joined(stored, stored, Part(first, end, 40))
        assert found is not None
        stored = found[0]
    gaps = missing(stored, None)
    if not gaps:
        assert stored.held == []
        return
    asked = completing(request(), stored, gaps, WALL).get(b"range") or b"bytes=0-"
    first, _, last = asked.removeprefix(b"bytes=").partition(b"-")
    found = joined(stored, stored, Part(int(first), int(last) + 1 if last else 40, 40))
    assert found is not None
    assert found[0].held == []
