"""The chunked transfer coding, decoded (RFC 9112 7.1).

Strict: a size is hexadecimal digits alone, an extension follows the grammar, chunk data is
followed by exactly CRLF. Extensions are dropped (7.1.1 lets a recipient ignore them).
"""

import re
from collections.abc import Collection
from typing import Final

from porch.http.fields import HOP_BY_HOP, decoded
from porch.http.message import Field

__all__ = ["FRAMING", "ChunkedBody", "ChunkedError", "passes_behind"]

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
SIZE_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,15})"
    rb"((?:[ \t]*;[ \t]*"
    + _TOKEN
    + rb"(?:[ \t]*=[ \t]*(?:"
    + _TOKEN
    + rb"|"
    + _QUOTED
    + rb"))?)*)\Z"
)

LONGEST_LINE = 1024
"""Bytes of a size line with its extensions. Go allows 4096, nginx drops what is longer."""
MOST_OVERHEAD = 16384
"""Bytes of extensions in a whole body: they cost us and carry nothing."""

FORBIDDEN_TRAILERS: Final = HOP_BY_HOP | frozenset(
    (
        b"age",
        b"authorization",
        b"cache-control",
        b"client-cert",
        b"client-cert-chain",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"cookie",
        b"date",
        b"expect",
        b"expires",
        b"forwarded",
        b"host",
        b"location",
        b"max-forwards",
        b"pragma",
        b"range",
        b"retry-after",
        b"set-cookie",
        b"trailer",
        b"vary",
        b"via",
        b"warning",
        b"true-client-ip",
        b"www-authenticate",
        b"x-original-url",
        b"x-real-ip",
        b"x-rewrite-url",
    )
)
"""Fields that say how to frame, route, authenticate or read a message come too late behind it
(RFC 9110 6.5.1); they are dropped, and so is every x-forwarded one. An origin that merges
trailers into its fields must not find there what its door keeps out of the head."""


FRAMING: Final = frozenset((b"content-length", b"transfer-encoding"))
"""Of those the ones that would frame a body that is over. Nobody sends them without a defect or an
intent, and libnghttp2, HAProxy and Go take no message of HTTP/2 with them: nor are they taken here,
in either version."""


def passes_behind(name: bytes) -> bool:
    """Whether a trailer field of this name goes on. With an underscore a CGI-like origin would read
    it as another's name."""
    return not (name in FORBIDDEN_TRAILERS or name.startswith(b"x-forwarded-") or b"_" in name)


_SIZE, _DATA, _DATA_END, _TRAILERS, _DONE = range(5)


class ChunkedError(ValueError):
    """The body is not chunked as it should be; the text says where."""


class ChunkedBody:
    """Decodes one chunked body, fed in pieces of any size.

    trailers: the trailer fields that may be passed on; complete when `end` is reported.
    dropped: names of fields that Connection named, which end here too (RFC 9110 7.6.1).
    """

    __slots__ = (
        "_left",
        "_most_fields",
        "_most_trailers",
        "_overhead",
        "_rest",
        "_state",
        "dropped",
        "trailers",
    )

    def __init__(self, most_trailers: int, most_fields: int) -> None:
        """most_trailers, most_fields: bytes and fields that the trailer section may have."""
        self._most_trailers = most_trailers
        self._most_fields = most_fields
        self.dropped: Collection[bytes] = ()
        self.restart()

    def restart(self) -> None:
        """Forget all that was fed."""
        self._state = _SIZE
        self._left = 0
        self._rest = b""
        self._overhead = 0
        self.trailers: list[Field] = []

    def decode(self, data: bytes) -> tuple[bytes, bool, bytes]:
        """(body bytes, whether the body is over, what lies behind it).

        Raises ChunkedError. What was decoded before the error in this piece is lost: a body with
        an error in it must never look whole.
        """
        searched = 0
        if self._rest:
            searched = max(0, len(self._rest) - 3)
            data = self._rest + data
            self._rest = b""
        pieces: list[bytes] = []
        at = 0
        while True:
            if self._state == _DATA:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    break
                self._state = _DATA_END
            if self._state == _DATA_END:
                ending = data[at : at + 2]
                if ending != b"\r\n":
                    if b"\r\n".startswith(ending):
                        self._rest = ending
                        break
                    raise ChunkedError("chunk data is not followed by CRLF")
                at += 2
                self._state = _SIZE
            if self._state == _SIZE:
                after = self._read_size(data, at)
                if after < 0:
                    break
                at = after
            if self._state == _TRAILERS:
                after = self._read_trailers(data, at, searched)
                if after < 0:
                    break
                return b"".join(pieces), True, data[after:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces), False, b""

    def _read_size(self, data: bytes, at: int) -> int:
        """The position behind the size line, or -1 if it is not whole yet."""
        end = data.find(b"\r\n", at, at + LONGEST_LINE)
        if end < 0:
            self._keep(data[at:], 0, LONGEST_LINE, "a chunk's size line")
            return -1
        match = SIZE_LINE.match(data[at:end])
        if match is None:
            raise ChunkedError("a chunk's size line is malformed")
        self._overhead += len(match[2])
        if self._overhead > MOST_OVERHEAD:
            raise ChunkedError("chunk extensions take too much room")
        self._left = int(match[1], 16)
        self._state = _DATA if self._left else _TRAILERS
        return end + 2

    def _read_trailers(self, data: bytes, at: int, searched: int) -> int:
        """The position behind the trailer section, or -1 if it is not whole yet.

        searched: bytes at the beginning of `data` that hold no end, known from before.
        """
        if data.startswith(b"\r\n", at):
            self._state = _DONE
            return at + 2
        start = max(at, searched)
        end = data.find(b"\r\n\r\n", start, at + self._most_trailers)
        if end < 0:
            self._keep(data[at:], start - at, self._most_trailers, "the trailer section")
            return -1
        lines = data[at:end].split(b"\r\n")
        if len(lines) > self._most_fields:
            raise ChunkedError("the trailer section has too many fields")
        try:
            fields = [decoded[line] for line in lines]
        except ValueError:
            raise ChunkedError("a trailer field is malformed") from None
        for name, _ in fields:
            if name in FRAMING:
                raise ChunkedError(f"{name.decode()} stands in the trailer section")
        self.trailers = [field for field in fields if self._passes(field[0])]
        self._state = _DONE
        return end + 4

    def _passes(self, name: bytes) -> bool:
        """Whether a trailer field goes on."""
        return name not in self.dropped and passes_behind(name)

    def _keep(self, rest: bytes, searched: int, most: int, what: str) -> None:
        if len(rest) >= most:
            raise ChunkedError(f"{what} is too long")
        if _BARE.search(rest, searched):
            raise ChunkedError(f"{what} has a bare CR, LF or NUL")
        self._rest = rest


_BARE = re.compile(rb"(?<!\r)\n|\r[^\n]|\x00")
