"""Answer heads out of fields of HTTP/2, and into them."""

import pytest

from porch import clock
from porch.errors import BadGateway
from porch.http.h1 import HeadLimits
from porch.http.h1_response import TooLargeAnswer
from porch.http.h2_response import STATUSES, read_response
from porch.http.message import Field, ResponseHead

LIMITS = HeadLimits()
DATE = (b"date", b"Mon, 23 Nov 2026 20:00:00 GMT")


def read(status: int, *fields: Field) -> ResponseHead:
    return read_response([(b":status", b"%d" % status), *fields], LIMITS)


def test_a_head_is_read() -> None:
    head = read(200, (b"server", b"x"), (b"content-length", b"5"), DATE)
    assert (head.status, head.length, head.upgrade) == (200, 5, None)
    assert head.fields == [(b"server", b"x"), (b"content-length", b"5"), DATE]


def test_a_length_that_is_not_said_is_not_known() -> None:
    assert read(200, DATE).length is None


def test_a_date_is_added_to_answers_and_not_to_interim_ones() -> None:
    assert read(200).fields == [(b"date", clock.date)]
    assert read(103).fields == []


def test_204_has_no_length() -> None:
    head = read(204, (b"content-length", b"0"), DATE)
    assert (head.length, head.fields) == (0, [DATE])


def test_what_is_of_a_connection_goes_no_further() -> None:
    assert read(200, (b"proxy-authenticate", b"Basic"), DATE).fields == [DATE]


@pytest.mark.parametrize("status", [0, 99, 101, 600, 999])
def test_a_status_that_is_none_is_refused(status: int) -> None:
    with pytest.raises(BadGateway, match=f"with status {status}"):
        read(status)


@pytest.mark.parametrize("value", [b"", b"-1", b"1 ", b"0x1", b"1" * 17, "²".encode()])
def test_a_malformed_length_is_refused(value: bytes) -> None:
    with pytest.raises(BadGateway, match="malformed Content-Length"):
        read(200, (b"content-length", value))


def test_a_head_over_a_limit_is_refused() -> None:
    few = [(b"a%d" % number, b"") for number in range(LIMITS.fields)]
    assert len(read(103, *few).fields) == LIMITS.fields
    with pytest.raises(TooLargeAnswer, match="129 fields"):
        read(103, *few, (b"b", b""))
    with pytest.raises(TooLargeAnswer, match="in 1 fields"):
        read(103, (b"a", b"x" * LIMITS.head))


def test_each_status_has_its_field() -> None:
    assert STATUSES[404] == (b":status", b"404")
    assert list(STATUSES) == list(range(100, 600))
