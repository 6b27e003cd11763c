"""Fields: the access log as JSON with the keys that somebody has chosen, in that order.

What a line of json_lines.py has is there under the same name and means the same; a key that has
nothing to say is null. Fields of requests and answers are there by their names, redacted, whatever
is asked for.
"""

import json
from collections.abc import Callable, Sequence

from porch import clock
from porch.errors import InternalError
from porch.exchange import Exchange
from porch.http.message import Field
from porch.observe.choosing import phase
from porch.observe.memo import Memo
from porch.observe.redact import REDACTED, redact_field, redact_url
from porch.observe.stamp import iso

__all__ = ["LONGEST", "NAMES", "SLOW_NAMES", "Fields"]

LONGEST = 1024
"""Bytes of a field's value; what is behind them is cut."""

Make = Callable[[Exchange], bytes]


class Fields:
    """A format. names: of NAMES, or "request.NAME" and "response.NAME" in lower case."""

    __slots__ = ("_keys",)

    def __init__(self, names: Sequence[str]) -> None:
        self._keys: list[tuple[bytes, Make | None]] = []
        for name in names:
            direction, _, field = name.partition(".")
            make = _field(direction == "response", field.encode()) if field else _MAKERS[name]
            self._keys.append((_escape(name) + b":", make))

    def __call__(self, exchanges: Sequence[Exchange]) -> bytes:
        """A line for each. About 0.4 us a key."""
        offset = clock.wall() - clock.monotonic()
        lines = []
        for exchange in exchanges:
            at = exchange.ended + offset
            texts = [
                key + (_time(at) if make is None else make(exchange)) for key, make in self._keys
            ]
            lines.append(b"{%b}\n" % b",".join(texts))
        return b"".join(lines)


def _time(at: float) -> bytes:
    second = int(at)
    return b'"%b.%03dZ"' % (iso(second), (at - second) * 1000)


def _escape(text: str) -> bytes:
    return json.dumps(text).replace("\x7f", "\\u007f").encode()


def _escape_bytes(text: bytes) -> bytes:
    return _escape(text.decode("utf-8", "backslashreplace"))


def _duration(exchange: Exchange, reached: float) -> bytes:
    return b"%.3f" % ((reached - exchange.started) * 1000) if reached else b"null"


def _detail(exchange: Exchange) -> bytes:
    error = exchange.error
    if error is None or not error.detail or isinstance(error, InternalError):  # may quote anything
        return b"null"
    return _escape_bytes(redact_url(error.detail.encode("utf-8", "backslashreplace")))


def _field(is_response: bool, name: bytes) -> Make:
    def make(exchange: Exchange) -> bytes:
        head = exchange.response if is_response else exchange.request
        return b"null" if head is None else _values(name, head.fields)

    return make


def _values(name: bytes, fields: Sequence[Field]) -> bytes:
    values = [_shown(name, value) for each, value in fields if each == name]
    return _texts[b", ".join(values)[:LONGEST]] if values else b"null"


def _shown(name: bytes, value: bytes) -> bytes:
    """Any field may hold a URL (X-Original-URL), or a JSON Web Token under any name."""
    return REDACTED if value.startswith(b"eyJ") else redact_url(redact_field(name, value))


_texts = Memo(_escape_bytes)
_names = Memo(_escape)

_MAKERS: dict[str, Make | None] = {
    "time": None,
    "id": lambda each: _escape_bytes(each.id),
    "client": lambda each: _texts[each.client_ip],
    "method": lambda each: _texts[each.request.method],
    "host": lambda each: _texts[each.request.authority],
    "target": lambda each: _escape_bytes(redact_url(each.request.target)),
    "version": lambda each: _texts[each.request.version],
    "user": lambda each: b"null" if each.identity is None else _names[each.identity.name],
    "route": lambda each: _names[each.route.key],
    "endpoint": lambda each: b"null" if each.endpoint is None else _names[each.endpoint.name],
    "status": lambda each: b"%d" % each.status,
    "attempts": lambda each: b"%d" % each.attempts,
    "bytes_in": lambda each: b"%d" % each.bytes_in,
    "bytes_out": lambda each: b"%d" % each.bytes_out,
    "total_ms": lambda each: _duration(each, each.ended),
    "connect_ms": lambda each: _duration(each, each.connected),
    "first_byte_ms": lambda each: _duration(each, each.first_byte),
    "reason": lambda each: b"null" if each.error is None else _names[each.error.word],
    "sentence": lambda each: b"null" if each.error is None else _names[each.error.sentence],
    "detail": _detail,
    "reused": lambda each: b"true" if each.reused else b"false",
    "slow": lambda each: _names[phase(each)],
}

NAMES = tuple(_MAKERS)
"""Keys that may be chosen, beside those of fields."""
SLOW_NAMES = (*NAMES[: NAMES.index("reused")], "slow")
"""What a log of slow exchanges has, unless it says otherwise."""
