"""Fields: the access log as JSON with the keys that somebody has chosen, in that order.

What a line of json_lines.py has is there under the same name and means the same; a key that has
nothing to say is null. Fields of requests and answers are there by their names, redacted, whatever
is asked for.
"""

import json
import re
from collections.abc import Callable, Sequence

from porch import clock
from porch.errors import InternalError
from porch.exchange import Exchange
from porch.observe.choosing import phase
from porch.observe.memo import Memo
from porch.observe.redact import REDACTED, redact_field, redact_url
from porch.observe.stamp import iso

__all__ = ["LONGEST", "NAMES", "SLOW_NAMES", "Fields"]

LONGEST = 1024
"""Bytes of a field's value; what is behind them is cut."""

_odd = re.compile(rb"[^!#-:<->@-\[\]-~]").search
"""Finds what may have to be changed: what JSON escapes, and the ? and ; in front of names."""

Make = Callable[[Exchange], bytes]


class Fields:
    """A format. names: of NAMES, or "request.NAME" and "response.NAME" in lower case."""

    __slots__ = ("_line", "_makers", "_offset", "_second", "_stamp")

    def __init__(self, names: Sequence[str]) -> None:
        self._makers = [self._maker(name) for name in names]
        keys = (_escape(name).replace(b"%", b"%%") + b":%b" for name in names)
        self._line = b"{%b}\n" % b",".join(keys)
        self._offset = 0.0
        self._second = -1
        self._stamp = b""

    def __call__(self, exchanges: Sequence[Exchange]) -> bytes:
        """A line for each. About 0.3 us a key."""
        self._offset = clock.wall() - clock.monotonic()
        line, makers = self._line, self._makers
        return b"".join(
            [line % tuple([make(exchange) for make in makers]) for exchange in exchanges]
        )

    def _maker(self, name: str) -> Make:
        direction, _, field = name.partition(".")
        if field:
            return _field(direction == "response", field.encode())
        return _MAKERS[name] or self._time

    def _time(self, exchange: Exchange) -> bytes:
        at = exchange.ended + self._offset
        if not self._second <= at < self._second + 1:
            self._second = int(at)
            self._stamp = iso(self._second)
        return b'"%b.%03dZ"' % (self._stamp, (at - self._second) * 1000)


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


def _target(exchange: Exchange) -> bytes:
    target = exchange.request.target
    return _escape_bytes(redact_url(target)) if _odd(target) else b'"%b"' % target


def _field(is_response: bool, name: bytes) -> Make:
    known: Memo[bytes, bytes] = Memo(lambda value: _escape_bytes(_shown(name, value)[:LONGEST]))

    def make(exchange: Exchange) -> bytes:
        head = exchange.response if is_response else exchange.request
        values = [] if head is None else [value for each, value in head.fields if each == name]
        if len(values) == 1:
            return known[values[0]]
        return _many(name, values) if values else b"null"

    return make


def _many(name: bytes, values: Sequence[bytes]) -> bytes:
    return _escape_bytes(b", ".join(_shown(name, value) for value in values)[:LONGEST])


def _shown(name: bytes, value: bytes) -> bytes:
    """Any field may hold a URL (X-Original-URL), or a JSON Web Token under any name."""
    return REDACTED if value.startswith(b"eyJ") else redact_url(redact_field(name, value))


_texts = Memo(_escape_bytes)
_names = Memo(_escape)

_MAKERS: dict[str, Make | None] = {
    "time": None,
    "id": lambda each: _escape_bytes(each.id) if _odd(each.id) else b'"%b"' % each.id,
    "client": lambda each: _texts[each.client_ip],
    "method": lambda each: _texts[each.request.method],
    "host": lambda each: _texts[each.request.authority],
    "target": _target,
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
    "reused": lambda each: b"true" if each.reused else b"false",
    "reason": lambda each: b"null" if each.error is None else _names[each.error.word],
    "sentence": lambda each: b"null" if each.error is None else _names[each.error.sentence],
    "detail": _detail,
    "slow": lambda each: _names[phase(each)],
    "trace": lambda each: b"null" if each.trace is None else b'"%032x"' % each.trace.id,
}

NAMES = tuple(_MAKERS)
"""Keys that may be chosen, beside those of fields."""
SLOW_NAMES = NAMES[: NAMES.index("slow") + 1]
"""What a log of slow exchanges has, unless it says otherwise."""
