"""Choosing: which of the exchanges that have ended have a line in one access log."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from porch.exchange import Exchange

__all__ = ["SLOW", "Choice", "phase"]

SLOW = 1.0
"""Seconds from which an exchange is kept whatever `sample` says, where `slower` says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """statuses: "404", "5xx" or "error", any of them; () for all. routes: keys, () for all.

    Of what is left: errors: those that failed. slower: those that took as many seconds; 0.0 for
    none. sample: so great a share of all, 0.0 to 1.0, and with it all that failed or was slow;
    below 0 there is no sample. Where nothing of the three is asked for, all are chosen.
    """

    statuses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    errors: bool = False
    slower: float = 0.0
    sample: float = -1.0
    chance: Callable[[], float] = random.random

    def __call__(self, exchanges: Sequence[Exchange]) -> list[Exchange]:
        """Those that have a line, in their order."""
        return [each for each in exchanges if self._has_line(each)]

    def _has_line(self, exchange: Exchange) -> bool:
        if self.routes and exchange.route.key not in self.routes:
            return False
        if self.statuses and not any(_is(exchange, each) for each in self.statuses):
            return False
        is_sample = self.sample >= 0
        if not (is_sample or self.errors or self.slower):
            return True
        if (self.errors or is_sample) and _failed(exchange):
            return True
        slow = self.slower or (SLOW if is_sample else 0.0)
        if slow and exchange.ended - exchange.started >= slow:
            return True
        return is_sample and self.chance() < self.sample


def _is(exchange: Exchange, status: str) -> bool:
    if status == "error":
        return _failed(exchange)
    if status.endswith("xx"):
        return exchange.status // 100 == int(status[0])
    return exchange.status == int(status)


def _failed(exchange: Exchange) -> bool:
    """As `porch tail --status error` has it: the door gave up or refused, or the origin failed."""
    return exchange.error is not None or exchange.status >= 500 or not exchange.status


def phase(exchange: Exchange) -> str:
    """What took longest: "door" (before an endpoint was asked, or all of it), "retries" (attempts
    that failed), "connect" (for a connection, in a queue too), "first_byte" (the request going out,
    and the origin until the head of its answer) or "body" (the rest of it, at the pace of origin
    and client)."""
    at = exchange.started
    if exchange.endpoint is None:
        return "door"
    steps: list[tuple[str, float]] = []
    if exchange.tried:
        steps.append(("retries", exchange.tried[-1].at))
    connected, first_byte = exchange.connected, exchange.first_byte
    last = "connect"
    if connected and connected >= (steps[-1][1] if steps else at):
        steps.append(("connect", connected))
        last = "first_byte"
        if first_byte >= connected:
            steps.append(("first_byte", first_byte))
            last = "body"
    steps.append((last, exchange.ended))
    longest, found = -1.0, ""
    for name, reached in steps:
        if reached - at > longest:
            longest, found = reached - at, name
        at = reached
    return found
