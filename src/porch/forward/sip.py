"""Sip: reading from an origin in small pieces.

An event loop reads as much as 256 KB at once. Some clients have much to take already and may take
none of this answer: then so much of each of their answers would have to be held.
"""

import asyncio
from typing import Protocol

__all__ = ["A_HEAD", "A_SIP", "Sip"]

A_SIP = 8192
"""Bytes that are read at once."""
A_HEAD = 2048
"""Bytes that are read at once of a head and what comes behind it: most heads are shorter. An answer
whose client takes nothing is read until its head is here, which may say that others can have it."""

_room = memoryview(bytearray(A_SIP))  # for all: what is read is taken out of it at once
_little = _room[:A_HEAD]


class Begins(Protocol):
    """What the pieces are of. started: whether the head is here."""

    started: bool


class Sip(asyncio.BufferedProtocol):
    """Stands before a protocol, and tells it all."""

    __slots__ = (
        *("_answer", "_inner"),
        *("connection_lost", "eof_received", "pause_writing", "resume_writing"),
    )

    def __init__(self, inner: asyncio.Protocol, answer: Begins) -> None:
        self._inner = inner
        self._answer = answer
        self.connection_lost = inner.connection_lost  # type: ignore[method-assign]
        self.eof_received = inner.eof_received  # type: ignore[method-assign]
        self.pause_writing = inner.pause_writing  # type: ignore[method-assign]
        self.resume_writing = inner.resume_writing  # type: ignore[method-assign]

    def __repr__(self) -> str:
        return f"<Sip {self._inner!r}>"

    def get_buffer(self, sizehint: int) -> memoryview:
        """See asyncio.BufferedProtocol."""
        return _room if self._answer.started else _little

    def buffer_updated(self, nbytes: int) -> None:
        """See asyncio.BufferedProtocol."""
        self._inner.data_received(bytes(_room[:nbytes]))
