"""A record: packed and read again, whatever a client has sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.errors import ConnectionRefused, InternalError
from porch.failing import Tried
from porch.http.message import RequestHead
from porch.identity import Identity
from porch.observe.record import HEAD, details, pack, unpack
from tests.support.ended import ENDPOINT, ended


def test_an_exchange_comes_back_as_it_was():
    exchange = ended(b"/users?page=2", method=b"POST", status=201)
    exchange.id, exchange.identity = b"a1b2", Identity("ann", "basic")
    exchange.attempts, exchange.bytes_in, exchange.reused = 2, 7, True
    record = unpack(pack(exchange, 1000.0, 512) + bytes(40))
    assert (record.id, record.client, record.method) == ("a1b2", "192.0.2.7", "POST")
    assert (record.host, record.target, record.version) == ("example.com", "/users?page=2", "1.1")
    assert (record.user, record.route, record.endpoint) == ("ann", "example.com/*", ENDPOINT)
    assert (record.status, record.attempts, record.reused) == (201, 2, True)
    assert (record.bytes_in, record.bytes_out, record.more) == (7, 312, {})
    assert record.at == pytest.approx(2000.0121)
    assert record.connected == pytest.approx(0.0013, rel=1e-3)
    assert record.first_byte == pytest.approx(0.0035, rel=1e-3)
    assert record.total == pytest.approx(0.0121, rel=1e-3)


def test_what_was_not_reached_is_zero_and_what_was_answered_at_the_door_has_no_endpoint():
    record = unpack(pack(ended(endpoint=None, status=404), 0.0, 512))
    assert (record.endpoint, record.connected, record.first_byte) == ("", 0.0, 0.0)


def test_no_secret_of_a_url_is_kept():
    packed = pack(ended(b"/login?token=swordfish&page=1"), 0.0, 512)
    assert b"swordfish" not in packed
    assert unpack(packed).target == "/login?token=***&page=1"


def test_what_is_too_long_is_cut_and_fits():
    exchange = ended(b"/" + b"x" * 9000, host=b"h" * 300, route="r" * 400)
    packed = pack(exchange, 0.0, 512, b'{"word": "' + b"y" * 600 + b'"}')
    assert len(packed) <= 512
    record = unpack(packed)
    assert record.target == "/" + "x" * 255
    assert record.client == "192.0.2.7"
    assert record.more == {}


def test_more_attempts_than_a_byte_holds_are_the_most_it_holds():
    exchange = ended()
    exchange.attempts = 1000
    assert unpack(pack(exchange, 0.0, 512)).attempts == 255


def test_details_say_why_and_tell_each_attempt_and_what_was_sent():
    error = ConnectionRefused("10.0.0.12:8000 refused ?password=swordfish")
    exchange = ended(error=error, status=502)
    exchange.tried = (Tried("10.0.0.11:8000", 0.0, 1000.002, ConnectionRefused("refused")),)
    exchange.outgoing = RequestHead(
        b"GET",
        b"/v1/users?token=swordfish",
        b"example.com",
        b"http",
        [(b"host", b"example.com"), (b"authorization", b"Bearer swordfish"), (b"x", b"\xff\n")],
    )
    more = details(exchange, 1024)
    assert b"swordfish" not in more
    record = unpack(pack(exchange, 0.0, 2048, more))
    assert record.more["word"] == "connection_refused"
    assert record.more["sentence"] == error.sentence
    assert record.more["tried"] == [["10.0.0.11:8000", 0.0, 0.002, "connection_refused", "refused"]]
    line, *fields = record.more["sent"]
    assert line == "GET /v1/users?token=***"
    assert fields == [["host", "example.com"], ["authorization", "***"], ["x", "\\xff\n"]]


def test_the_text_of_an_exception_of_user_code_is_no_detail():
    exchange = ended(error=InternalError("KeyError: swordfish"), status=500)
    assert b"swordfish" not in details(exchange, 1024)


def test_details_that_are_too_long_leave_out_what_was_sent_and_then_all():
    exchange = ended(error=ConnectionRefused("x"), status=502)
    exchange.outgoing = RequestHead(b"GET", b"/", b"h", b"http", [(b"a", b"v" * 290)] * 30)
    assert b'"sent"' not in details(exchange, 1024)
    assert details(exchange, 1024)
    assert details(exchange, 10) == b""


@given(
    st.binary(max_size=600),
    st.binary(max_size=200),
    st.binary(max_size=60),
    st.integers(HEAD.size + 60, 600),
)
def test_whatever_is_packed_fits_and_can_be_read(target, host, client, room):
    packed = pack(ended(target, host=host, client=client), 0.0, room)
    assert len(packed) <= room
    assert unpack(packed).status == 200
