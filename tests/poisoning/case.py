"""What a row of the corpus is: a published trick, an origin that falls for it, and who asks.

Somebody asks first, then somebody else, who must get what he would have got had he been the first.
That one rule is both poisoning, where the first is the attacker, and deception, where the first is
led by a link and the second wants to read what he was answered. `SITE` in a request stands for a
host of its own, of the kind that `door` names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.smuggling.strict import Fields, Request

__all__ = ["PUBLIC", "Case", "Doors", "Origin", "Said", "ask", "field", "said"]

PUBLIC = (b"cache-control", b"public, max-age=600")
"""What the origin says of an answer that it takes to be everybody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer of the origin. raw: all of its bytes, where it is none by the rules."""

    status: int = 200
    fields: Fields = (PUBLIC,)
    body: bytes = b""
    raw: bytes = b""


Origin = Callable[[Request], Said]
Doors = Literal["plain", "hour", "static", "tracking", "pages", "keyed", "underscores", "trusting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """name: a sentence, unique. source: who published it. origin: how it falls for it. first: what
    is sent before, each on a connection of its own. then: what the other sends. status: of his
    answer. refused: whether the door itself answers all of `first` with an error of 400 or more.
    hit: whether his answer is the stored one, since the trick has no part in it. wire: whether the
    trick is one of bytes, which a cache that believes everything has no part in. aside: whether
    what comes first comes by another port of the door.
    """

    name: str
    source: str
    origin: Origin
    first: tuple[bytes, ...]
    then: bytes
    door: Doors = "plain"
    status: int = 200
    refused: bool = False
    hit: bool = False
    wire: bool = False
    aside: bool = False


def ask(
    *lines: bytes, target: bytes = b"/page", method: bytes = b"GET", body: bytes = b""
) -> bytes:
    """A request at the case's own site."""
    framing = (b"Content-Length: %d" % len(body),) if body else ()
    start = method + b" " + target + b" HTTP/1.1"
    return b"\r\n".join([start, b"Host: SITE", *lines, *framing, b"", body])


def said(body: bytes, *fields: tuple[bytes, bytes], status: int = 200) -> Said:
    """An answer for everybody, with these fields too."""
    return Said(status=status, fields=(PUBLIC, *fields), body=body)


def field(request: Request, name: bytes, without: bytes = b"") -> bytes:
    """What a request says in a field, the last of several; `without` where it says nothing."""
    return next(iter(reversed(request.values(name))), without)
