"""Field lines, in and out (RFC 9110 5, RFC 9112 5).

A line is checked by one strict pattern the first time it is seen and remembered after that:
clients and origins repeat nearly all of their lines, so that a head costs a dictionary look-up a
line (bench/head_parser.py compares this with the C parsers). What is remembered is bounded in
number and length.
"""

import re

from porch.http.message import Field

__all__ = [
    "HOP_BY_HOP",
    "REQUEST_ID",
    "VALUE",
    "FieldLines",
    "alike",
    "decoded",
    "encode",
    "encoded",
    "quoted",
    "tokens",
]

LINE = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)\Z",
)
"""token ":" OWS *( VCHAR / obs-text / SP / HTAB ): no space before the colon, no folding, no
control character but HTAB."""
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
"""A field's value, and the white space behind it."""

_ALIKE = bytes(each if chr(each).isalnum() and each < 128 else ord("-") for each in range(256))
"""Of the characters of a name: those that an origin may not tell apart, as one."""
_UNPRINTABLE = re.compile(rb"[^ -~]")
_QUOTED = re.compile(rb'(["\\])')

REMEMBERED = 2048
"""Lines that are remembered, in each direction."""
LONGEST = 1024
"""Bytes of a line that is remembered: 5 MB in all at the very worst. Secrets are remembered too:
a look-up compares whole lines, so its time tells nobody a part of one."""
REQUEST_ID = b"x-request-id"
"""Nobody's standard, but what everybody reads: by which a request is found again."""
NEW_EACH_TIME = frozenset((b"ratelimit", b"set-cookie", REQUEST_ID))

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Meant for this connection alone (RFC 9110 7.6.1); a codec consumes them."""


class FieldLines(dict[bytes, Field]):
    """line (without CRLF) -> (lower-case name, value without the white space around it).

    Raises ValueError for a line that is not a field line.
    """

    __slots__ = ()

    def __missing__(self, line: bytes) -> Field:
        match = LINE.match(line)
        if match is None:
            raise ValueError(line[:80])
        name = match[1].lower()
        field = (name, match[2].rstrip(b" \t"))
        if len(line) <= LONGEST and name not in NEW_EACH_TIME:
            if len(self) >= REMEMBERED:
                self.clear()
            self[line] = field
        return field


class _Encoded(dict[Field, bytes]):
    """(name, value) -> the line with its CRLF. What we send was decoded or made by us."""

    __slots__ = ()

    def __missing__(self, field: Field) -> bytes:
        line = b"%b: %b\r\n" % field
        if len(line) <= LONGEST and field[0] not in NEW_EACH_TIME:
            if len(self) >= REMEMBERED:
                self.clear()
            self[field] = line
        return line


decoded = FieldLines()
encoded = _Encoded().__getitem__


def encode(fields: list[Field]) -> bytes:
    """The lines of `fields`, each with its CRLF."""
    return b"".join(map(encoded, fields))


def tokens(value: bytes) -> list[bytes]:
    """The members of a comma-separated list, lower-case, empty ones left out (RFC 9110 5.6.1)."""
    return [token for each in value.split(b",") if (token := each.strip(b" \t").lower())]


def alike(name: bytes) -> bytes:
    """What all names become that an origin behind CGI, or the like of it, reads as one: there each
    character that is neither a letter nor a digit is `_` (RFC 3875 4.1.18 for `-`; servers do it
    for all), as it is `-` here. name: lower-case."""
    return name.translate(_ALIKE)


def quoted(text: bytes) -> bytes:
    """`text` as an sf-string, which has printable ASCII alone (RFC 8941 3.3.3)."""
    return b'"%b"' % _QUOTED.sub(rb"\\\1", _UNPRINTABLE.sub(b"?", text))
