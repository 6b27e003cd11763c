"""Record: one exchange that is over, as it is kept for who asks afterwards: packed, and read again.

What is secret in a URL or a field is taken out before it is packed.
"""

import json
import re
import struct
from dataclasses import dataclass, field
from typing import Any

from porch.errors import InternalError
from porch.exchange import Exchange
from porch.observe.memo import Memo
from porch.observe.redact import redact_field, redact_url

__all__ = ["HEAD", "Record", "details", "pack", "unpack"]

HEAD = struct.Struct("<dfffHBBQQHH")
"""When it ended, by the wall clock; seconds from its head until it was connected, the first byte of
the answer, and the end; status; attempts, at most 255; flags; bytes in and out; of the text and
of the details behind it."""
_REUSED = 1
_PARTS = 9
_LONGEST = (40, 45, 20, 100, 256, 3, 60, 90, 60)
"""Of each part, in bytes, where all together are too long."""
_MOST_TRIED, _MOST_DETAIL, _MOST_SENT = 8, 300, 40

_odd = re.compile(rb"[^!#-:<->@-\[\]-~]").search


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One exchange. at: when it ended, in seconds of the wall clock. connected, first_byte, total:
    seconds from its head, 0.0 for what was not reached. endpoint: "" where it was answered at the
    door. reused: whether the connection had served before. more: of one that went wrong, "word",
    "sentence", "detail", "tried" and "sent"; see `details`."""

    at: float
    id: str
    client: str
    method: str
    host: str
    target: str
    version: str
    user: str
    route: str
    endpoint: str
    status: int
    attempts: int
    reused: bool
    connected: float
    first_byte: float
    total: float
    bytes_in: int
    bytes_out: int
    more: dict[str, Any] = field(default_factory=dict)


def pack(exchange: Exchange, offset: float, room: int, more: bytes = b"") -> bytes:
    """The exchange in at most `room` bytes; what is too long is cut. offset: from clock.monotonic()
    to the wall clock. more: `details`. 0.7 us."""
    request = exchange.request
    endpoint = exchange.endpoint
    identity = exchange.identity
    started = exchange.started
    target = request.target
    if _odd(target):
        target = redact_url(target)
    parts = (
        exchange.id,
        exchange.client_ip,
        request.method,
        request.authority,
        target,
        request.version,
        b"" if identity is None else _names[identity.name],
        _names[exchange.route.key],
        b"" if endpoint is None else _names[endpoint.name],
    )
    text = b"\0".join(parts)
    if HEAD.size + len(text) + len(more) > room:
        text = b"\0".join(part[:most] for part, most in zip(parts, _LONGEST, strict=True))
        text = text[: room - HEAD.size]
        if HEAD.size + len(text) + len(more) > room:
            more = b""
    connected, first_byte = exchange.connected, exchange.first_byte
    return (
        HEAD.pack(
            exchange.ended + offset,
            connected - started if connected else 0.0,
            first_byte - started if first_byte else 0.0,
            exchange.ended - started,
            exchange.status,
            exchange.attempts if exchange.attempts < 256 else 255,
            exchange.reused,
            exchange.bytes_in,
            exchange.bytes_out,
            len(text),
            len(more),
        )
        + text
        + more
    )


def unpack(data: bytes) -> Record:
    """What was packed."""
    (
        at,
        connected,
        first_byte,
        total,
        status,
        attempts,
        flags,
        bytes_in,
        bytes_out,
        size,
        size_of_more,
    ) = HEAD.unpack_from(data)
    end = HEAD.size + size
    parts = data[HEAD.size : end].decode("utf-8", "backslashreplace").split("\0")
    parts += [""] * (_PARTS - len(parts))
    identifier, client, method, host, target, version, user, route, endpoint = parts[:_PARTS]
    return Record(
        at=at,
        id=identifier,
        client=client,
        method=method,
        host=host,
        target=target,
        version=version,
        user=user,
        route=route,
        endpoint=endpoint,
        status=status,
        attempts=attempts,
        reused=bool(flags & _REUSED),
        connected=connected,
        first_byte=first_byte,
        total=total,
        bytes_in=bytes_in,
        bytes_out=bytes_out,
        more=json.loads(data[end : end + size_of_more]) if size_of_more else {},
    )


def details(exchange: Exchange, room: int) -> bytes:
    """Of an exchange that went wrong, as JSON of at most `room` bytes: why, the attempts that
    failed ([endpoint, seconds until connected, seconds until it failed, word, detail]), and the
    head that went out last ([line, [field, value], ...])."""
    error, started = exchange.error, exchange.started
    found: dict[str, object] = {}
    if error is not None:
        found = {"word": error.word, "sentence": error.sentence}
        if error.detail and not isinstance(error, InternalError):  # may quote anything
            found["detail"] = _shown(redact_url(_bytes(error.detail)))[:_MOST_DETAIL]
    if exchange.tried:
        found["tried"] = [
            [
                each.endpoint,
                round(each.connected - started, 6) if each.connected else 0.0,
                round(each.at - started, 6),
                each.error.word,
                _shown(redact_url(_bytes(each.error.detail or "")))[:_MOST_DETAIL],
            ]
            for each in exchange.tried[-_MOST_TRIED:]
        ]
    packed = json.dumps(found).encode()
    sent = json.dumps(found | {"sent": _sent(exchange)}).encode() if exchange.outgoing else packed
    return sent if len(sent) <= room else packed if len(packed) <= room else b""


def _sent(exchange: Exchange) -> list[object]:
    outgoing = exchange.outgoing
    assert outgoing is not None
    line = b"%b %b" % (outgoing.method, redact_url(outgoing.target))
    fields = [
        [_shown(name), _shown(redact_field(name, value)[:_MOST_DETAIL])]
        for name, value in outgoing.fields[:_MOST_SENT]
    ]
    return [_shown(line[:_MOST_DETAIL]), *fields]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


_names = Memo(_bytes)
