"""WebSocket frames (RFC 6455 5), as far as a door has to know them that relays and does not read.

A door that ends a tunnel may say so in the tunnel's own words, a Close frame, but only where a
frame could begin: inside another it would be payload. So the frames that pass are counted.
"""

import base64
import hashlib
import secrets

__all__ = ["GOING_AWAY", "MOST_AT_ONCE", "SERVICE_RESTART", "WEBSOCKET", "Frames", "accept_key"]

WEBSOCKET = b"websocket"
"""What an Upgrade field calls the protocol (RFC 6455 4.1)."""

SERVICE_RESTART = 1012
"""To a client whose door closes: come back. To browsers 1001 would do as well, but libraries that
reconnect after a broken connection take 1001 for an end that was meant, and stay away; those that
do not know 1012 see a broken connection, as they would without a word."""

GOING_AWAY = 1001
"""To an origin: what browsers send when they leave a page, so every server expects it."""

MOST_AT_ONCE = 4096
"""Frames that are counted in one piece, below 2 ms. Who sends more of them has sent nearly empty
ones to keep the worker busy, and only loses the word at the end."""

_NONE, _DATA, _CONTROL = range(3)
_FIN_CLOSE = 0x88
_KINDS = bytes(
    _DATA
    if each & 0xBF in (0x00, 0x01, 0x02, 0x80, 0x81, 0x82)
    else _CONTROL
    if each in (_FIN_CLOSE, 0x89, 0x8A)
    else _NONE
    for each in range(256)
)
"""By a frame's first byte. Data may come in fragments and compressed (RFC 7692); nothing else of
what RFC 6455 reserves has a meaning by now."""

_ENDLESS = float("inf")


class Frames:
    """Counts the frames of one direction of a tunnel. It never raises and keeps 9 bytes at most.

    masked: whether this direction's frames must be, as a client's are (RFC 6455 5.1).
    """

    __slots__ = ("_closing", "_left", "_mask", "_overhead", "_start")

    def __init__(self, masked: bool) -> None:
        self._mask = 0x80 if masked else 0
        self._overhead = 6 if masked else 2
        self._left: float = 0
        self._start = b""
        self._closing = False

    def __repr__(self) -> str:
        broken = self._left == _ENDLESS
        inside = "broken" if broken else "inside a frame" if not self.at_boundary else "at boundary"
        return f"<Frames {'closed' if self.closed else inside}>"

    @property
    def at_boundary(self) -> bool:
        """Whether a frame could begin here. False for ever behind what is no frame."""
        return not self._left and not self._start

    @property
    def closed(self) -> bool:
        """Whether a whole Close frame has passed: nothing may follow it (RFC 6455 5.5.1)."""
        return self._closing and not self._left

    def feed(self, data: bytes) -> None:
        """The next piece, however the network cut it. Costs the frames in it, not the bytes."""
        left = self._left
        size = len(data)
        if left >= size:  # the middle of a long frame, or what is no frame at all
            self._left = left - size
            return
        overhead = self._overhead
        at = 0
        if left:
            at = int(left)
        elif self._start:
            data = self._start + data
            size = len(data)
            self._start = b""
        elif (  # the usual piece is one short frame
            overhead <= size < 126 + overhead
            and data[1] ^ self._mask == size - overhead
            and _KINDS[data[0]] == _DATA
            and not self._closing
        ):
            return
        if self._closing:
            self._left = 0
            return
        for _ in range(MOST_AT_ONCE):
            if size - at < 2:
                self._start = data[at:]
                self._left = 0
                return
            kind = _KINDS[data[at]]
            length = data[at + 1] ^ self._mask
            start = overhead
            if length > 125 and kind == _DATA and length < 128:
                more = 2 if length == 126 else 8
                if size - at < 2 + more:
                    self._start = data[at:]
                    self._left = 0
                    return
                length = _long(data[at + 2 : at + 2 + more])
                start += more
                if length < 0:
                    break
            elif kind == _NONE or length > 125:  # of no use, a long control frame, a wrong mask
                break
            elif data[at] == _FIN_CLOSE:
                self._closing = True
            at += start + length
            if at >= size or self._closing:
                self._left = max(at - size, 0)
                return
        self._left = _ENDLESS

    def farewell(self, code: int, reason: str) -> bytes | None:
        """What a door that ends the tunnel has to send in this direction: a Close frame, b"" if
        one has passed already, None if nothing can be said inside a frame.

        reason: 123 bytes of UTF-8 at most.
        """
        if not self.at_boundary:
            return None
        if self._closing:
            return b""
        payload = code.to_bytes(2, "big") + reason.encode()
        head = bytes((_FIN_CLOSE, self._mask | len(payload)))
        if not self._mask:
            return head + payload
        key = secrets.token_bytes(4)  # unpredictable, RFC 6455 5.3
        return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


def accept_key(key: bytes) -> bytes:
    """The Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2)."""
    made = key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return base64.b64encode(hashlib.sha1(made, usedforsecurity=False).digest())


def _long(digits: bytes) -> int:
    """A length in 2 or 8 bytes; -1 where it needs fewer, or beyond 63 bits (RFC 6455 5.2)."""
    size = int.from_bytes(digits, "big")
    least = 126 if len(digits) == 2 else 65536
    return size if least <= size < 1 << 63 else -1
