"""Relay: from the admin door to the supervisor, which alone carries out operations, and back.

An operation goes over the channel with a number, and its answer comes with the same one. How many
may wait, and how much of them, is bounded; a supervisor that is silent is told of. When this
process dies the supervisor finishes what it does, and its answer is for nobody.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["MOST", "MOST_BYTES", "PATIENCE", "Relay", "Told"]

MOST = 64
"""Operations that may wait at once, as many as commands may."""
MOST_BYTES = 4 << 20
"""Bytes of what these say. One has at most 1 MiB."""
PATIENCE = 60.0
"""Seconds: a reload of ten thousand routes takes fewer."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an operation. status: of HTTP. answer: for JSON. etag: of the state that it
    is about, "" for none."""

    status: int
    answer: object
    etag: str = ""


_BUSY = Told(503, {"error": "too many operations wait already; try again when one has ended"})
_SILENT = Told(
    504,
    {
        "error": "the supervisor does not answer; what was asked for may still be done: porch "
        "status tells, or a restart helps"
    },
)

Tell = Callable[[Told], None]


class Relay:
    """send: a word and what goes with it, to the supervisor."""

    def __init__(self, send: Callable[[str, object], None]) -> None:
        self._send = send
        self._number = 0
        self._bytes = 0
        self._waiting: dict[int, tuple[Tell, int, asyncio.TimerHandle]] = {}

    def operate(
        self,
        name: str,
        words: Mapping[str, object],
        who: str,
        if_match: Sequence[str],
        size: int,
        tell: Tell,
    ) -> None:
        """Have it done. who: for the audit. if_match: see Operating.operate. size: bytes of its
        words. tell: called once, later."""
        loop = asyncio.get_running_loop()
        if len(self._waiting) >= MOST or self._bytes + size > MOST_BYTES:
            loop.call_soon(tell, _BUSY)
            return
        self._number += 1
        number = self._number
        timer = loop.call_later(PATIENCE, self._end, number, _SILENT)
        self._waiting[number] = tell, size, timer
        self._bytes += size
        self._send("operate", (number, name, dict(words), who, tuple(if_match)))

    def on_operated(self, number: int, status: int, answer: object, etag: str) -> None:
        """The supervisor has answered; perhaps nobody waits for it any more."""
        self._end(number, Told(status, answer, etag))

    def _end(self, number: int, told: Told) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is None:
            return
        tell, size, timer = waiting
        timer.cancel()
        self._bytes -= size
        tell(told)
