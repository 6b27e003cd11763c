"""Answers that are made at the door: whole, or piece by piece from a Source."""

from typing import TYPE_CHECKING

from porch import clock
from porch.clock import INFINITY
from porch.errors import AnswerRefused
from porch.filter import Response
from porch.interim import fitting
from porch.route.route import ANSWERED, RUNNING
from porch.silence import wait

if TYPE_CHECKING:
    from porch.exchange import Exchange
    from porch.filter import Suspend
    from porch.http.message import Trailers

__all__ = ["answer", "instead", "on_made"]


def answer(exchange: "Exchange", response: "Response") -> None:
    """Answer at the door."""
    if exchange.request.upgrade is not None:
        response = fitting(exchange, response)
    exchange.made = response
    exchange.response = response.head(exchange)
    exchange.status = response.status
    try:
        for hook in exchange.route.plan.on_response:
            hook(exchange)
    except Exception as error:  # the answer stands as it was before the hook
        exchange.keeper.report(exchange, error)
    body, source = exchange.made.body, exchange.made.source
    exchange.made = None  # its source will know the exchange: together they would stay for long
    exchange.bytes_out = 0 if exchange.request.method == b"HEAD" else len(body)
    if source is None:
        exchange.client.send(exchange.response, body, True)
        exchange.end()
        return
    if body:
        exchange.client.send(exchange.response, body, False)
    elif source.open(exchange):
        exchange.answer_done = True
        exchange.client.send(None, b"", True)
        exchange.end()
        return
    wait(exchange)
    exchange.upstream = source.begin(exchange)
    if exchange.client_full:
        exchange.upstream.pause_reading()


def on_made(exchange: "Exchange", head: "Trailers | None", data: bytes, end: bool) -> None:
    """A further piece of an answer that comes from a Source."""
    exchange.bytes_out += len(data)
    if end:
        exchange.answer_done = True
        exchange.upstream = None
        exchange.client.send(head, data, True)
        exchange.end()
        return
    wait(exchange)
    exchange.client.send(head, data, False)


def instead(exchange: "Exchange", result: "Response | Suspend") -> None:
    """A hook answers in place of the origin, which is let go of: now or, with Suspend, later."""
    place, stream = exchange.endpoint, exchange.upstream
    assert place is not None
    assert exchange.response is not None
    place.counts[RUNNING] -= 1
    if exchange.response.status < 500:
        place.counts[ANSWERED] = clock.milliseconds
    exchange.response = exchange.upstream = exchange.endpoint = exchange.held = None
    exchange.deadline = INFINITY
    if stream is not None:
        stream.abort(AnswerRefused("the door answers in its place"))
    if exchange.upstream_full:
        exchange.upstream_full = False
        exchange.client.resume_reading()
    if isinstance(result, Response):
        exchange.answer(result)
