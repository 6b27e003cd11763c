"""HTTP/2 frames written by hand, and read: any of them, valid or not (RFC 9113 4, RFC 7541)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hpack import Decoder

__all__ = [
    "BASIC",
    "PREFACE",
    "Frame",
    "Frames",
    "block",
    "continuation",
    "data",
    "frame",
    "goaway",
    "headers",
    "ping",
    "priority",
    "priority_update",
    "reset",
    "settings",
    "window_update",
]

Field = tuple[bytes, bytes]

DATA, HEADERS, PRIORITY, RESET, SETTINGS, _, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
PRIORITY_UPDATE = 0x10
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8

BASIC: Sequence[Field] = (
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":path", b"/case"),
    (b":authority", b"a.test"),
)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Any frame."""
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags))
    return head + stream.to_bytes(4, "big") + payload


def _integer(first: int, bits: int, value: int) -> bytes:
    most = (1 << bits) - 1
    if value < most:
        return bytes((first | value,))
    out = [first | most]
    value -= most
    while value >= 128:
        out.append(value % 128 | 128)
        value //= 128
    return bytes([*out, value])


def block(fields: Iterable[Field]) -> bytes:
    """A header block of literals that nobody remembers: whatever the bytes are, they are sent."""
    return b"".join(
        b"\0" + _integer(0, 7, len(name)) + name + _integer(0, 7, len(value)) + value
        for name, value in fields
    )


def headers(stream: int, fields: Iterable[Field], *, end: bool = True) -> bytes:
    """HEADERS, with CONTINUATION where they do not fit into one frame."""
    whole = block(fields)
    pieces = [whole[at : at + 16384] for at in range(0, max(len(whole), 1), 16384)]
    flags = (END_STREAM if end else 0) | (END_HEADERS if len(pieces) == 1 else 0)
    out = frame(HEADERS, flags, stream, pieces[0])
    for number, piece in enumerate(pieces[1:], 2):
        out += frame(CONTINUATION, END_HEADERS if number == len(pieces) else 0, stream, piece)
    return out


def continuation(stream: int, payload: bytes, *, end: bool) -> bytes:
    """More of a header block."""
    return frame(CONTINUATION, END_HEADERS if end else 0, stream, payload)


def data(stream: int, payload: bytes, *, end: bool = False, padding: int | None = None) -> bytes:
    """DATA; padding: bytes of it."""
    flags = END_STREAM if end else 0
    if padding is not None:
        flags |= PADDED
        payload = bytes((padding,)) + payload + bytes(padding)
    return frame(DATA, flags, stream, payload)


def settings(*pairs: tuple[int, int], ack: bool = False) -> bytes:
    """SETTINGS."""
    payload = b"".join(key.to_bytes(2, "big") + value.to_bytes(4, "big") for key, value in pairs)
    return frame(SETTINGS, ACK if ack else 0, 0, payload)


def ping(payload: bytes = bytes(8), *, ack: bool = False) -> bytes:
    """PING."""
    return frame(PING, ACK if ack else 0, 0, payload)


def reset(stream: int, code: int = 8) -> bytes:
    """RST_STREAM."""
    return frame(RESET, 0, stream, code.to_bytes(4, "big"))


def goaway(last: int = 0, code: int = 0) -> bytes:
    """GOAWAY."""
    return frame(GOAWAY, 0, 0, last.to_bytes(4, "big") + code.to_bytes(4, "big"))


def window_update(stream: int, size: int) -> bytes:
    """WINDOW_UPDATE."""
    return frame(WINDOW, 0, stream, size.to_bytes(4, "big"))


def priority(stream: int, on: int = 0) -> bytes:
    """PRIORITY, of old."""
    return frame(PRIORITY, 0, stream, on.to_bytes(4, "big") + b"\x10")


def priority_update(stream: int, value: bytes = b"u=1") -> bytes:
    """PRIORITY_UPDATE (RFC 9218 7.1)."""
    return frame(PRIORITY_UPDATE, 0, 0, stream.to_bytes(4, "big") + value)


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings()
"""What a client says first."""


class Frame(NamedTuple):
    """One that came. fields: those of a header block that is whole."""

    kind: int
    flags: int
    stream: int
    payload: bytes
    fields: tuple[Field, ...] = ()

    @property
    def ends(self) -> bool:
        """Whether it is the last of its stream."""
        return self.kind in (DATA, HEADERS) and bool(self.flags & END_STREAM)

    @property
    def code(self) -> int:
        """The error code of RST_STREAM or GOAWAY."""
        return int.from_bytes(self.payload[:4] if self.kind == RESET else self.payload[4:8], "big")

    @property
    def status(self) -> int:
        """Of HEADERS; 0 for trailers."""
        return int(dict(self.fields).get(b":status", 0))


class Frames:
    """Reads frames out of bytes in any pieces; all of one connection, for HPACK."""

    def __init__(self) -> None:
        self._rest = b""
        self._block = b""
        self._decoder = Decoder()

    def read(self, got: bytes) -> Iterator[Frame]:
        """Those that are whole by now."""
        self._rest += got
        while len(self._rest) >= 9:
            end = 9 + int.from_bytes(self._rest[:3], "big")
            if len(self._rest) < end:
                return
            head, payload = self._rest[:9], self._rest[9:end]
            self._rest = self._rest[end:]
            yield self._frame(head[3], head[4], int.from_bytes(head[5:], "big"), payload)

    def indexed(self) -> list[Field]:
        """What HPACK's table has of those that came (RFC 7541 2.3.2), the last first."""
        return [
            (bytes(name), bytes(value))
            for name, value in self._decoder.header_table.dynamic_entries
        ]

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> Frame:
        fields: tuple[Field, ...] = ()
        if kind in (HEADERS, CONTINUATION):
            self._block += payload
            if flags & END_HEADERS:
                decoded = self._decoder.decode(self._block, raw=True)
                fields = tuple((bytes(name), bytes(value)) for name, value in decoded)
                self._block = b""
        return Frame(kind, flags, stream, payload, fields)
