"""Stored answers keep what was known about them."""

import msgspec
import pytest

from porch.cache.entry import MUST_REVALIDATE, Entry, decoded, encoded


def entry(**words: object) -> Entry:
    values = {
        "status": 200,
        "fields": [(b"etag", b'"a"'), (b"etag", b'"b"'), (b"x-raw", b"\xff\x80")],
        "length": 7,
        "received": 1000.5,
        "age": 3.0,
        "lifetime": 60.0,
        "source": "max-age",
    }
    return Entry(**(values | words))


def test_what_is_written_is_read_back_whole():
    made = entry(must=MUST_REVALIDATE, vary=[(b"accept", b"")], tags=[b"t"], held=[(0, 3), (5, 7)])
    assert decoded(encoded(made)) == made


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xc1", encoded(entry())[:-3], b"\x91\x01"])
def test_what_is_no_entry_is_refused(data):
    with pytest.raises(msgspec.DecodeError):
        decoded(data)


def test_of_a_repeated_field_the_first_is_found():
    assert entry().get(b"etag") == b'"a"'
    assert entry().get(b"vary") is None


def test_the_age_grows_with_the_clock_of_the_store():
    assert entry().age_at(1010.5) == 13.0


def test_a_clock_that_runs_backwards_makes_nothing_younger():
    assert entry().age_at(0.0) == 3.0
