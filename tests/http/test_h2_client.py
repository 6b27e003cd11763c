"""ClientCodec, with hyper-h2 as the origin: what one says the other hears."""

from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, TrailersReceived
from h2.settings import Settings
from hypothesis import given, settings
from hypothesis import strategies as st

from porch.errors import BadGateway
from porch.http.h1 import HeadLimits
from porch.http.h2 import (
    CANCEL,
    CONNECTION,
    ConnectionBroken,
    Ended,
    GoAway,
    Piece,
    Pong,
    Reset,
    Settled,
    Widened,
)
from porch.http.h2_client import ORIGIN_STREAM_WINDOW, ORIGIN_WINDOW, UNREPORTED, ClientCodec
from porch.http.h2_fields import known_fields
from porch.http.message import Field, ResponseHead, Trailers


class Pair:
    """A codec and an origin that are connected."""

    def __init__(self, announced: dict[int, int] | None = None) -> None:
        self.codec = ClientCodec(HeadLimits())
        config = H2Configuration(
            client_side=False, header_encoding=None, validate_outbound_headers=False
        )
        self.origin: Any = H2Connection(config)
        self.origin.local_settings = Settings(client=False, initial_values=announced)
        self.origin.initiate_connection()
        self.events: list[Any] = []
        self.first = self.turn()

    def turn(self) -> list[Piece]:
        """Everything that is to be said is heard."""
        pieces: list[Piece] = []
        while True:
            out = b"".join(self.codec.take())
            pieces += self.codec.happened()
            if out:
                self.events += self.origin.receive_data(out)
            back = self.origin.data_to_send()
            if back:
                pieces += self.codec.receive(back)
            if not (out or back):
                return pieces

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


HEAD: list[Field] = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":authority", b"x"),
    (b":path", b"/"),
]
names = st.from_regex(rb"x-[a-z0-9-]{0,20}", fullmatch=True)
values = st.from_regex(rb"([!-~]([ -~]{0,60}[!-~])?)?", fullmatch=True)
fields = st.lists(st.tuples(names, values), max_size=8)
bodies = st.lists(st.integers(0, 40_000).map(bytes), max_size=5)
some = settings(max_examples=25, deadline=None)


def test_the_id_of_an_exchange_fills_neither_the_table_of_the_origin_nor_ours() -> None:
    pair = Pair()
    sent = []
    for number in range(3):
        sent.append((b"x-request-id", b"5f1c2a3e-%x" % number))
        assert pair.codec.request([*HEAD, (b"x", b"1"), sent[-1], (b"te", b"trailers")], True)
    pair.turn()
    heard = [dict(event.headers) for event in pair.seen(RequestReceived)]
    assert [each[b"x-request-id"] for each in heard] == [value for _, value in sent]
    assert not known_fields.intersection(sent)
    table = pair.origin.decoder.header_table.dynamic_entries
    assert (b"x", b"1") in [(bytes(name), bytes(value)) for name, value in table]
    assert b"x-request-id" not in [bytes(name) for name, _ in table]


@some
@given(fields, bodies, fields)
def test_a_request_arrives_as_it_was_sent(
    sent: list[Field], body: list[bytes], trailers: list[Field]
) -> None:
    pair = Pair()
    stream = pair.codec.request([*HEAD, *sent], False)
    for piece in body:
        pair.codec.data(stream, piece, False)
    if trailers:
        pair.codec.trailers(stream, trailers)
    else:
        pair.codec.data(stream, b"", True)
    for _ in range(20):
        pair.turn()
        for event in pair.seen(DataReceived):
            if event.flow_controlled_length:
                pair.origin.acknowledge_received_data(event.flow_controlled_length, stream)
                event.flow_controlled_length = 0
    (head,) = pair.seen(RequestReceived)
    assert head.headers == [*HEAD, *sent]
    assert b"".join(event.data for event in pair.seen(DataReceived)) == b"".join(body)
    assert [event.headers for event in pair.seen(TrailersReceived)] == [trailers] * bool(trailers)
    assert len(pair.seen(StreamEnded)) == 1


@some
@given(st.sampled_from((200, 404, 503)), fields, bodies, fields)
def test_an_answer_arrives_as_it_was_sent(
    status: int, sent: list[Field], body: list[bytes], trailers: list[Field]
) -> None:
    pair = Pair()
    stream = pair.codec.request(HEAD, True)
    pair.turn()
    pair.codec.widen(stream, 1 << 20)
    pair.turn()
    origin = pair.origin
    origin.send_headers(stream, [(b":status", b"%d" % status), (b"date", b"now"), *sent])
    for piece in body:
        for at in range(0, len(piece), 16384):
            origin.send_data(stream, piece[at : at + 16384])
    origin.send_headers(stream, trailers, end_stream=True) if trailers else origin.end_stream(
        stream
    )
    pieces = [piece for piece in pair.turn() if piece[0] == stream]
    head = pieces[0][1]
    assert isinstance(head, ResponseHead)
    assert (head.status, head.fields) == (status, [(b"date", b"now"), *sent])
    assert b"".join(piece[2] for piece in pieces) == b"".join(body)
    last = pieces[-1]
    assert last[3]
    if trailers:
        assert isinstance(last[1], Trailers)
        assert last[1].fields == trailers
    assert len(pieces) <= 3, "what came in one read in a row is one piece"


def test_settings_are_told() -> None:
    pair = Pair({3: 7, 8: 1})
    assert next(piece[1].__class__ for piece in pair.first if piece[0] == CONNECTION) is Settled
    assert pair.codec.most_streams == 7
    assert pair.codec.knows_tunnels
    assert not Pair().codec.knows_tunnels


def test_bodies_of_two_streams_stay_apart() -> None:
    pair = Pair()
    first, second = pair.codec.request(HEAD, True), pair.codec.request(HEAD, True)
    pair.turn()
    for stream in (first, second):
        pair.origin.send_headers(stream, [(b":status", b"200")])
    for number in range(4):
        pair.origin.send_data(first, b"a%d" % number)
        pair.origin.send_data(second, b"b%d" % number)
    pair.origin.end_stream(second)
    pair.origin.end_stream(first)
    pieces = pair.turn()
    for stream, body in ((first, b"a0a1a2a3"), (second, b"b0b1b2b3")):
        assert b"".join(piece[2] for piece in pieces if piece[0] == stream) == body
        assert [piece[3] for piece in pieces if piece[0] == stream][-1]


def test_an_interim_head_takes_no_data_along() -> None:
    pair = Pair()
    stream = pair.codec.request(HEAD, True)
    pair.turn()
    pair.origin.send_headers(stream, [(b":status", b"103")])
    pair.origin.send_headers(stream, [(b":status", b"200")])
    pair.origin.send_data(stream, b"a", end_stream=True)
    said = [(piece[1].status, piece[2], piece[3]) for piece in pair.turn() if piece[1]]  # type: ignore[union-attr]
    assert said == [(103, b"", False), (200, b"a", True)]


def test_windows_are_those_of_origins_and_open_for_what_was_taken() -> None:
    pair = Pair()
    stream = pair.codec.request(HEAD, True)
    pair.turn()
    origin = pair.origin
    assert origin.local_flow_control_window(stream) == ORIGIN_STREAM_WINDOW
    assert origin.outbound_flow_control_window == UNREPORTED * ORIGIN_WINDOW
    origin.send_headers(stream, [(b":status", b"200")])
    origin.send_data(stream, b"x" * ORIGIN_STREAM_WINDOW)
    pair.turn()
    assert origin.local_flow_control_window(stream) == 0
    pair.codec.taken(stream, ORIGIN_STREAM_WINDOW)
    pair.turn()
    assert origin.local_flow_control_window(stream) == ORIGIN_STREAM_WINDOW
    pair.codec.widen(stream, 2 * ORIGIN_STREAM_WINDOW)
    pair.turn()
    assert origin.local_flow_control_window(stream) == 2 * ORIGIN_STREAM_WINDOW


def test_what_happens_besides_is_told() -> None:
    pair = Pair()
    stream = pair.codec.request(HEAD, True)
    other = pair.codec.request(HEAD, False)
    pair.turn()
    pair.codec.ping()
    assert [piece[1].__class__ for piece in pair.turn()] == [Pong]
    pair.origin.increment_flow_control_window(10, other)
    assert [(piece[0], piece[1].__class__) for piece in pair.turn()] == [(other, Widened)]
    pair.origin.reset_stream(stream, 2)
    reset = pair.turn()[0][1]
    assert isinstance(reset, Reset)
    assert (reset.code, reset.is_theirs) == (2, True)
    pair.origin.close_connection(last_stream_id=stream)
    away = pair.turn()[0][1]
    assert isinstance(away, GoAway)
    assert (away.last, away.code) == (stream, 0)
    assert pair.codec.request(HEAD, True) == 0


def test_a_head_that_is_refused_is_an_error_in_its_place() -> None:
    pair = Pair()
    stream = pair.codec.request(HEAD, True)
    pair.turn()
    pair.origin.send_headers(stream, [(b":status", b"600")], end_stream=True)
    error = pair.turn()[0][1]
    assert isinstance(error, BadGateway)
    assert error.detail == "the origin answered with status 600"


def test_what_is_no_http_2_ends_the_connection() -> None:
    codec = ClientCodec(HeadLimits())
    codec.take()
    codec.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert b"".join(codec.take())[3] == 7, "a GOAWAY"
    ((stream, ended, _, end),) = codec.happened()
    assert isinstance(ended, Ended)
    assert (stream, ended.code, end) == (CONNECTION, 1, True)


def test_a_head_far_over_the_limits_breaks_the_connection() -> None:
    pair = Pair()
    stream = pair.codec.request(HEAD, True)
    pair.turn()
    pair.origin.send_headers(stream, [(b":status", b"200"), *[(b"a", b"")] * 600])
    with pytest.raises(ConnectionBroken) as caught:
        pair.turn()
    assert caught.value.farewell[3] == 7


def test_calls_about_what_is_gone_do_nothing() -> None:
    pair = Pair()
    codec = pair.codec
    codec.reset(99, CANCEL)
    codec.data(99, b"a", True)
    codec.trailers(99, [])
    codec.taken(99, 5)
    codec.widen(99, 5)
    codec.terminate(0)
    assert codec.request(HEAD, True) == 0
    assert codec.most_streams == 0
    assert not codec.knows_tunnels
    codec.ping()
    assert codec.take()
