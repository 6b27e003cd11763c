"""The cookies of a login: how they are named, read, cut into pieces and ended (RFC 6265).

All begin with one name, so that none goes on to an origin. A browser takes 4096 bytes of one; what
is longer stands in several.
"""

import re
from collections.abc import Iterable, Sequence

from porch.http.message import Field

__all__ = [
    "MOST_PIECES",
    "NAME",
    "cookies_of",
    "ended",
    "joined",
    "prefix",
    "set_cookie",
    "set_pieces",
    "without",
]

NAME = b"porch-login-"
PIECE = 3600
"""Bytes of a cookie's value."""
MOST_PIECES = 4
"""More than that no server reads (8 to 16 KiB of fields)."""
_OURS = re.compile(rb"(?:__Host-)?" + NAME)
_MARK = b"porch-"
_ANY = re.compile(rb"(?:__Host-)?porch-(?:login-|pass(?:=|\Z))")


def prefix(*, is_secure: bool) -> bytes:
    """What all names begin with. With __Host- a browser takes one only by HTTPS, from this very
    host, so that neither a neighbour nor who is between can plant one (RFC 6265bis 4.1.3)."""
    return (b"__Host-" if is_secure else b"") + NAME


def cookies_of(fields: Iterable[Field]) -> list[tuple[bytes, bytes]]:
    """The door's own cookies that a client shows, in order."""
    found = []
    for name, value in fields:
        if name == b"cookie" and NAME in value:
            for each in value.split(b";"):
                key, mark, content = each.strip(b" \t").partition(b"=")
                if mark and _OURS.match(key):
                    found.append((key, content))
    return found


def joined(cookies: Sequence[tuple[bytes, bytes]], name: bytes) -> bytes:
    """What stands in the pieces of `name`; b"" for nothing, or where a name stands twice: nobody
    can say which one the browser was given here."""
    found: dict[bytes, bytes] = {}
    for key, content in cookies:
        if key == name or key.startswith(name + b"."):
            if key in found:
                return b""
            found[key] = content
    text = found.get(name, b"")
    for number in range(1, MOST_PIECES if text else 0):
        more = found.get(b"%b.%d" % (name, number))
        if more is None:
            break
        text += more
    return text


def set_cookie(name: bytes, content: bytes, seconds: int, *, is_secure: bool) -> Field:
    """A cookie for all of the host, that no script reads and no other site has sent but by a
    link."""
    secure = b"; Secure" if is_secure else b""
    return b"set-cookie", b"%b=%b; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%b" % (
        *(name, content, seconds),
        secure,
    )


def set_pieces(
    name: bytes, content: bytes, seconds: int, shown: Iterable[bytes], *, is_secure: bool
) -> list[Field] | None:
    """Cookies of which `joined` is `content`; None where it is too long for them. shown: the names
    that the client has: pieces of something longer end."""
    pieces = [content[at : at + PIECE] for at in range(0, len(content), PIECE)]
    if len(pieces) > MOST_PIECES:
        return None
    names = [b"%b.%d" % (name, number) if number else name for number in range(len(pieces))]
    over = {each for each in shown if each.startswith(name + b".")} - set(names)
    set_ = [
        set_cookie(each, piece, seconds, is_secure=is_secure)
        for each, piece in zip(names, pieces, strict=True)
    ]
    return set_ + ended(sorted(over), is_secure=is_secure)


def ended(names: Iterable[bytes], *, is_secure: bool) -> list[Field]:
    """What makes a browser forget these."""
    return [set_cookie(each, b"", 0, is_secure=is_secure) for each in names]


def without(fields: list[Field]) -> list[Field]:
    """A request's fields without the door's own cookies: those of logins, and what a challenge was
    passed with. The very list where there is none."""
    if not any(name == b"cookie" and _MARK in value for name, value in fields):
        return fields
    kept: list[Field] = []
    for name, value in fields:
        if name == b"cookie" and _MARK in value:
            value = b"; ".join(
                each
                for part in value.split(b";")
                if (each := part.strip()) and _ANY.match(each) is None
            )
            if not value:
                continue
        kept.append((name, value))
    return kept
