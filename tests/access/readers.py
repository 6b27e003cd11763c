"""What origins take a path for: each a few lines after the habits of real ones.

They share nothing with `porch.route.paths`. What is not here, the door does not look after either
(docs/routing.md): an origin that folds case, decodes twice, or takes dots and spaces off the ends
of names.
"""

import re
from collections.abc import Iterator
from itertools import product
from urllib.parse import unquote_to_bytes

__all__ = ["is_protected", "taken_for"]

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
        path = re.sub(rb";[^/]*", b"", re.sub(rb"(?i)%(?:2f|5c)", b"/", path))
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
