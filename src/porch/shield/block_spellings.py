"""Spellings: all that an origin may take a path for, for rules that keep requests away.

Routes match the readings of `route/paths.py`, which origins agree on. A rule that blocks looks
further: at what is decoded twice, at overlong and full-width characters, at what Windows leaves
away. To take too much for a match costs a request that no honest client sends.
"""

import re

from porch.errors import PorchError
from porch.route.paths import TooManyReadings, odd, readings

__all__ = ["DEPTH", "TooDeep", "decoded", "queries", "spellings", "unescaped"]

DEPTH = 3
"""How often a path or a query may be encoded in what is already encoded."""
_UNUSUAL = re.compile(rb"%|::\$|[. ](?:/|\Z)|[^!-~]").search
_ESCAPE = re.compile(rb"%(?:u([0-9A-Fa-f]{4})|([0-9A-Fa-f]{2}))")
_WIDE = re.compile(
    rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80\x81][\x80-\xbf]|\xf0\x80[\x80\x81][\x80-\xbf]"
    rb"|\xef(?:\xbc[\x81-\xbf]|\xbd[\x80-\x9e])"
)
"""Overlong UTF-8 of ASCII (RFC 3629 10), and the full-width forms of ASCII (U+FF01 to U+FF5E)."""
_CONTROLS = re.compile(rb"[\x00-\x20\x7f]+")
_CUT = re.compile(rb"[?#\x00].*", re.DOTALL)
_TRAILING = re.compile(rb"(?<=[^./ ])(?:[. ]+|::\$[A-Za-z_]+)(?=/|\Z)")
"""What Windows leaves away at the end of a name."""
_JSON = re.compile(rb"\\u00([0-7][0-9A-Fa-f])")


class TooDeep(PorchError):
    """What is encoded so often, or is so tangled, can only be meant to pass a rule."""

    word = "http_request_denied"
    status = 400
    source = "client"
    sentence = (
        f"The target is encoded more than {DEPTH} times over, or can be read in very many ways, "
        "and `block` wants to read it."
    )


def spellings(path: bytes) -> tuple[bytes, ...]:
    """What the path may be taken for, as sent first. Raises TooDeep."""
    if odd(path) is None and _UNUSUAL(path) is None:
        return (path,)
    found: dict[bytes, None] = {}
    layers = _layers(path)
    if len(layers) > DEPTH + 1:
        raise TooDeep
    for each in layers:
        # A dot segment may show up only behind what is left away, and the other way round.
        for shape in dict.fromkeys((each, _CUT.sub(b"", each), _CONTROLS.sub(b"", each))):
            try:
                read = readings(shape)
            except TooManyReadings:
                raise TooDeep from None
            for reading in read:
                found[reading] = None
                found[_TRAILING.sub(b"", reading)] = None
    return tuple(found)


def queries(query: bytes) -> tuple[bytes, ...]:
    """What a query may be taken for, as sent first. One may hold whole URLs that hold others, so
    that what is deeper than DEPTH is left."""
    if b"%" not in query and b"+" not in query:
        return (query,)
    return tuple(dict.fromkeys((query, *_layers(query), *_layers(query.replace(b"+", b" ")))))


def decoded(text: bytes) -> bytes:
    """Without one layer of escapes, those of IIS (`%u002e`) too, and in plain ASCII where it is
    some spelling of that."""
    return _WIDE.sub(_narrow, _ESCAPE.sub(_byte, text))


def unescaped(body: bytes) -> tuple[bytes, ...]:
    """A body as sent, and as a form or JSON would be read."""
    found = {body: None}
    if b"%" in body or b"+" in body:
        found[decoded(body.replace(b"+", b" "))] = None
    if b"\\u00" in body:
        found[_JSON.sub(lambda match: bytes((int(match[1], 16),)), body)] = None
    return tuple(found)


def _layers(text: bytes) -> tuple[bytes, ...]:
    """As sent, and with one layer after the other decoded; one more than DEPTH of them."""
    found = [text]
    while len(found) < DEPTH + 2:
        inner = decoded(found[-1])
        if inner == found[-1]:
            break
        found.append(inner)
    return tuple(found)


def _byte(escape: re.Match[bytes]) -> bytes:
    if escape[1] is not None:
        return chr(int(escape[1], 16)).encode("utf-8", "replace")
    return bytes((int(escape[2], 16),))


def _narrow(match: re.Match[bytes]) -> bytes:
    text = match[0]
    if text[0] == 0xEF:
        return bytes((text[2] - (0x60 if text[1] == 0xBC else 0x20),))
    return bytes(((text[-2] & 1) << 6 | text[-1] & 0x3F,))
