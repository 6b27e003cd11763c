"""Kept: the connections of Porch's own questions that wait for the next one (client.py).

The one used last is used first, so that the others grow old and are closed. What somebody says
there unasked, or an end, closes a connection: it is never the next answer.
"""

import asyncio
from typing import TYPE_CHECKING

from porch import clock

if TYPE_CHECKING:
    from porch.forward.asked import AskedByOne

__all__ = ["IDLE", "Kept"]

IDLE = 4.0
"""Seconds that one waits: shorter than common servers' own, so that it is seldom them who close."""


class Kept:
    """most: that wait at a time."""

    __slots__ = ("_idle", "_most", "_timer")

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: dict[AskedByOne, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Kept {len(self._idle)} of {self._most}>"

    def take(self) -> "AskedByOne | None":
        """One that the far end has left open, as far as is known."""
        while self._idle:
            connection, _ = self._idle.popitem()
            if connection.is_quiet():
                return connection
            connection.abandon()
        return None

    def put(self, connection: "AskedByOne") -> bool:
        """It may serve again. Whether there is room."""
        if len(self._idle) >= self._most:
            return False
        self._idle[connection] = clock.monotonic() + IDLE
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(IDLE, self._expire)
        return True

    def forget(self, connection: "AskedByOne") -> None:
        """It is over."""
        self._idle.pop(connection, None)

    def _expire(self) -> None:
        """Those that came first have waited for the longest."""
        self._timer = None
        now = clock.monotonic()
        for connection, until in tuple(self._idle.items()):
            if until > now:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(until - now, self._expire)
                return
            del self._idle[connection]
            connection.abandon()
