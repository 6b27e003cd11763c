"""Spellings: all that one origin or another may take a path for, whatever the standards say.

`readings` of paths.py are what origins agree on, more or less. Who keeps requests away looks
further: at what is decoded twice, at overlong, full-width and invisible characters, at what Windows
leaves away, and at a host that stands where the path begins. An honest client sends none of these,
so that to take too much for a match costs nobody anything.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import partial

from porch.route.paths import TooManyReadings, odd, readings

__all__ = ["DEPTH", "decoded", "doubtful", "layers", "spellings"]

DEPTH = 3
"""How often a path or a query may be encoded in what is already encoded."""
doubtful = re.compile(rb"//|/\.|\./|\.\Z|\\|;|%|:\$|\+/|\+\Z").search
"""Finds what only a path of visible ASCII with several spellings has, and escapes, which may be
one. Each alternative begins with a character of its own, so that the usual path is skimmed."""
_MOST = 512
_MOST_BYTES = 1 << 15
"""Spellings of one path, and their bytes: what has more is refused as too tangled."""
_ESCAPE = re.compile(rb"%(?:[uU]([0-9A-Fa-f]{4})|([0-9A-Fa-f]{2}))")
_WIDE = re.compile(
    rb"[\xc0\xc1][\x00-\xff]|(?:\xe0|\xf0\x80|\xf8\x80\x80|\xfc\x80{3})[\x80\x81][\x80-\xbf]"
    rb"|\xef(?:\xbc[\x81-\xbf]|\xbd[\x80-\x9e])"
)
"""Overlong UTF-8 of ASCII (RFC 3629 10), that of old with five and six bytes and that of decoders
who look at no second byte too, and the full-width forms of ASCII (U+FF01 to U+FF5E)."""
_SHAPED = re.compile(rb"[. +](?:/|\Z)|[^ -~]|[?#]|:\$|/ |\A[/\\]{2}").search
"""Finds what only a path with several shapes has, beside what `odd` finds."""
_CONTROLS = re.compile(rb"[\x00-\x20\x7f]+")
_BEHIND_NUL = re.compile(rb"\x00.*", re.DOTALL)
_BEHIND_PATH = re.compile(rb"[?#].*", re.DOTALL)
_TRAILING = re.compile(rb"(?:(?<=[^./ ])[. ]+(?::{1,2}\$[^/]*)?|:{1,2}\$[^/]*)(?=/|\Z)")
"""What Windows leaves away at the end of a name: dots, spaces, the stream that is the file."""
_BLANK = re.compile(rb"\++(?=/|\Z)")
"""What a form's decoder takes for blanks at the end of a name."""
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Default_Ignorable_Code_Point (Unicode 5.21) beside the category Cf."""
_SLASHES = str.maketrans("\u2044\u2215\u29f8\u2216\u29f5", "///\\\\")
"""What looks like a slash, and becomes one where text is put into a code page."""
_AUTHORITY = re.compile(rb"\A[/\\]{2,}[^/\\]+(?=[/\\])")
"""What begins a URL relative to a scheme (RFC 3986 4.2), as `new URL(target, base)` reads it."""


def spellings(path: bytes) -> tuple[bytes, ...]:
    """What the path may be taken for, as sent first; in the letters that were sent. Raises
    TooManyReadings for what is encoded more than DEPTH times over, or is tangled."""
    if doubtful(path) is None and _SHAPED(path) is None:
        return (path,)
    of_path = layers(path)
    if len(of_path) > DEPTH + 1:
        raise TooManyReadings(f"the path is encoded more than {DEPTH} times over")
    found = [*of_path]
    known = {*found}
    read = set[bytes]()
    size = 0
    for each in found:  # which grows: what one leaves away shows another what to leave away
        others = [step(each) for step in _STEPS] if _SHAPED(each) is not None else []
        if each not in of_path:
            others.append(decoded(each))
        if each not in read and odd(each) is not None:
            more = readings(each)
            read.update(more)
            others.extend(more)
        for other in others:
            if other not in known:
                known.add(other)
                found.append(other)
                size += len(other)
        if len(found) > _MOST or size > _MOST_BYTES:
            raise TooManyReadings("the path can be read in too many ways")
    return tuple(found)


def layers(text: bytes) -> tuple[bytes, ...]:
    """As sent, and with one layer after the other decoded; one more than DEPTH of them."""
    found = [text]
    while len(found) < DEPTH + 2:
        inner = decoded(found[-1])
        if inner == found[-1]:
            break
        found.append(inner)
        if b"%" not in inner and inner.isascii():
            break
    return tuple(found)


def decoded(text: bytes) -> bytes:
    """Without one layer of escapes, those of IIS (`%u002e`) too, and in plain ASCII where it is
    some spelling of that."""
    return _WIDE.sub(_narrow, _ESCAPE.sub(_byte, text))


def _visible(text: bytes) -> bytes:
    """Without characters that nobody sees, and others as what they look like (Unicode's NFKC)."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text.decode("utf-8", "replace")))
    seen = "".join(each for each in plain if unicodedata.category(each) != "Cf")
    return seen.translate(_SLASHES).encode()


def _byte(escape: re.Match[bytes]) -> bytes:
    if escape[1] is not None:
        return chr(int(escape[1], 16)).encode("utf-8", "replace")
    return bytes((int(escape[2], 16),))


def _narrow(match: re.Match[bytes]) -> bytes:
    text = match[0]
    if text[0] == 0xEF:
        return bytes((text[2] - (0x60 if text[1] == 0xBC else 0x20),))
    return bytes(((text[-2] & 1) << 6 | text[-1] & 0x3F,))


_STEPS: tuple[Callable[[bytes], bytes], ...] = (
    partial(_BEHIND_NUL.sub, b""),
    partial(_BEHIND_PATH.sub, b""),
    partial(_CONTROLS.sub, b""),
    _visible,
    partial(_BLANK.sub, b" "),
    partial(_TRAILING.sub, b""),
    partial(_AUTHORITY.sub, b""),
)
