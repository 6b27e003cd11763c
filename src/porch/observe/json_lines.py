"""The access log as JSON: one object a line, one line an exchange, always the same keys.

`user` is who was let in by `auth`, null where nobody was. Where traces are told `trace` stands
behind `id`. Where an exchange failed, `sentence` and `detail` follow. Whatever a client sends, a
line is valid JSON in ASCII: bytes that are not UTF-8 stand as \\xff in the text.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache

from porch import clock
from porch.errors import InternalError, PorchError
from porch.exchange import Exchange
from porch.observe.memo import Memo
from porch.observe.redact import redact_url
from porch.observe.stamp import iso
from porch.route.route import Place, Route
from porch.trace import Trace

__all__ = ["json_lines"]

_LINE = (
    b'{"time":"%bZ","id":"%b","client":"%b%b%b","version":"%b","user":%b%b%d,"attempts":%d,'
    b'"bytes_in":%d,"bytes_out":%d,"total_ms":%.3f%b,"reason":%b}\n'
)
_ASKED = b'","method":"%b","host":"%b","target":"'
_LED = b',"route":"%b","endpoint":%b,"status":'
"""What lines that follow each other have in common is put together once (-0.4 us): who is asked,
and where that led."""
_REACHED = b',"connect_ms":%.3f,"first_byte_ms":%.3f,"reused":%b'
_REACHED_NOT = _REACHED.replace(b"%.3f", b"%b")
_AT_DOOR = _REACHED_NOT % (b"null", b"null", b"false")
"""How far it came: to an answer, less far, and nowhere, since it was answered at the door."""

_odd = re.compile(rb"[^!#-:<->@-\[\]-~]").search
"""Finds what may have to be changed: what JSON escapes, and the ? and ; in front of names."""
_unsafe = re.compile(rb"[^ !#-\[\]-~]").search


def json_lines(exchanges: Sequence[Exchange]) -> bytes:
    """A line for each. `time` is the end of the exchange, in UTC; durations count from the
    arrival of the request's head."""
    lines = []
    offset = clock.wall() - clock.monotonic()
    moment = -1.0
    stamp = asked = led = b""
    method = host = b"\n"  # nobody's
    route: Route | None = None
    endpoint: Place | None = None
    for exchange in exchanges:
        request = exchange.request
        target = request.target
        if _odd(target):
            target = redact_url(target)
            if _unsafe(target):
                target = _escape(target)
        at = exchange.ended + offset
        if not moment <= at < moment + 0.001:
            moment = int(at * 1000) / 1000
            stamp = b"%b.%03d" % (_second(int(at)), at % 1 * 1000)
        if request.method != method or request.authority != host:
            method, host = request.method, request.authority
            asked = _ASKED % (_texts[method], _texts[host])
        if exchange.route is not route or exchange.endpoint is not endpoint:
            route, endpoint = exchange.route, exchange.endpoint
            name = b"null" if endpoint is None else b'"%b"' % _names[endpoint.name]
            led = _LED % (_names[route.key], name)
        identity, error, started = exchange.identity, exchange.error, exchange.started
        line = _LINE % (
            stamp,
            exchange.id if exchange.trace is None else _traced(exchange.id, exchange.trace),
            _texts[exchange.client_ip],
            asked,
            target,
            request.version,
            b"null" if identity is None else b'"%b"' % _names[identity.name],
            led,
            exchange.status,
            exchange.attempts,
            exchange.bytes_in,
            exchange.bytes_out,
            (exchange.ended - started) * 1000,
            _reached(exchange, started) if exchange.attempts else _AT_DOOR,
            b"null" if error is None else _reason(error),
        )
        lines.append(line)
    return b"".join(lines)


def _reached(exchange: Exchange, started: float) -> bytes:
    """How far it came towards an endpoint."""
    connected, first_byte = exchange.connected, exchange.first_byte
    reused = b"true" if exchange.reused else b"false"
    if connected and first_byte:
        return _REACHED % ((connected - started) * 1000, (first_byte - started) * 1000, reused)
    return _REACHED_NOT % (_duration(started, connected), _duration(started, first_byte), reused)


def _traced(name: bytes, trace: Trace) -> bytes:
    """The id, and behind it the trace."""
    return b'%b","trace":"%032x' % (name, trace.id)


def _duration(started: float, reached: float) -> bytes:
    return b"%.3f" % ((reached - started) * 1000) if reached else b"null"


def _reason(error: PorchError) -> bytes:
    """What went wrong. The text of an exception out of user code may quote anything, so it goes
    to the messages alone."""
    text = b'"%b","sentence":"%b"' % (_names[error.word], _names[error.sentence])
    if error.detail and not isinstance(error, InternalError):
        detail = redact_url(error.detail.encode("utf-8", "backslashreplace"))
        text += b',"detail":"%b"' % _escape(detail)
    return text


def _escape(text: bytes) -> bytes:
    """`text` as it stands between the quotes of a JSON string."""
    quoted = json.dumps(text.decode("utf-8", "backslashreplace"))
    return quoted[1:-1].replace("\x7f", "\\u007f").encode()


def _escape_name(text: str) -> bytes:
    return _escape(text.encode("utf-8", "backslashreplace"))


_second = lru_cache(2)(iso)
_texts = Memo(_escape)
_names = Memo(_escape_name)
