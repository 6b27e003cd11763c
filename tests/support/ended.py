"""Exchanges that are over, as the logs see them: real ones, with nothing behind them."""

from typing import Any, cast

from porch.balance.endpoint import Endpoint
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.http.message import Field, RequestHead
from porch.route.route import Route

__all__ = ["ENDPOINT", "ended"]

ENDPOINT = "10.0.0.11:8000"


def ended(
    target: bytes = b"/users",
    *,
    method: bytes = b"GET",
    host: bytes = b"example.com",
    client: bytes = b"192.0.2.7",
    fields: list[Field] | None = None,
    route: str = "example.com/*",
    endpoint: str | None = ENDPOINT,
    status: int = 200,
    error: PorchError | None = None,
) -> Exchange:
    """One that arrived at 1000 s, connected 1.3 ms, was answered 3.5 ms and ended 12.1 ms
    later. endpoint: None for an answer made at the door."""
    request = RequestHead(method, target, host, b"http", fields or [])
    nothing = cast("Any", None)
    exchange = Exchange(nothing, nothing, request, Route(key=route), client)
    exchange.id = b"5f1c2a3e-1b"
    exchange.started = 1000.0
    exchange.ended = 1000.0121
    if endpoint is not None:
        exchange.endpoint = Endpoint(endpoint, nothing)
        exchange.attempts = 1
        exchange.connected = 1000.0013
        if error is None:
            exchange.first_byte = 1000.0035
    exchange.status = status
    exchange.error = error
    exchange.bytes_out = 312
    return exchange
