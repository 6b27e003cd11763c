"""What origins take a path for: each a few lines after the habits of real ones.

They share nothing with `porch.route`. The strict ones differ in what the standards leave open; the
lax ones fold case, decode twice, take overlong UTF-8, or leave away what Windows does. What is not
here, the door does not look after either (docs/routing.md): short names of Windows, and accents.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import product
from urllib.parse import unquote_to_bytes

__all__ = ["is_protected", "may_be_protected", "taken_by_lax", "taken_for"]

_KEPT = re.compile(rb"(?i)%(?:2f|5c)")


def taken_for(target: bytes) -> Iterator[bytes]:
    """Every path that an origin may serve for this target."""
    path = target.partition(b"?")[0]
    yield path
    for choice in product((False, True), repeat=6):
        yield from _read(path, *choice)


def _read(
    path: bytes,
    parameters: bool,
    backslash: bool,
    keeps_slash: bool,
    nul: bool,
    late: bool,
    dots_first: bool,
) -> Iterator[bytes]:
    """parameters: takes `;x` off each segment, as servlet containers do. backslash: is a slash, as
    to Node's URL. keeps_slash: does not take %2F for a slash. nul: ends the path. late: takes
    parameters off behind decoding the slashes. dots_first: removes dot segments before decoding."""
    if dots_first:
        path = _resolved(path)
    if parameters and not late:
        path = re.sub(rb";[^/]*", b"", path)
    if backslash:
        path = path.replace(b"\\", b"/")
    if keeps_slash:
        path = _KEPT.sub(lambda found: found[0].replace(b"%", b"%25"), path)
    elif parameters and late:
        slash = rb"(?i)%(?:2f|5c)" if backslash else rb"(?i)%2f"
        path = re.sub(rb";[^/]*", b"", re.sub(slash, b"/", path))
    path = unquote_to_bytes(path)
    if backslash and not keeps_slash:
        path = path.replace(b"\\", b"/")
    if nul:
        path = path.partition(b"\0")[0]
    yield path
    yield _resolved(path)
    yield _resolved(re.sub(rb"//+", b"/", path))
    yield re.sub(rb"//+", b"/", _resolved(path))


def _resolved(path: bytes) -> bytes:
    """Without dot segments."""
    stack: list[bytes] = []
    for segment in path.split(b"/")[1:]:
        if segment == b"..":
            if stack:
                stack.pop()
        elif segment != b".":
            stack.append(segment)
    return b"/" + b"/".join(stack)


def is_protected(target: bytes, place: bytes = b"/admin") -> bool:
    """Whether any origin may serve something at or below `place` for it."""
    return any(each == place or each.startswith(place + b"/") for each in taken_for(target))


def taken_by_lax(target: bytes) -> Iterator[bytes]:
    """Every path that an origin without scruples may serve for this target: each step of decoding
    is one that some stop behind."""
    path = target.partition(b"?")[0]
    for _ in range(4):
        for shape in (path, re.sub(rb"\A[/\\]{2,}[^/\\]+[/\\]?", b"/", path)):
            for each in {*taken_for(shape.replace(b"?", b"%3f"))}:
                yield _as_windows(each)
                yield _resolved(_as_windows(each))
        path = _wide(unquote_to_bytes(re.sub(rb"%u00([0-9A-Fa-f]{2})", rb"%\1", path)))


def may_be_protected(target: bytes, place: bytes) -> bool:
    """Whether any origin, strict or lax, may serve something at or below `place` for it."""
    found = taken_by_lax(target)
    return any(each == place or each.startswith(place + b"/") for each in found)


def _as_windows(path: bytes) -> bytes:
    """No case, no end of a name that means nothing."""
    names = [re.sub(rb":.*\Z", b"", each) for each in path.lower().split(b"/")]
    kept = (each if each in (b".", b"..") else each.rstrip(b". ") for each in names)
    return b"/".join(kept)


def _wide(text: bytes) -> bytes:
    """As a decoder reads UTF-8 that looks at no bounds, and as people read what it says."""
    found, rest = [], text
    while rest:
        first = rest[0]
        more = 3 if first >= 0xF0 else 2 if first >= 0xE0 else 1 if first >= 0xC0 else 0
        code = first & (0x7F if not more else 0x3F >> more)
        for each in rest[1 : 1 + more]:
            code = code << 6 | each & 0x3F
        found.append(chr(code) if code < 0x110000 and not 0xD7FF < code < 0xE000 else "?")
        rest = rest[1 + more :]
    plain = unicodedata.normalize("NFKC", "".join(found))
    return "".join(each for each in plain if unicodedata.category(each) != "Cf").encode()
