"""Pacing: how fast the origin is read for the cache, where its answer is not stored.

What is stored is read as fast as it comes. What is not waits in memory for those who read it, or in
a file for those in other workers; and until its head is there nobody knows which it will be.
"""

from collections.abc import Mapping, Set

from porch.cache.arriving import Arriving
from porch.cache.waiting import Waiting
from porch.exchange import Exchange
from porch.reader import OPEN, Reader

__all__ = ["WATCH", "WINDOW", "Pace"]

WINDOW = 1 << 18
"""Bytes of a body that is not stored which may wait for the slowest reader."""
WATCH = 0.005
"""Seconds between two looks at how far readers in other workers are."""


class Pace:
    """Of one fill. waiting, readers: who waits for its answer and who reads it, as they are at each
    time."""

    __slots__ = ("_is_full", "_readers", "_waiting")

    def __init__(self, waiting: Mapping[Exchange, Waiting], readers: Set[Reader]) -> None:
        self._waiting = waiting
        self._readers = readers
        self._is_full = False

    def __repr__(self) -> str:
        return f"<Pace{' full' if self._is_full else ''}>"

    def sip(self, exchange: Exchange, body: Arriving | None) -> None:
        """Read little at a time, if all for whom it is read have much to take already, or take
        nothing, and it is not known to be stored; or as ever. See keeper.UpstreamStream.sip. It is
        read all the same: others may come who wait for it, or do in other workers."""
        little = (
            not (body is not None and body.stores)
            and bool(self._waiting or self._readers)
            and all(each.sips or each.client_full for each in self._waiting)
            and all(each.sips or each.is_paused for each in self._readers)
        )
        if exchange.sips is not little:
            exchange.sips = little
            if exchange.upstream is not None:
                exchange.upstream.sip(little)

    def forget(self, body: Arriving) -> bool:
        """Let go of what all have read. See Arriving.forget."""
        return body.forget(min((each.at for each in self._readers), default=OPEN))

    def keep(self, exchange: Exchange, body: Arriving) -> None:
        """Have the origin wait for the slowest, or go on. Where nobody takes any it waits at once:
        what is here already is all that is held for them."""
        self.sip(exchange, body)
        takes_none = not body.lent and all(each.is_paused for each in self._readers)
        if takes_none or body.held > WINDOW:
            if not self._is_full:
                self._is_full = True
                exchange.on_client_full()
        elif body.held <= WINDOW // 2 and self._is_full:
            self._is_full = False
            exchange.on_client_drained()
