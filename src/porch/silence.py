"""Silence: whose it was, when the deadline of an exchange has passed.

Deadlines measure silence, never the whole; each side has its own kind, and each kind its error
with the setting to change.
"""

from typing import TYPE_CHECKING

from porch.errors import (
    ClientGone,
    GatewayTimeout,
    PorchError,
    RequestTimeout,
    UpstreamStalled,
)

if TYPE_CHECKING:
    from porch.exchange import Exchange

__all__ = ["verdict"]


def verdict(exchange: "Exchange") -> PorchError:
    """The error of an exchange in which nothing moved until its deadline."""
    if exchange.client_full:
        return ClientGone("the client stopped reading")
    if exchange.half_closed and not exchange.upgraded:
        return ClientGone("the client closed its side, timeouts.half_close ago")
    if exchange.upgraded:
        return UpstreamStalled("the tunnel was silent for timeouts.tunnel")
    if exchange.response is not None:
        return UpstreamStalled("silence inside the answer's body")
    if exchange.request_done or exchange.upstream_full:
        name = exchange.endpoint.name if exchange.endpoint is not None else ""
        return GatewayTimeout(f"no answer from {name}")
    return RequestTimeout("silence inside the request's body")
