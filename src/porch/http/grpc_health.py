"""The gRPC Health Checking Protocol (grpc.health.v1), as far as one question needs it. Pure.

Its two messages have one field each, so that they are written and read here by hand: a string
`service` = 1 in the question, an enumeration `status` = 1 in the answer (as Protocol Buffers).
"""

from porch.http.grpc import OK, name_of, unquote_message
from porch.http.message import Field

__all__ = ["CHECK", "MOST_ANSWER", "question", "verdict"]

CHECK = b"/grpc.health.v1.Health/Check"
MOST_ANSWER = 4096
"""Bytes that an answer may have; two are enough."""

_SERVING = 1
_STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_HEAD = 5
"""Bytes in front of a message: whether it is compressed, and its length."""
_VARINT, _EIGHT, _TEXT, _FOUR = 0, 1, 2, 5
"""Kinds of fields in a message."""
_FIXED = {_EIGHT: 8, _FOUR: 4}


def question(service: str) -> bytes:
    """The body that asks how a service is; "" for the server as a whole."""
    text = service.encode()
    message = b"\x0a" + _varint(len(text)) + text if text else b""
    return b"\0" + len(message).to_bytes(4, "big") + message


def verdict(fields: list[Field], body: bytes) -> str | None:
    """Why a service is not well; None if it is. fields: of the answer, trailers included."""
    said = {name: value for name, value in fields if name.startswith(b"grpc-")}
    status = said.get(b"grpc-status")
    if status is None:
        return "no grpc-status in the answer"
    if status != b"%d" % OK:
        message = unquote_message(said.get(b"grpc-message", b""))
        return f"{name_of(status)}: {message}" if message else name_of(status)
    try:
        found = _status(body)
    except (ValueError, IndexError):
        return "the answer is no HealthCheckResponse"
    return None if found == _SERVING else _STATUSES.get(found, f"status {found}")


def _status(body: bytes) -> int:
    """Raises ValueError or IndexError for what is no message."""
    size = int.from_bytes(body[1:_HEAD], "big")
    message = body[_HEAD:]
    if len(body) < _HEAD or body[0] or len(message) != size:
        raise ValueError("no message, one that is compressed, or more than one")
    status = place = 0
    while place < size:
        tag, place = _read_varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, place = _read_varint(message, place)
            status = value if number == 1 else status
        elif kind == _TEXT:
            length, place = _read_varint(message, place)
            place += length
        else:
            place += _FIXED.get(kind, size + 1)
    if place != size:
        raise ValueError("a field that is cut short")
    return status


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    """A number, and where it ends."""
    number = shift = 0
    while True:
        byte = message[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
