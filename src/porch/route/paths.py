"""Readings of a path: what an origin may take it for (RFC 3986 6.2.2).

The door matches the path as it came and forwards it as it came. An origin may read it in another
way: decode, resolve `..`, merge `//`. Each of those readings is matched too, so that no spelling
leads around the rules of a route.
"""

import re
from collections.abc import Iterator

__all__ = [
    "MOST_READINGS",
    "TooManyReadings",
    "climbs",
    "odd",
    "readings",
    "to_wire",
    "without_dots",
]

odd = re.compile(
    rb"//|/\.|\\|;|%(?:00|2[DEF]|3[0-9]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AE]|.?[a-f])"
).search
"""Finds what only a path with several readings has: `//`, a dot segment, a backslash, a
parameter, an escape of an unreserved character, of a slash, of NUL or in small letters. `/.x` is
found too and turns out to have one reading; the precise pattern costs the usual path 70 ns more."""
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_SLASHES = re.compile(rb"//+")
_PARAMETERS = re.compile(rb";[^/]*")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_NOT_WIRE = re.compile(r"[^!-~]")


class TooManyReadings(ValueError):
    """A path that would take a worker too long to look at; no honest one is like that."""


def readings(path: bytes) -> tuple[bytes, ...]:
    """The different readings of a path, the one as sent first; one alone for a usual path.

    Behind the path as sent stand those with unreserved characters decoded, and what further
    origins make of it: dot segments are removed, before decoding, behind it or both; `//` is one
    slash, before or behind that; a backslash is a slash (URL parsers of browsers and Node); `%2F`
    and `%5C` are too (what decodes before it splits); a segment ends at `;` (Java's containers: for
    them `/x/..;/y` is `/y`); the path ends at `%00` (what is written in C). An origin may do any of
    these and not the others, so that each combination is a reading: `/a%2Fb/..;/y` is `/y` to one
    that keeps `%2F` and takes parameters off, and to no other. Escapes that stay have upper-case
    digits. The last one is the plainest: all of it done. The order is stable, the number at most
    MOST_READINGS, and with less than all of these in one path a few. Raises TooManyReadings.
    """
    if odd(path) is None:
        return (path,)
    found = [each for form in _forms(path) for each in _settled(form)]
    return path, *(each for each in _different(found) if each != path)


def climbs(path: bytes) -> bool:
    """Whether any reading of the path has a `..` segment, which could leave a prefix again, or it
    has too many readings to tell."""
    if b".." not in path and b"%" not in path:
        return False
    try:
        return any(b".." in form.split(b"/") for form in _forms(path))
    except TooManyReadings:
        return True


def to_wire(path: str) -> str:
    """A path of the configuration as it stands in a request: percent-encoded UTF-8.

    Raises ValueError for what no path has: white space, `?`, `#`, a `%` that escapes nothing.
    """
    if "?" in path or "#" in path:
        raise ValueError(f"'{path}' has a ? or #, but only a path stands here")
    if any(character.isspace() or not character.isprintable() for character in path):
        raise ValueError(f"'{path}' has white space or a control character; a space is %20")
    if _BAD_ESCAPE.search(path):
        raise ValueError(f"'{path}' has a % without two hexadecimal digits; % itself is %25")
    return _NOT_WIRE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), path)


def _forms(path: bytes) -> list[bytes]:
    """What stands there to one origin or another, before dot segments are removed; the last has
    all of it done."""
    forms = [_ESCAPE.sub(_decode, each) for each in (path, without_dots(path))]
    for plainer in _PLAINER:
        if len(forms) > _FEW and len(forms) * len(path) > _MOST_BYTES:
            raise TooManyReadings("the path is long, and can be read in too many ways")
        forms = _different([*forms, *map(plainer, forms)])
    return forms


def _different(found: list[bytes]) -> list[bytes]:
    """Each once, where it stands last: the last one stays the last."""
    return [*dict.fromkeys(reversed(found))][::-1]


def _decode(escape: re.Match[bytes]) -> bytes:
    code = int(escape[1], 16)
    return bytes((code,)) if code in _UNRESERVED else escape[0].upper()


def _whole(path: bytes) -> bytes:
    return path.partition(b"%00")[0] or b"/"


def _without_parameters(path: bytes) -> bytes:
    return _PARAMETERS.sub(b"", path)


def _without_backslashes(path: bytes) -> bytes:
    return path.replace(b"\\", b"/")


def _slashed(decoded: bytes) -> bytes:
    return decoded.replace(b"%2F", b"/")


def _without_any_backslashes(decoded: bytes) -> bytes:
    return decoded.replace(b"%5C", b"/").replace(b"\\", b"/")


def _settled(form: bytes) -> Iterator[bytes]:
    yield form
    if b"//" in form:
        merged = _SLASHES.sub(b"/", form)
        yield merged
        bare = without_dots(form)
        yield bare
        yield _SLASHES.sub(b"/", bare)
        yield without_dots(merged)
    else:
        yield without_dots(form)


def without_dots(path: bytes) -> bytes:
    """RFC 3986 5.2.4. `..` at the root stays at the root. path: absolute; `//` stays."""
    if b"/." not in path:
        return path
    kept: list[bytes] = []
    segments = path.split(b"/")[1:]
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    if segments and segments[-1] in (b".", b".."):
        kept.append(b"")
    return b"/" + b"/".join(kept)


_PLAINER = (
    _without_parameters,
    _without_backslashes,
    _slashed,
    _without_any_backslashes,
    _without_parameters,
    _whole,
)
"""Each may be done or not. Parameters end at a slash, so that it matters which of them are seen."""
_FEW = 4
_MOST_BYTES = 1 << 12
"""Of forms, before the next step. A few are looked at however long they are, 32 of 128 bytes."""
MOST_READINGS = 1 + 5 * 2 ** (1 + len(_PLAINER))
