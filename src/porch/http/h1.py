"""HTTP/1.1 messages out of bytes, what both directions share (RFC 9112). Sans-IO.

A decoder takes bytes and returns pieces `(head, data, end)`: a head with the data that came with
it, then data, `end` with the last; trailers, if any, are the head of the last piece. Framing and
limits are checked here and in `h1_request.py` and `h1_response.py`, and nowhere else.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from porch.http.chunked import ChunkedBody, ChunkedError
from porch.http.message import Trailers
from porch.http.stream import Head

__all__ = ["Decoder", "HeadLimits", "Piece", "content_length"]

Piece = tuple[Head | None, bytes, bool]

HEAD, INTERIM, LENGTH, CHUNKED, UNTIL_CLOSE, RAW = range(6)
"""What comes next: a head, one more head of the same message, so many bytes, chunks, all until
the end, all of a tunnel."""

MEANT_ANYWAY = (b"keep-alive", b"Keep-Alive")
"""What every browser and many servers say in Connection, and HTTP/1.1 means without the word."""
_BARE = re.compile(rb"(?<!\r)\n|\r[^\n]|\x00")
"""What no head may hold, found before the head's end has come."""
_LENGTH_VALUE = re.compile(rb"[0-9]{1,18}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLimits:
    """Bounds on a head. request_line and head in bytes; a status line is a part of its head."""

    request_line: int = 16384
    head: int = 65536
    fields: int = 128


def content_length(values: list[bytes]) -> int | None:
    """The one length that `values` of Content-Length give, or None if they are malformed.

    RFC 9112 6.3 lets a recipient fold equal values into one; two parties that fold differently
    are how one message becomes two, so a second value is malformed here.
    """
    if len(values) != 1 or _LENGTH_VALUE.match(values[0]) is None:
        return None
    return int(values[0])


class Decoder:
    """Gathers heads and reads bodies by their framing. A direction says what a head means.

    rest: bytes that came and are not decoded yet. While it is not empty and the message has not
        ended, `decode(b"")` has more to give.
    """

    __slots__ = ("_chunks", "_left", "_limits", "_searched", "_state", "rest")

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._state = HEAD
        self._left = 0
        self._searched = 0
        self._chunks: ChunkedBody | None = None
        self.rest = b""

    def expected(self) -> int:
        """Bytes of the body that are known to be still to come; 0 where chunks will tell."""
        return self._left if self._state == LENGTH else 0

    def decode(self, data: bytes) -> Piece | None:
        """Take `data` in and return the next piece, or None until more comes.

        Raises a PorchError; nothing that came with or behind its cause may be read.
        """
        searched = 0
        if self.rest:
            searched, self._searched = self._searched, 0
            data = self.rest + data
            self.rest = b""
        if self._state != HEAD:
            return self._decode_body(data) if data else None
        end = data.find(b"\r\n\r\n", searched)
        if end < 0:
            if data:
                self._wait(data, searched)
            return None
        limits = self._limits
        if end > limits.head:
            self._check_first_line(data)
            self._too_large(f"the head has {end} bytes")
        head = self._read_head(data[:end])
        state = self._state
        end += 4
        if state == HEAD:
            if len(data) > end:
                self.rest = data[end:]
            return head, b"", True
        data = data[end:]
        if state == LENGTH and len(data) == self._left:
            self._state = HEAD
            return head, data, True
        if not data:
            if state == INTERIM:
                self._state = HEAD
            return head, b"", False
        return self._first_of_body(head, data)

    def _first_of_body(self, head: Head, data: bytes) -> Piece:
        """What came with a head: some of its body, all of it and more, or the next head."""
        if self._state == INTERIM:
            self._state = HEAD
            self.rest = data
            return head, b"", False
        chunks = self._chunks
        piece = self._decode_body(data)
        if piece is None:
            return head, b"", False
        if piece[0] is not None:
            # A head and trailers are two heads, so two pieces: the chunks are read once more.
            assert chunks is not None
            chunks.restart()
            self._state = CHUNKED
            self._chunks = chunks
            self.rest = data
            return head, b"", False
        return head, piece[1], piece[2]

    def _decode_body(self, data: bytes) -> Piece | None:
        if self._state == LENGTH:
            left = self._left
            if len(data) < left:
                self._left = left - len(data)
                return None, data, False
            self._state = HEAD
            if len(data) > left:
                self.rest = data[left:]
                data = data[:left]
            return None, data, True
        if self._state == CHUNKED:
            return self._decode_chunks(data)
        return None, data, False

    def _decode_chunks(self, data: bytes) -> Piece | None:
        chunks = self._chunks
        assert chunks is not None
        try:
            body, end, rest = chunks.decode(data)
        except ChunkedError as error:
            self._malformed(str(error))
        if not end:
            return (None, body, False) if body else None
        self._state = HEAD
        self._chunks = None
        self.rest = rest
        return (Trailers(chunks.trailers) if chunks.trailers else None), body, True

    def _wait(self, data: bytes, searched: int) -> None:
        """Keep the beginning of a head, if it can still become one.

        What was searched for its end is not searched again: a head that comes byte by byte
        costs no more than its length. Three bytes of the end may be here already.
        """
        self._check_first_line(data)
        limits = self._limits
        if len(data) > limits.head + 3:
            self._too_large(f"the head has over {limits.head} bytes")
        if _BARE.search(data, searched):
            self._malformed("a bare CR, LF or NUL in the head")
        self.rest = data
        self._searched = max(0, len(data) - 3)

    def _check_first_line(self, data: bytes) -> None:
        """Refuse a first line that is too long already, where it has a limit of its own."""

    def _read_head(self, block: bytes) -> Head:
        """The head that `block` is, without its empty line; sets the state for what follows it."""
        raise NotImplementedError

    def _too_many(self, lines: list[bytes]) -> NoReturn:
        self._too_large(f"the head has {len(lines) - 1} fields")

    def _malformed(self, detail: str) -> NoReturn:
        raise NotImplementedError

    def _too_large(self, detail: str) -> NoReturn:
        raise NotImplementedError
