"""Overdue: what becomes of an exchange whose deadline has passed."""

from typing import TYPE_CHECKING

from porch import clock
from porch.interim import say_continue
from porch.silence import verdict, wait

if TYPE_CHECKING:
    from porch.exchange import Exchange

__all__ = ["on_silence"]


def on_silence(exchange: "Exchange") -> None:
    """Whose the silence was decides, and whether it was one."""
    full = (
        exchange.client
        if exchange.client_full
        else exchange.upstream
        if exchange.upstream_full
        else None
    )
    before = exchange.unsent
    if full is not None:
        exchange.unsent = full.unsent()
    if exchange.outgoing is not None and exchange.outgoing.expect:
        say_continue(exchange)
        wait(exchange)
    elif exchange.unsent != before:  # it moves, if slowly: the system's buffer shrinks
        exchange.deadline = clock.now + exchange.route.timeouts.idle
    elif not (exchange.waits and clock.now < exchange.answer_by + clock.TICK):  # see Deadlines
        exchange.fail(verdict(exchange))
    else:
        _early(exchange)


def _early(exchange: "Exchange") -> None:
    """Go elsewhere if the endpoint answers nobody, or wait on. With timeouts of its own the
    exchange may be one that has nothing to hear for long: it accuses nobody."""
    assert exchange.endpoint is not None
    if exchange.timeouts is not exchange.route.timeouts:
        exchange.deadline = exchange.answer_by
        return
    error = exchange.endpoint.on_waits(exchange)
    if error is None or not exchange.leave(error):
        exchange.deadline = clock.now  # at the next look
