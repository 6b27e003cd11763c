"""The frames that come, by their heads alone, before libnghttp2 sees them (RFC 9113 4.1).

It tells of no frame that it ignores, joins what it tells of, and has bounds of its own that end a
connection without saying of what there was too much. So what has to be known of each frame is
looked at here, as cheaply as can be: 0.2 us a frame.
"""

from struct import Struct

from porch.http import h2_glitches as kinds
from porch.http.h2_glitches import Glitches

__all__ = ["MAYBE", "NO", "TINY", "YES", "Arrivals"]

TINY = 32
"""Bytes below which a DATA frame costs more than what is in it."""
HEAD = 9
"""Bytes of a frame's head."""
PREFACE_SIZE = 24

DATA, RESET, SETTINGS, PING = 0, 3, 4, 6
HEADS = (1, 9)
"""HEADERS and CONTINUATION."""
NO, MAYBE, YES = range(3)
END_STREAM, ACK, END_HEADERS = 1, 1, 4

_read_head = Struct(">HBBB").unpack_from


class Arrivals:
    """What comes on a connection, from the preface on.

    partial: whether what came last ended inside the head of a message: NO, YES, or MAYBE, where
    it is the head of a frame. heads: frames with heads, or parts of them, that came last. resets:
    RST_STREAM frames that nobody has asked about.
    """

    __slots__ = ("_begun", "_glitches", "_kind", "_more", "_next", "heads", "partial", "resets")

    def __init__(self, glitches: Glitches) -> None:
        """glitches: where frames that honest clients seldom send are counted."""
        self._glitches = glitches
        self._next = PREFACE_SIZE  # bytes until the next frame begins
        self._begun = b""  # of a frame's head
        self._kind = DATA
        self._more = False  # whether CONTINUATION has to follow
        self.partial = NO
        self.heads = self.resets = 0

    def look(self, data: bytes) -> None:
        """See what has come."""
        at = self._next
        if self._begun:
            data = self._begun + data
            self._begun = b""
        size = len(data)
        last = size - HEAD
        kind = self._kind
        tiny = heads = 0
        while at <= last:
            high, low, kind, flags = _read_head(data, at)
            length = high << 8 | low
            if kind == DATA:
                if length < TINY and not flags & END_STREAM:
                    tiny += 1
            elif kind in HEADS:
                heads += 1
                self._more = not flags & END_HEADERS
            elif kind <= PING:
                self._count(kind, flags)
            at += HEAD + length
        if at < size:
            self._begun = data[at:]
            at = size
            self.partial = YES if self._more else MAYBE
        elif self._more or (at > size and kind in HEADS):
            self.partial = YES
        else:
            self.partial = NO
        self.heads = heads
        self._kind = kind
        self._next = at - size
        if tiny:
            self._glitches.add_free(kinds.TINY_DATA, tiny)

    def _count(self, kind: int, flags: int) -> None:
        """What wants an answer of ours, or may."""
        if kind == RESET:
            self.resets += 1
        elif flags & ACK:
            return
        elif kind == SETTINGS:
            self._glitches.add(kinds.SETTINGS)
        elif kind == PING:
            self._glitches.add_free(kinds.PINGS)
