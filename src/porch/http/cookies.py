"""Names of cookies: what some origin takes for the same one.

Nobody agrees how much of a name counts (RFC 6265 5.4 takes all of it): frameworks decode escapes,
strip white space and quotes, and PHP makes names of its variables of them. Who looks for a cookie
by its name looks for all of these, or an origin reads one that nobody has looked at.
"""

import re
from urllib.parse import unquote_to_bytes

__all__ = ["folded"]

_USUAL = re.compile(rb"[0-9A-Za-z_-]*")
_UNDERSCORED = re.compile(rb"[. \[+]")
_EDGES = "".join(
    (
        " \t\n\r\v\f\0\"'\x1c\x1d\x1e\x1f\x85\xa0",
        "\u1680\u180e\u2028\u2029\u202f\u205f\u3000\ufeff",
        *map(chr, range(0x2000, 0x200B)),
        "\udc85\udca0",  # the bytes of Latin-1, alone
    )
)
"""What some origin takes away around a name: all that is white space to Python, JavaScript or Java,
quotes, NUL."""


def folded(name: bytes) -> bytes:
    """What all names of cookies become that some origin takes for one: quoted, escaped or in
    another case, with white space around them, of ASCII or not, or what PHP makes of them (`.` and
    the like are `_`, a space or `+` at the start is nothing, `a[b]` is in `a`, and what is behind a
    NUL is no part of it)."""
    if _USUAL.fullmatch(name) is not None:  # at 8,000 names in a request that counts
        return name.lower()
    text = unquote_to_bytes(name).decode("utf-8", "surrogateescape")
    text = text.strip(_EDGES).lstrip(_EDGES + "+")
    plain = text.encode("utf-8", "surrogateescape").partition(b"\0")[0]
    array, _, rest = plain.partition(b"[")
    if b"]" in rest:
        plain = array
    return _UNDERSCORED.sub(b"_", plain).lower()
