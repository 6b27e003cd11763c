"""Coder: one coding, whole or as a stream. What a library does is behind this, and nowhere else.

Efforts are the same words for all; each coder has a table of its own levels for them, by what
bench/compression_corpus.py measures (docs/compression.md has its results).
"""

from typing import Protocol

__all__ = ["FAST", "HOT", "SMALL", "USUAL", "Coder", "Stream"]

FAST, USUAL, SMALL, HOT = range(4)
"""Efforts. HOT is for what is coded once, beside the loop, and sent a thousand times."""


class Stream(Protocol):
    """One body on its way."""

    def change(self, data: bytes, end: bool) -> bytes:
        """The coded form of a piece, all of it: whoever reads it has the whole piece. Never called
        again behind `end`."""


class Coder(Protocol):
    """name: as Content-Encoding has it."""

    name: bytes

    def whole(self, data: bytes, effort: int) -> bytes:
        """A body at once. Of HOT it may be called in another thread."""

    def plain(self, coded: bytes) -> bytes:
        """What `whole` or a stream was given, all of it: of our own forms alone. It may be called
        in another thread."""

    def stream(self, effort: int) -> Stream:
        """For a body in pieces; FAST, USUAL or SMALL."""

    def memory(self, effort: int) -> int:
        """Bytes that such a stream takes while it runs, as measured."""
