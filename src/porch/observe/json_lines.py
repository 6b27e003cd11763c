"""The access log as JSON: one object a line, one line an exchange, always the same keys.

`user` is who was let in by `auth`, null where nobody was. Where traces are told `trace` stands
behind `id`. Where an exchange failed, `sentence` and `detail` follow. Whatever a client sends, a
line is valid JSON in ASCII: bytes that are not UTF-8 stand as \\xff in the text.
"""

import json
import re
from collections.abc import Sequence

from porch import clock
from porch.errors import InternalError, PorchError
from porch.exchange import Exchange
from porch.observe.memo import Memo
from porch.observe.redact import redact_url
from porch.observe.stamp import iso
from porch.trace import Trace

__all__ = ["json_lines"]

_LINE = (
    b'{"time":"%b.%03dZ","id":"%b","client":"%b","method":"%b","host":"%b","target":"%b","version":"%b",'
    b'"user":%b,"route":"%b","endpoint":%b,"status":%d,"attempts":%d,"bytes_in":%d,"bytes_out":%d,'
    b'"total_ms":%.3f,"connect_ms":%b,"first_byte_ms":%b,"reused":%b,"reason":%b}\n'
)
_USUAL = (
    _LINE.replace(b'"endpoint":%b', b'"endpoint":"%b"')
    .replace(b'_ms":%b', b'_ms":%.3f')
    .replace(b'"reason":%b', b'"reason":null')
)
"""Of an exchange that an endpoint answered and nothing went wrong with."""

_odd = re.compile(rb"[^!#-:<->@-\[\]-~]").search
"""Finds what may have to be changed: what JSON escapes, and the ? and ; in front of names."""
_unsafe = re.compile(rb"[^ !#-\[\]-~]").search


def json_lines(exchanges: Sequence[Exchange]) -> bytes:
    """A line for each. `time` is the end of the exchange, in UTC; durations count from the
    arrival of the request's head."""
    lines = []
    offset = clock.wall() - clock.monotonic()
    second = -1
    stamp = b""
    for exchange in exchanges:
        request = exchange.request
        target = request.target
        if _odd(target):
            target = redact_url(target)
            if _unsafe(target):
                target = _escape(target)
        started = exchange.started
        ended = exchange.ended
        identity = exchange.identity
        at = ended + offset
        if not second <= at < second + 1:
            second = int(at)
            stamp = iso(second)
        if exchange.error is not None or not exchange.first_byte or exchange.endpoint is None:
            lines.append(_unusual(exchange, target, stamp, (at - second) * 1000))
            continue
        lines.append(
            _USUAL
            % (
                stamp,
                (at - second) * 1000,
                exchange.id if exchange.trace is None else _traced(exchange.id, exchange.trace),
                _texts[exchange.client_ip],
                _texts[request.method],
                _texts[request.authority],
                target,
                request.version,
                b"null" if identity is None else b'"%b"' % _names[identity.name],
                _names[exchange.route.key],
                _names[exchange.endpoint.name],
                exchange.status,
                exchange.attempts,
                exchange.bytes_in,
                exchange.bytes_out,
                (ended - started) * 1000,
                (exchange.connected - started) * 1000,
                (exchange.first_byte - started) * 1000,
                b"true" if exchange.reused else b"false",
            )
        )
    return b"".join(lines)


def _unusual(exchange: Exchange, target: bytes, stamp: bytes, millisecond: float) -> bytes:
    """The line of an exchange that failed or was answered at the door."""
    request = exchange.request
    started = exchange.started
    endpoint = exchange.endpoint
    identity = exchange.identity
    error = exchange.error
    return _LINE % (
        stamp,
        millisecond,
        exchange.id if exchange.trace is None else _traced(exchange.id, exchange.trace),
        _texts[exchange.client_ip],
        _texts[request.method],
        _texts[request.authority],
        target,
        request.version,
        b"null" if identity is None else b'"%b"' % _names[identity.name],
        _names[exchange.route.key],
        b"null" if endpoint is None else b'"%b"' % _names[endpoint.name],
        exchange.status,
        exchange.attempts,
        exchange.bytes_in,
        exchange.bytes_out,
        (exchange.ended - started) * 1000,
        _duration(started, exchange.connected),
        _duration(started, exchange.first_byte),
        b"true" if exchange.reused else b"false",
        b"null" if error is None else _reason(error),
    )


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


_texts = Memo(_escape)
_names = Memo(_escape_name)
