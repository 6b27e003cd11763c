"""Rates: who sends a body, or takes an answer, so slowly that it does so on purpose.

A client that sends a byte a minute is never silent for `timeouts.idle`, and holds a connection, an
origin and memory for as long as it likes. So all that runs is looked over from time to time: what
came, or was taken, since the last look but a few must be at least `limits.min_rate` a second on
average. Only the time is counted in which the client could have done more: not while the door
reads nothing of it, nor while nothing waits for it, as in a long poll, a WebSocket, or an answer
of which the origin says nothing. Nothing is noted where it would cost an exchange anything.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterable
from socket import IPPROTO_TCP, TCP_INFO

from porch import clock
from porch.clock import Deadlines
from porch.errors import ClientGone, RequestTimeout
from porch.exchange import Exchange
from porch.listen.door_session import Session

__all__ = ["BODY", "GRACE", "LOOK", "PATIENCE", "SLOW", "Rates", "taken"]

SLOW = "slow_client"
"""By which those are counted that were cut."""
LOOK = 2.5
"""Seconds between two looks: 10,000 that run take 5 ms."""
GRACE = 10.0
"""Seconds over which a body that comes is measured, at least."""
PATIENCE = 30.0
"""The same of an answer that is taken: players of sound and films read ahead, and then pause."""
BODY = "the request's body came at less than limits.min_rate"
_ANSWER = "the client took less of the answer than limits.min_rate"
_ACKED = struct.Struct("=120xQ")
"""tcp_info of <linux/tcp.h>: tcpi_bytes_acked, all that the far end has of this connection."""


class Rates:
    """Of one worker. sessions, cuts: of its door."""

    __slots__ = ("_answers", "_bodies", "_cuts", "_deadlines", "_next", "_sessions", "_warn")

    def __init__(
        self,
        sessions: Iterable[Session],
        deadlines: Deadlines,
        cuts: Counter[str],
        warn: Callable[[str, str], None],
    ) -> None:
        self._sessions = sessions
        self._deadlines = deadlines
        self._cuts = cuts
        self._warn = warn
        self._bodies: dict[Exchange, tuple[float, int]] = {}
        self._answers: dict[Session, tuple[float, int]] = {}
        self._next = 0.0

    def tick(self) -> None:
        """Time has passed. Looks when it is time to."""
        if clock.now >= self._next:
            self._next = clock.now + LOOK
            self._look_at_bodies()
            self._look_at_answers()

    def _look_at_bodies(self) -> None:
        before, self._bodies = self._bodies, {}
        for each in [each for each in self._deadlines if each.__class__ is Exchange]:
            if each.request_done or not _comes(each):
                continue
            since, size = before.get(each, (clock.now, each.bytes_in))
            if clock.now - since >= GRACE:
                if each.bytes_in - size < (clock.now - since) * each.route.limits.min_rate:
                    self._count(each.client.peer, BODY)
                    each.fail(RequestTimeout(BODY))
                    continue
                since, size = clock.now, each.bytes_in
            self._bodies[each] = since, size

    def _look_at_answers(self) -> None:
        before, self._answers = self._answers, {}
        for each in tuple(self._sessions):
            owed = each.owed()
            if owed is None:
                continue
            took, least = owed
            since, size = before.get(each, (clock.now, took))
            if clock.now - since >= PATIENCE:
                if took - size < (clock.now - since) * least:
                    self._count(getattr(each, "peer", b"-"), _ANSWER)
                    each.give_up(ClientGone(_ANSWER))
                    continue
                since, size = clock.now, took
            self._answers[each] = since, size

    def _count(self, peer: bytes, what: str) -> None:
        self._cuts[SLOW] += 1
        self._warn(f"{peer.decode()} was cut: {what}", f"{SLOW}: {what}")


def _comes(exchange: Exchange) -> bool:
    """Whether the client is expected to send. Calls may be silent for long, and who has an answer
    already need not hurry."""
    return (
        exchange.response is None
        and not exchange.upgraded
        and exchange.timeouts is exchange.route.timeouts
        and not (exchange.request.expect and not exchange.bytes_in)
        and exchange.client.is_read()
    )


def taken(socket: object) -> int:
    """Bytes that the far end of a connection has acknowledged; -1 where the system does not say."""
    try:
        found = socket.getsockopt(IPPROTO_TCP, TCP_INFO, _ACKED.size)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return -1
    return int(_ACKED.unpack(found)[0]) if len(found) == _ACKED.size else -1
