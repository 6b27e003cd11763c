"""gRPC as far as a door reads it: kinds of calls, deadlines, and errors in its words. Pure.

The specification is PROTOCOL-HTTP2 and PROTOCOL-WEB of grpc/grpc, and statuscodes there.
"""

import re
from typing import Final

from porch.errors import BadRequest, PorchError
from porch.http.message import Field, ResponseHead

__all__ = [
    "DEADLINE_EXCEEDED",
    "GRPC",
    "INTERNAL",
    "OK",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
    "UNIMPLEMENTED",
    "UNKNOWN",
    "WEB",
    "WEB_TEXT",
    "CallFailed",
    "DeadlineExceeded",
    "call_kind",
    "call_timeout",
    "error_fields",
    "name_of",
    "spell_timeout",
    "stands_for",
    "status_of",
    "unquote_message",
]

GRPC: Final = b"application/grpc"
WEB: Final = b"application/grpc-web"
WEB_TEXT: Final = b"application/grpc-web-text"
"""Kinds of calls: the content-type without what encodes the messages (+proto, +json)."""

_NAMES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    "UNAUTHENTICATED",
)
OK: Final = 0
UNKNOWN: Final = 2
DEADLINE_EXCEEDED: Final = 4
PERMISSION_DENIED: Final = 7
RESOURCE_EXHAUSTED: Final = 8
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14
UNAUTHENTICATED: Final = 16

_OF_HTTP = {
    400: INTERNAL,
    401: UNAUTHENTICATED,
    403: PERMISSION_DENIED,
    404: UNIMPLEMENTED,
    405: UNIMPLEMENTED,
    408: UNAVAILABLE,
    413: RESOURCE_EXHAUSTED,
    414: RESOURCE_EXHAUSTED,
    429: RESOURCE_EXHAUSTED,
    431: RESOURCE_EXHAUSTED,
    500: INTERNAL,
    502: UNAVAILABLE,
    503: UNAVAILABLE,
    504: UNAVAILABLE,
}
"""http-grpc-status-mapping, and what a door knows better: a bound of its own is
RESOURCE_EXHAUSTED, and a stream that was silent for too long may be opened again."""

_TO_HTTP = {UNKNOWN: 500, INTERNAL: 500, UNAVAILABLE: 503, 15: 500}
"""What says that the endpoint is not well. The others are about the call."""

_KIND = re.compile(
    rb"(application/grpc(?:-web(?:-text)?)?)(?:\+[!#$&^_.+0-9A-Za-z-]+)?[ \t]*(?:;|\Z)",
    re.IGNORECASE,
)
_TIMEOUT = re.compile(rb"([0-9]{1,8})([HMSmun])\Z")
_UNITS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_MOST_DIGITS = 99_999_999
_ODD = re.compile(rb"[^ -$&-~]")
_QUOTED = re.compile(rb"%([0-9A-Fa-f]{2})")


class DeadlineExceeded(PorchError):
    """The client's own deadline (grpc-timeout) has passed. No endpoint is blamed: it has been told
    of the deadline too."""

    word = "deadline_exceeded"
    status = 504
    source = "client"
    sentence = "The client's deadline (grpc-timeout) passed before the answer was whole."


class CallFailed(PorchError):
    """A call that was answered with UNAVAILABLE, INTERNAL, UNKNOWN or DATA_LOSS and nothing else:
    what 503 and 500 are in HTTP. It goes to the client as it came."""

    word = "grpc_failed"
    status = 502
    source = "upstream"
    sentence = "The origin answered the gRPC call with a status that says it is not well."


def call_kind(content_type: bytes | None) -> bytes:
    """GRPC, WEB or WEB_TEXT; b"" for all that is no call."""
    match = _KIND.match(content_type) if content_type is not None else None
    return match[1].lower() if match is not None else b""


def call_timeout(fields: list[Field]) -> float | None:
    """Seconds that the client waits for the whole call; None where it does not say.

    Raises BadRequest if what it says cannot be read in one way.
    """
    values = [value for name, value in fields if name == b"grpc-timeout"]
    if not values:
        return None
    match = _TIMEOUT.match(values[0])
    if match is None or len(values) > 1:
        raise BadRequest("grpc-timeout is not 1 to 8 digits and one of H, M, S, m, u, n")
    return int(match[1]) * _UNITS[match[2]]


def spell_timeout(seconds: float) -> bytes:
    """As grpc-timeout says it, in the finest unit that has room, never longer."""
    for unit in (b"u", b"m", b"S", b"M"):
        count = int(seconds / _UNITS[unit])
        if count <= _MOST_DIGITS:
            return b"%d%b" % (count, unit)
    return b"%dH" % min(int(seconds / 3600), _MOST_DIGITS)


def status_of(error: PorchError) -> int:
    """The grpc-status that says an error of ours."""
    if isinstance(error, DeadlineExceeded):
        return DEADLINE_EXCEEDED
    return _OF_HTTP.get(error.status, UNKNOWN)


def error_fields(error: PorchError, detail: str = "") -> list[Field]:
    """What says an error in an answer of fields alone, or behind a body that ends early.

    detail: for those inside.
    """
    message = f"{error.word}: {error.sentence}"
    if detail:
        message += f" {' '.join(detail.split())}"
    fields = [
        (b"grpc-status", b"%d" % status_of(error)),
        (b"grpc-message", _quote(message.encode("utf-8", "backslashreplace"))),
    ]
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:  # for clients that try again by themselves (gRFC A6)
        fields.append((b"grpc-retry-pushback-ms", b"%d" % max(0, retry_after * 1000)))
    return fields


def _quote(message: bytes) -> bytes:
    """Percent-encoded: what is not printable ASCII, and the percent sign."""
    return _ODD.sub(lambda match: b"%%%02X" % match[0][0], message)


def unquote_message(value: bytes) -> str:
    """What a grpc-message says. What is not encoded well stays as it is."""
    plain = _QUOTED.sub(lambda match: bytes((int(match[1], 16),)), value)
    return plain.decode("utf-8", "replace")


def name_of(status: bytes) -> str:
    """A grpc-status in words: "UNAVAILABLE"; of one that there is not, as it was said."""
    number = int(status) if status.isdigit() and len(status) < 4 else -1
    if 0 <= number < len(_NAMES):
        return _NAMES[number]
    return f"grpc-status {status[:20].decode('latin-1')}"


def stands_for(response: ResponseHead) -> int:
    """The HTTP status that an answer of fields alone (Trailers-Only) stands for: 500 or 503 where
    the endpoint is not well, otherwise its own."""
    value = response.get(b"grpc-status") if response.status == 200 else None
    if value is None or not value.isdigit() or len(value) > 3:
        return response.status
    return _TO_HTTP.get(int(value), response.status)
