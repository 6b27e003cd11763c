"""Failing: what becomes of an exchange that cannot go on as it is.

Another attempt, an error page, or an end that the client can see to be one: decided here alone,
whoever has found the failure.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from porch import clock
from porch.clock import INFINITY
from porch.cut import cut
from porch.errors import ConnectionLost, InternalError, PorchError
from porch.route.route import RUNNING

if TYPE_CHECKING:
    from porch.exchange import Exchange

__all__ = ["Tried", "drop", "fail", "give_up", "leave", "on_raised", "on_stale", "was_stale"]


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that failed. endpoint: its name. connected: clock.monotonic() when it had a
    connection, 0.0 for never. at: when it failed. error: why."""

    endpoint: str
    connected: float
    at: float
    error: PorchError


def fail(exchange: "Exchange", error: PorchError) -> None:
    """The one place where a failure leads to something: the route's Retry decides whether to
    another attempt."""
    if exchange.ended:
        return
    exchange.error = error
    exchange.drop(error)
    if not exchange.route.retry.again(exchange, error):
        destination = exchange.route.destination
        if error.retry == "always" and destination is not None:
            error = destination.nobody(error)
        exchange.give_up(error)


def leave(exchange: "Exchange", error: PorchError) -> bool:
    """Leave the endpoint for another, if the request may be repeated and there is one."""
    if not exchange.route.retry.can(exchange, error):
        return False
    exchange.fail(error)
    return True


def was_stale(exchange: "Exchange", error: PorchError) -> bool:
    """Whether a kept connection had closed, which is nobody's fault: a new one to the same
    endpoint may do."""
    return exchange.reused and isinstance(error, ConnectionLost)


def on_stale(exchange: "Exchange") -> None:
    """A kept connection was of no use any more, before anything was sent on it: another takes its
    place. No attempt, for nobody was asked."""
    error = ConnectionLost("the origin had closed the connection")
    stream, exchange.upstream = exchange.upstream, None
    exchange.upstream_full = False
    if stream is not None:
        stream.abort(error)
    if exchange.ended:
        return
    if exchange.held is None and not exchange.gathered:  # it was on its way already
        exchange.fail(error)
        return
    assert exchange.endpoint is not None
    if not exchange.half_closed:
        exchange.deadline = INFINITY  # as in `attempt`
    exchange.reused = True
    found = exchange.endpoint.connections.acquire(exchange)
    if found is not None:
        exchange.on_connected(found)


def give_up(exchange: "Exchange", error: PorchError) -> None:
    """No further attempt: an error page, or an end that shows that it is one."""
    exchange.error = error
    if exchange.status or not error.status:
        cut(exchange, error)
        exchange.end()
        return
    exchange.answer(exchange.keeper.error_page(exchange, error))


def on_raised(exchange: "Exchange", error: Exception) -> None:
    """A hook raised: a PorchError is its answer, anything else a defect that is reported."""
    if not isinstance(error, PorchError):
        exchange.keeper.report(exchange, error)
        error = InternalError(f"{type(error).__name__}: {error}")
    error.__traceback__ = error.__context__ = None  # its frames have the body, and us
    exchange.fail(error)


def drop(exchange: "Exchange", error: PorchError) -> None:
    """Let go of the attempt: a connection in the middle of anything is thrown away."""
    endpoint = exchange.endpoint
    stream, exchange.upstream = exchange.upstream, None
    exchange.upstream_full = False
    if stream is not None:
        stream.abort(error)
    if endpoint is None:  # nothing was asked for, or what is made at the door
        return
    began = exchange.tried[-1].at if exchange.tried else 0.0
    # Of a whole answer that is refused the stream is gone already, and its connection was there.
    connected = exchange.connected if exchange.connected >= began else 0.0
    exchange.tried = (*exchange.tried, Tried(endpoint.name, connected, clock.monotonic(), error))
    if stream is None:
        endpoint.connections.cancel(exchange)
    elif error.source == "upstream" and exchange.status < 500 and not exchange.was_stale(error):
        endpoint.on_bad(error.word)  # an answer of 500 and above is counted already
    endpoint.counts[RUNNING] -= 1
