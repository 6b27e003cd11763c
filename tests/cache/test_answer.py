"""The head of a stored answer: what the origin wrote, and how long ago."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.answer import OLDEST, fields_of, whole
from porch.cache.entry import Entry

DATE = (b"date", b"Sun, 06 Nov 1994 08:49:37 GMT")
EXPIRES = (b"expires", b"Sun, 06 Nov 2094 08:49:37 GMT")


def entry(
    *fields: tuple[bytes, bytes], status: int = 200, age: float = 0.0, length: int = 11
) -> Entry:
    return Entry(status, list(fields), length, 1000.0, age, 60.0, "max-age")


def test_a_hit_says_its_age_in_whole_seconds():
    assert fields_of(entry(), 1003.9) == [(b"age", b"3")]
    assert fields_of(entry(), 1000.0) == [(b"age", b"0")]


def test_the_age_that_came_with_it_goes_on():
    assert fields_of(entry(age=30.0), 1003.0) == [(b"age", b"33")]


def test_the_age_that_was_stored_by_mistake_is_not_said_beside_the_other():
    assert fields_of(entry((b"age", b"5")), 1003.0) == [(b"age", b"3")]


def test_an_age_beyond_counting_is_the_oldest():
    assert fields_of(entry(age=1e300), 1003.0) == [(b"age", b"%d" % OLDEST)]


def test_date_and_expires_stay_as_they_were():
    fields = fields_of(entry(DATE, EXPIRES), 5000.0)
    assert fields[:2] == [DATE, EXPIRES]


def test_repeated_fields_stay_in_their_order_and_no_warning_is_written():
    kept = [(b"link", b"</a>"), (b"x", b"1"), (b"link", b"</b>")]
    assert fields_of(entry(*kept), 9999.0) == [*kept, (b"age", b"8999")]


def test_the_head_has_the_length_of_what_is_stored_once():
    head = whole(entry((b"content-length", b"10"), length=11), 1000.0)
    assert [field for field in head.fields if field[0] == b"content-length"] == [
        (b"content-length", b"11")
    ]
    assert (head.status, head.length) == (200, 11)


def test_the_answer_to_head_tells_the_length_get_would_give():
    assert whole(entry(length=11), 1000.0).get(b"content-length") == b"11"


def test_no_length_is_said_with_204():
    assert whole(entry(status=204, length=0), 1000.0).get(b"content-length") is None


def test_no_length_is_said_of_what_is_still_coming_in():
    head = whole(entry(length=-1), 1000.0)
    assert (head.length, head.get(b"content-length")) == (None, None)


def test_parts_are_never_given_as_the_whole():
    part = entry(length=11)
    part.held = [(0, 5)]
    with pytest.raises(ValueError, match=r"only \[\(0, 5\)\] of 11 bytes"):
        whole(part, 1000.0)


def test_any_status_goes_out_as_it_came():
    assert whole(entry(status=599), 1000.0).status == 599


@given(age=st.floats(0, 1e12), later=st.floats(-1e6, 1e12))
def test_the_age_is_never_negative_and_never_more_than_it_is(age: float, later: float):
    stored = entry(age=age)
    said = int(fields_of(stored, 1000.0 + later)[-1][1])
    assert 0 <= said <= OLDEST
    assert said == OLDEST or said == int(stored.age_at(1000.0 + later))
