"""Interim answers (RFC 9110 15.2): 100, 101 and what else comes before the answer itself."""

from typing import TYPE_CHECKING

from porch import clock
from porch.errors import PorchError
from porch.filter import Response
from porch.http.message import ResponseHead
from porch.silence import wait

if TYPE_CHECKING:
    from porch.exchange import Exchange

__all__ = ["fitting", "on_interim", "say_continue"]


def on_interim(exchange: "Exchange", head: ResponseHead, data: bytes) -> None:
    """Passed on to those who know them; 100 to those who wait for it, once; 101 opens a tunnel."""
    if head.status == 101:
        _open_tunnel(exchange, head, data)
        return
    wait(exchange)
    if head.status == 100:
        say_continue(exchange)
    elif exchange.client.interim:
        exchange.held = None  # what was said of this answer is not said again of another
        exchange.client.send(head, b"", False)


def say_continue(exchange: "Exchange") -> None:
    """Say 100 (Continue) if the client still waits for it."""
    outgoing = exchange.outgoing
    if outgoing is not None and outgoing.expect:
        outgoing.expect = False
        if not (exchange.bytes_in or exchange.status or exchange.request_done):
            exchange.client.send(ResponseHead(100, []), b"", False)


def fitting(exchange: "Exchange", response: Response) -> Response:
    """The door's own answer to who asked for a tunnel, or an error's where it would open one."""
    try:
        exchange.client.accept(ResponseHead(response.status, []))
    except PorchError as error:
        exchange.error = error
        return exchange.keeper.error_page(exchange, error)
    return response


def _open_tunnel(exchange: "Exchange", head: ResponseHead, data: bytes) -> None:
    try:
        exchange.client.accept(head)
    except PorchError as error:
        exchange.on_raised(error)
        return
    exchange.upgraded = True
    exchange.request_done = False
    exchange.response = head
    exchange.status = 101
    exchange.first_byte = clock.monotonic()
    exchange.held = None
    try:
        for hook in exchange.route.plan.on_response:
            hook(exchange)
    except Exception as error:
        exchange.status = 0
        exchange.on_raised(error)
        return
    exchange.client.send(head, b"", False)
    exchange.client.resume_reading()
    if data:
        exchange.bytes_out += len(data)
        exchange.client.send(None, data, False)
    wait(exchange)
