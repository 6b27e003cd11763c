"""Silence: how long it may last in an exchange, and whose it was when it lasted longer.

Deadlines measure silence, never the whole; each side has its own kind, and each kind its error
with the setting to change.
"""

from typing import TYPE_CHECKING

from porch import clock
from porch.errors import (
    ClientGone,
    GatewayTimeout,
    PorchError,
    RequestTimeout,
    UpstreamStalled,
)

if TYPE_CHECKING:
    from porch.exchange import Exchange

__all__ = ["verdict", "wait"]


def wait(exchange: "Exchange") -> None:
    """Something moved: from now on the other side may be silent again for its time."""
    timeouts = exchange.timeouts
    seconds = timeouts.idle
    if exchange.client_full:  # what it does not read cannot come: nobody else is asked for it
        seconds = exchange.route.timeouts.idle
    elif exchange.upgraded:
        if not (exchange.request_done or exchange.answer_done):
            seconds = timeouts.tunnel
    elif exchange.half_closed:
        seconds = timeouts.half_close
    elif exchange.response is None and exchange.request_done:
        seconds = timeouts.response
        exchange.answer_by = clock.now + seconds
        if exchange.endpoint is not None:
            seconds = min(seconds, exchange.endpoint.patience)
    exchange.deadline = clock.now + seconds


def verdict(exchange: "Exchange") -> PorchError:
    """The error of an exchange in which nothing moved until its deadline."""
    if exchange.client_full:
        return ClientGone("the client stopped reading")
    if exchange.half_closed and not exchange.upgraded:
        return ClientGone("the client closed its side, timeouts.half_close ago")
    if exchange.upgraded:
        return UpstreamStalled("the tunnel was silent for timeouts.tunnel")
    if exchange.timeouts is not exchange.route.timeouts and (
        exchange.response is not None or not exchange.request_done
    ):
        return UpstreamStalled("the call was silent for timeouts.tunnel")
    if exchange.response is not None:
        return UpstreamStalled("silence inside the answer's body")
    if exchange.request_done or exchange.upstream_full:
        name = exchange.endpoint.name if exchange.endpoint is not None else ""
        return GatewayTimeout(f"no answer from {name}")
    return RequestTimeout("silence inside the request's body")
