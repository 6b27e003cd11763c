"""The access log in the combined format of Apache httpd and nginx, for the tools that read it.

    client - user [02/Jul/2026:12:11:12 +0200] "GET /path HTTP/1.1" 200 312 "referer" "user agent"

Quotes, backslashes and what is not visible ASCII stand as \\x22, as nginx writes them. The user is
who was let in by `auth`, else "-". The status of an exchange without an answer is 499, as in nginx.
"""

import re
from collections.abc import Sequence

from porch import clock
from porch.exchange import Exchange
from porch.observe.memo import Memo
from porch.observe.redact import redact_url
from porch.observe.stamp import clf

__all__ = ["combined"]

_LINE = b'%b - %b [%b] "%b %b HTTP/%b" %03d %d "%b" "%b"\n'
NO_ANSWER = 499
"""nginx's status for a client that left before its answer; a status has three digits here."""

_versions = {b"2": b"2.0", b"3": b"3.0"}.get
"""As nginx and Apache write them, and as those who read such lines expect: two digits."""

_odd = re.compile(rb"[^!#-:<->@-\[\]-~]").search
"""Finds what may have to be changed: what is escaped, and the ? and ; in front of names."""
_UNSAFE = re.compile(rb"[^ !#-\[\]-~]")


def combined(exchanges: Sequence[Exchange]) -> bytes:
    """A line for each; the time is the end of the exchange, in the zone of this machine."""
    lines = []
    offset = clock.wall() - clock.monotonic()
    second = -1
    stamp = b""
    for exchange in exchanges:
        request = exchange.request
        target = request.target
        if _odd(target):
            target = _UNSAFE.sub(_escape_byte, redact_url(target))
        at = exchange.ended + offset
        if not second <= at < second + 1:
            second = int(at)
            stamp = clf(second)
        referer = agent = user = b"-"
        if exchange.identity is not None:
            user = _users[exchange.identity.name]
        for name, value in request.fields:
            if name == b"user-agent":
                agent = _texts[value]
            elif name == b"referer":
                referer = _urls[value]
        lines.append(
            _LINE
            % (
                _texts[exchange.client_ip],
                user,
                stamp,
                _texts[request.method],
                target,
                _versions(request.version, request.version),
                exchange.status or NO_ANSWER,
                exchange.bytes_out,
                referer,
                agent,
            )
        )
    return b"".join(lines)


def _escape(text: bytes) -> bytes:
    """`text` as it stands between quotes."""
    return _UNSAFE.sub(_escape_byte, text)


def _escape_byte(match: re.Match[bytes]) -> bytes:
    return b"\\x%02X" % match[0][0]


def _escape_user(name: str) -> bytes:
    """Spaces too: the user is one word of the line."""
    return _escape(name.encode("utf-8", "backslashreplace")).replace(b" ", b"\\x20")


def _escape_url(url: bytes) -> bytes:
    return _escape(redact_url(url))


_texts = Memo(_escape)
_users = Memo(_escape_user)
_urls = Memo(_escape_url)
