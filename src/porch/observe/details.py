"""Details: what a log line has no room for, of an exchange that went wrong or was tried again.

Secrets in URLs and fields are taken out.
"""

import json
from collections.abc import Sequence

from porch.exchange import Exchange
from porch.http.message import Field
from porch.observe.redact import redact_url

__all__ = ["details", "shown_fields"]

_MOST_TRIED, _MOST_DETAIL, _MOST_SENT = 8, 300, 40
_SHOWN = frozenset(
    (
        *(b"accept", b"accept-encoding", b"accept-language", b"cache-control", b"content-encoding"),
        *(b"content-length", b"content-type", b"expect", b"host", b"if-modified-since", b"range"),
        *(b"if-none-match", b"referer", b"te", b"user-agent", b"via", b"x-forwarded-for"),
        *(b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-prefix", b"x-forwarded-proto"),
        *(b"x-request-id", b"traceparent", b"upgrade", b"sec-fetch-site", b"sec-fetch-mode"),
        b"x-real-ip",
        *(b"accept-ranges", b"age", b"allow", b"cache-status", b"connection", b"content-language"),
        *(b"content-range", b"date", b"expires", b"last-modified", b"location", b"proxy-status"),
        *(b"retry-after", b"server", b"strict-transport-security", b"transfer-encoding", b"vary"),
        *(b"access-control-allow-origin", b"access-control-allow-methods", b"origin", b"x-cache"),
    )
)
"""Fields whose value is kept; of all others it might be a secret, whatever their names are."""


def details(exchange: Exchange, room: int) -> bytes:
    """As JSON of at most `room` bytes, "{}" where there is none: the attempts that failed as
    `tried` ([endpoint, milliseconds until connected or null, until it failed, word, detail]), and
    the head that went out last as `sent` ([line, [field, value], ...])."""
    started = exchange.started
    found: dict[str, object] = {}
    if exchange.tried:
        found["tried"] = [
            [
                each.endpoint,
                round((each.connected - started) * 1000, 3) if each.connected else None,
                round((each.at - started) * 1000, 3),
                each.error.word,
                _shown(redact_url(_bytes(each.error.detail)))[:_MOST_DETAIL],
            ]
            for each in exchange.tried[-_MOST_TRIED:]
        ]
    packed = json.dumps(found).encode()
    sent = json.dumps(found | {"sent": _sent(exchange)}).encode() if exchange.outgoing else packed
    return sent if len(sent) <= room else packed if len(packed) <= room else b"{}"


def _sent(exchange: Exchange) -> list[object]:
    outgoing = exchange.outgoing
    assert outgoing is not None
    line = b"%b %b" % (outgoing.method, redact_url(outgoing.target))
    fields = shown_fields(outgoing.fields[:_MOST_SENT], _MOST_DETAIL)
    return [_shown(line[:_MOST_DETAIL]), *map(list, fields)]


def shown_fields(fields: Sequence[Field], longest: int) -> list[tuple[str, str]]:
    """Names and values of fields as they may be shown: of those that might be secrets the length.
    longest: bytes of a value."""
    return [(_shown(name), _shown(_value(name, value)[:longest])) for name, value in fields]


def _value(name: bytes, value: bytes) -> bytes:
    return redact_url(value) if name in _SHOWN else b"(%d bytes)" % len(value)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
