"""Hello: what a client says first in a TLS handshake, read before OpenSSL sees it.

By its name and protocols the certificate is chosen; and a client that speaks plain HTTP to this
port is known by its first byte. What is broken here is left to OpenSSL, which refuses it with the
alert that fits: nothing of the handshake is decided on these bytes but the choice.
"""

from struct import Struct
from struct import error as StructError

__all__ = ["LONGEST", "UNKNOWN", "Hello", "read_hello"]

LONGEST = 32768
"""Bytes of a hello that is waited for. With post-quantum key shares they have about 2,000."""
_LONGEST_NAME = 255
"""Bytes of a host that is looked up: OpenSSL refuses who asks for a longer one, and by then a name
of 16,000 labels would have cost 160 ms."""
_MOST_RECORDS = 16
"""Records that it may be cut into: each costs a look at every arrival."""

_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _ALPN = 0, 16
_SIZE = Struct(">H").unpack_from
_KIND_AND_SIZE = Struct(">HH").unpack_from
_FIXED = 4 + 2 + 32
"""Bytes of a message's head, the version and the random number."""


class Hello:
    """name: the host asked for, lower-case, without a last dot, "" for none (RFC 6066 3).
    protocols: those the client offers, in its order (RFC 7301)."""

    __slots__ = ("name", "protocols")

    def __init__(self, name: str, protocols: tuple[bytes, ...]) -> None:
        self.name = name
        self.protocols = protocols

    def __repr__(self) -> str:
        return f"<Hello {self.name!r} {self.protocols}>"


UNKNOWN = Hello("", ())
"""Of what cannot be read."""


def read_hello(data: bytes) -> Hello | None:
    """What stands in `data`, the first bytes of a connection; None: more has to come.

    UNKNOWN if they are no hello, or a broken one. RFC 8446 4.1.2 and 5.1, RFC 5246 7.4.1.2.
    """
    message = b""
    place = 0
    for _ in range(_MOST_RECORDS):
        if data[place : place + 2] != b"\x16\x03"[: len(data) - place]:
            return UNKNOWN
        if len(data) < place + 5:
            return None
        end = place + 5 + _SIZE(data, place + 3)[0]
        message += data[place + 5 : end]
        if message and message[0] != _CLIENT_HELLO:
            return UNKNOWN
        size = 4 + int.from_bytes(message[1:4], "big") if len(message) >= 4 else 0
        if size > LONGEST:
            return UNKNOWN
        if size and len(message) >= size:
            return _read(message[:size])
        if len(data) < end:
            return None
        if end == place + 5:  # an empty record says nothing, and there could be many
            return UNKNOWN
        place = end
    return UNKNOWN


def _read(message: bytes) -> Hello:
    try:
        place = _FIXED
        place += 1 + message[place]  # session
        place += 2 + _SIZE(message, place)[0]  # ciphers
        place += 1 + message[place]  # compression
        end = place + 2 + _SIZE(message, place)[0]
        return _extensions(message, place + 2, end) if end <= len(message) else UNKNOWN
    except (IndexError, ValueError, StructError):
        return UNKNOWN


def _extensions(message: bytes, place: int, end: int) -> Hello:
    name = ""
    protocols: tuple[bytes, ...] = ()
    while place < end:
        kind, size = _KIND_AND_SIZE(message, place)
        place += 4
        if place + size > end:
            return UNKNOWN
        if kind == _SERVER_NAME:
            name = _name(message[place : place + size])
        elif kind == _ALPN:
            protocols = _protocols(message[place + 2 : place + size])
        place += size
    return Hello(name, protocols)


def _name(content: bytes) -> str:
    """The first name of the list, and there may be but one: a host (0). Raises ValueError if it
    is not ASCII, not whole, or longer than any host."""
    size = _SIZE(content, 3)[0]
    if content[2] != 0 or size > _LONGEST_NAME or len(content) < 5 + size:
        raise ValueError
    return content[5 : 5 + size].decode("ascii").lower().removesuffix(".")


def _protocols(names: bytes) -> tuple[bytes, ...]:
    found = []
    place = 0
    while place < len(names):
        end = place + 1 + names[place]
        found.append(names[place + 1 : end])
        place = end
    return tuple(found)
