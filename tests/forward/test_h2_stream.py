"""OriginStream alone: what it sends, and what each end of it means."""

from functools import partial
from typing import Any

import pytest

from porch.errors import (
    BadGateway,
    ClientGone,
    ConnectionLost,
    EndpointSilent,
    IncompleteResponse,
    InternalError,
    PorchError,
    StreamRefused,
    StreamReset,
    Unprocessed,
)
from porch.forward.h2_stream import TunnelRefused
from porch.http.h2 import Reset
from porch.http.h2_client import ORIGIN_STREAM_WINDOW, ORIGIN_WINDOW, UNREPORTED
from porch.http.message import ResponseHead, Trailers
from tests.support.h2_origin import H2Origin
from tests.support.shared import Asking, Bench, request


@pytest.fixture
def exchange(bench: Bench) -> Asking:
    """One with a stream."""
    made = bench.ask()
    bench.settle({8: 1})
    return made


def far(bench: Bench) -> H2Origin:
    bench.origins[0].hear()
    return bench.origins[0]


def send(bench: Bench, exchange: Asking, *pieces: Any) -> None:
    bench.loop.run(lambda: exchange.stream.send(*pieces))
    far(bench)


def test_head_and_data_leave_together(bench: Bench, exchange: Asking) -> None:
    writes = bench.transports[0].writes
    send(bench, exchange, request(3), b"abc", True)
    assert bench.transports[0].writes == writes + 1
    assert far(bench).requests[1].body == b"abc"
    assert far(bench).requests[1].ended


def test_trailers_end_a_request(bench: Bench, exchange: Asking) -> None:
    send(bench, exchange, request(None), b"a", False)
    send(bench, exchange, Trailers([(b"x-sum", b"1")]), b"b", True)
    asked = far(bench).requests[1]
    assert (asked.body, asked.trailers, asked.ended) == (b"ab", [(b"x-sum", b"1")], True)


@pytest.mark.parametrize("field", [(b"a\r\nb", b""), (b"a", b"b\r\nc: d")])
def test_what_must_not_be_sent_ends_the_exchange(
    bench: Bench, exchange: Asking, field: tuple[bytes, bytes]
) -> None:
    other = bench.ask()
    bad = request()
    bad.fields.append(field)
    send(bench, exchange, bad, b"", True)
    send(bench, other, request(None), b"a", False)
    send(bench, other, Trailers([field]), b"", True)
    assert [type(each.error) for each in (exchange, other)] == [InternalError] * 2
    assert [asked.reset for asked in far(bench).requests.values()] == [2]


def test_an_empty_piece_is_no_end(bench: Bench, exchange: Asking) -> None:
    send(bench, exchange, request(None), b"", False)
    send(bench, exchange, None, b"", False)
    assert not far(bench).requests[1].ended


def test_head_and_body_of_an_answer_come_in_one_piece(bench: Bench, exchange: Asking) -> None:
    bench.sent(exchange)
    far(bench).answer(1, body=b"abc")
    ((head, data, end),) = exchange.said
    assert isinstance(head, ResponseHead)
    assert (head.status, data, end) == (200, b"abc", True)


def test_it_is_reused_when_an_answer_has_come_on_its_connection(
    bench: Bench, exchange: Asking
) -> None:
    assert not exchange.stream.reused
    bench.sent(exchange)
    far(bench).answer(1)
    assert bench.ask().stream.reused


def test_an_abort_cancels_it_once_and_nothing_is_told_behind_it(
    bench: Bench, exchange: Asking
) -> None:
    bench.sent(exchange)
    for _ in range(2):
        bench.loop.run(lambda: exchange.stream.abort(ClientGone()))
    far(bench).hear()
    assert far(bench).requests[1].reset == 8
    send(bench, exchange, None, b"late", True)
    exchange.stream.resume_reading()
    assert (exchange.said, exchange.error) == ([], None)
    assert repr(bench.pool) == "<Pool e 0 idle, 1 shared, 0 dialling>"


def test_one_that_was_never_sent_is_given_back(bench: Bench, exchange: Asking) -> None:
    bench.loop.run(lambda: exchange.stream.abort(ClientGone()))
    assert far(bench).requests == {}
    assert repr(bench.pool._shared[0]) == "<SharedConnection e 0 streams>"


def test_what_was_not_taken_is_given_back_to_the_connection(bench: Bench, exchange: Asking) -> None:
    for _ in range(UNREPORTED * ORIGIN_WINDOW // ORIGIN_STREAM_WINDOW + 1):
        bench.sent(exchange)
        exchange.stream.pause_reading()
        far(bench).answer(exchange.stream.number, body=bytes(ORIGIN_STREAM_WINDOW), end=False)
        bench.loop.run(partial(exchange.stream.abort, ClientGone()))
        far(bench).hear()
        exchange = bench.ask()
    assert far(bench).h2.outbound_flow_control_window >= ORIGIN_WINDOW


@pytest.mark.parametrize(
    ("code", "error", "reused"),
    [
        (0, StreamReset, False),
        (2, StreamReset, False),
        (8, StreamReset, False),
        (99, StreamReset, False),
        (7, Unprocessed, True),
        (13, BadGateway, False),
    ],
)
def test_each_code_has_its_meaning(
    bench: Bench, exchange: Asking, code: int, error: type[PorchError], reused: bool
) -> None:
    bench.sent(exchange)
    far(bench).say(("reset_stream", (1, code)))
    assert type(exchange.error) is error
    assert exchange.reused == reused


def test_refused_again_is_refused(bench: Bench) -> None:
    exchange = Asking(bench.endpoint)
    exchange.error = Unprocessed("REFUSED_STREAM")
    bench.ask(exchange)
    bench.settle()
    bench.sent(exchange)
    far(bench).say(("reset_stream", (1, 7)))
    assert type(exchange.error) is StreamRefused


@pytest.mark.parametrize("code", [0, 2, 7, 8])
def test_inside_an_answer_a_reset_makes_it_incomplete(
    bench: Bench, exchange: Asking, code: int
) -> None:
    bench.sent(exchange)
    far(bench).answer(1, body=b"a", end=False)
    far(bench).say(("reset_stream", (1, code)))
    assert type(exchange.error) is IncompleteResponse


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        (None, 1, "the head of the answer: a malformed status, name, value or length, or a wrong"),
        (b"a", 1, "behind the head: trailers that are malformed, or data unlike the length"),
        (b"a", 3, "more of the answer came than its window lets through (FLOW_CONTROL_ERROR)"),
        (b"a", 6, "a frame of the answer is malformed, or in a wrong place (FRAME_SIZE_ERROR)"),
    ],
)
def test_the_detail_says_where_an_answer_is_malformed(
    bench: Bench, exchange: Asking, body: bytes | None, code: int, detail: str
) -> None:
    bench.sent(exchange)
    if body is not None:
        far(bench).answer(1, body=body, end=False)
    bench.loop.run(lambda: exchange.stream.on_reset(Reset(code, False)))
    assert type(exchange.error) is BadGateway
    assert exchange.error.detail.startswith(detail)


def test_a_malformed_head_and_a_malformed_end_are_told_apart(
    bench: Bench, exchange: Asking
) -> None:
    other = bench.ask()
    bench.sent(exchange)
    bench.sent(other)
    far(bench).answer(1, fields=((b"A", b"b"),))
    far(bench).answer(3, fields=((b"content-length", b"9"),), body=b"short")
    assert [each.error and each.error.detail.split(":")[0] for each in (exchange, other)] == [
        "the head of the answer",
        "behind the head",
    ]


@pytest.mark.parametrize(
    ("error", "kind"),
    [(ConnectionLost("gone"), IncompleteResponse), (EndpointSilent("no PING"), EndpointSilent)],
)
def test_inside_an_answer_the_reason_is_the_doors_where_it_was_the_door(
    bench: Bench, exchange: Asking, error: PorchError, kind: type[PorchError]
) -> None:
    bench.sent(exchange)
    far(bench).answer(1, body=b"a", end=False)
    bench.loop.run(lambda: exchange.stream.lose_connection(error))
    assert type(exchange.error) is kind


def test_behind_a_whole_answer_a_reset_is_nothing(bench: Bench, exchange: Asking) -> None:
    send(bench, exchange, request(None), b"a", False)
    h2 = far(bench).h2
    h2.send_headers(1, [(b":status", b"200")], end_stream=True)
    h2.reset_stream(1, 0)
    far(bench).flush()
    assert exchange.error is None
    assert exchange.said[-1][2]


def test_a_tunnel_is_told_in_words_of_http_1_1(bench: Bench, exchange: Asking) -> None:
    exchange.request.upgrade = b"websocket"
    send(bench, exchange, request(0, upgrade=b"websocket"), b"", True)
    assert not far(bench).requests[1].ended
    far(bench).answer(1, body=b"hi", end=False)
    assert [(head and head.status, data) for head, data, _ in exchange.said] == [
        (101, b""),
        (None, b"hi"),
    ]
    assert exchange.said[0][0].upgrade == b"websocket"


def test_without_tunnels_there_is_an_error_but_not_at_once(bench: Bench) -> None:
    exchange = bench.ask()
    bench.settle()

    def ask() -> None:
        exchange.stream.send(request(0, upgrade=b"websocket"), b"", True)
        assert exchange.error is None

    bench.loop.run(ask)
    assert type(exchange.error) is TunnelRefused


def test_no_stream_on_a_connection_that_was_closing_is_no_harm(bench: Bench) -> None:
    exchange = bench.ask()
    bench.settle()
    far(bench).say(("close_connection", ()))
    bench.loop.run(lambda: exchange.stream.send(request(), b"", True))
    assert type(exchange.error) is Unprocessed
