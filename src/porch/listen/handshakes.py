"""Handshakes: the connections of a worker that are not yet secured.

They are the cheapest thing to send us and the dearest to answer, so they have bounds of their own:
in time, in number, and in how much of one turn of the loop they take from the clients who are
served.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Protocol

from porch import clock
from porch.clock import Deadlines

__all__ = ["A_TURN", "MOST", "SECONDS", "Handshake", "Handshakes"]

SECONDS = 15.0
"""That a client has for its handshake."""
MOST = 2000
"""Handshakes under way at once in a worker; a new one ends the one that has waited longest. Who
is not there to attack has its own done before so many others come: a worker does 3,000 a second.
They hold 30 MB at most if they stop behind the hello, and 64 MB if they stop inside it."""
A_TURN = 4
"""Private keys used in one turn of the loop: a millisecond, in which nobody else is served."""


class Handshake(Protocol):
    """A connection whose client has not yet proved that it can speak."""

    deadline: float

    def on_deadline(self) -> None:
        """See clock.Waiting."""

    def announce(self) -> None:
        """See door.Session."""

    def drain(self) -> None:
        """See door.Session."""

    def close_now(self) -> None:
        """See door.Session."""

    def give_way(self) -> None:
        """There are too many: it ends now."""


class Handshakes:
    """Those under way. done: since somebody took them from there, by version, whether a session
    was resumed, and the protocol inside. failed: the same of others, by a word of handshake_ends.
    """

    __slots__ = ("_deadlines", "_left", "_queue", "_sessions", "_under_way", "done", "failed")

    def __init__(self, sessions: set[Any], deadlines: Deadlines) -> None:
        """sessions: of the door, among which these count."""
        self._sessions = sessions
        self._deadlines = deadlines
        self._under_way: dict[Handshake, None] = {}  # in the order in which they came
        self._queue: deque[Callable[[], None]] = deque()
        self._left = A_TURN
        self.done = Counter[tuple[str, str, str]]()
        self.failed = Counter[str]()

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(self, handshake: Handshake) -> None:
        """A connection was accepted."""
        handshake.deadline = clock.now + SECONDS
        self._deadlines.watch(handshake)
        self._sessions.add(handshake)
        self._under_way[handshake] = None
        if len(self._under_way) > MOST:
            next(iter(self._under_way)).give_way()

    def end(self, handshake: Handshake) -> None:
        """It is done, or comes to nothing."""
        self._deadlines.discard(handshake)
        self._sessions.discard(handshake)
        self._under_way.pop(handshake, None)

    def count(self, version: str, protocol: str | None, *, is_resumed: bool) -> None:
        """One is done. protocol: that both sides speak inside (RFC 7301), None if none was said."""
        self.done[version, "true" if is_resumed else "false", protocol or "none"] += 1

    def work(self, step: Callable[[], None]) -> None:
        """Do the dear part of one, now or in one of the next turns of the loop."""
        if self._left == A_TURN:
            asyncio.get_running_loop().call_soon(self._turn)
        if self._left and not self._queue:
            self._left -= 1
            step()
        else:
            self._queue.append(step)

    def _turn(self) -> None:
        queue = self._queue
        self._left = A_TURN
        if queue:
            asyncio.get_running_loop().call_soon(self._turn)
            self._left = 0
            for _ in range(min(len(queue), A_TURN)):
                queue.popleft()()
