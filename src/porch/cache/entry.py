"""Entry: one stored answer without its body, and all that is known about it.

What the rules found out when it came is kept with it, so that a hit parses nothing.
"""

import msgspec

from porch.http.message import Field

__all__ = [
    "IMMUTABLE",
    "LET_IN",
    "MUST_REVALIDATE",
    "NO_CACHE",
    "ONLY_AUTHORIZED",
    "Entry",
    "decoded",
    "encoded",
]

NO_CACHE = 1
"""To be validated each time (RFC 9111 5.2.2.4)."""
MUST_REVALIDATE = 2
"""Never served stale: must-revalidate, proxy-revalidate, s-maxage (RFC 9111 4.2.4). But for
stale_while and stale_error, which are 0 then, unless s-maxage alone brings this and the answer
itself names them."""
ONLY_AUTHORIZED = 4
"""It answered a request with Authorization and says nothing that lets others have it: only a
setting can have brought it here (RFC 9111 3.5)."""
IMMUTABLE = 8
"""It will not change while it is fresh: a client's reload (max-age=0) does not make it be asked
about, its no-cache does (RFC 8246 2)."""

LET_IN = {
    ONLY_AUTHORIZED: b"authorization",
    16: b"private",
    32: b"no-store",
    64: b"set-cookie",
    128: b"vary",
}
"""What says that it was not to be kept, and the word of `ignore` that let it in: without the word,
which the configuration may not have any more, it is of no use."""


class Entry(msgspec.Struct, array_like=True, gc=False):
    """One stored answer without its body.

    Times are seconds. `received` is by the clock of the store, which runs on over restarts and is
    never set; `age` was computed from dates on the wall when the answer came.

    status: 200 to 599; 200 where parts of a whole are held. fields: those that are kept, in order,
    without Age; without Content-Length and Content-Range where parts are held.
    length: bytes of the whole body, -1 as long as only its end will tell. held: the parts of it
    that are there as (first, behind last), in order and apart; empty for the whole.
    received: when the head came, or what it was validated by.
    age: how old it was then (RFC 9111 4.2.3).
    lifetime: for how long it is fresh, from its age 0; source: what says so: "s-maxage", "max-age",
    "expires", "heuristic", "cdn-cache-control", "porch-cache-control", "ttl", "status_ttl", "none".
    stale_while, stale_error: for how long behind that it may be served while it is asked for again,
    and where the origin fails (RFC 5861).
    must: NO_CACHE, MUST_REVALIDATE, IMMUTABLE, those of LET_IN, or-ed.
    vary: the request fields that chose it, by name, with their normalised values; and what of the
    answer itself a request is to suit, under names that begin with a colon (`vary.py`).
    tags: names to purge it by.
    url: scheme, host and target, as b"https://a.test/x?y": to purge it by.
    asker: who alone may be given it without the origin being asked (asker.py); b"" for all.
    """

    status: int
    fields: list[Field]
    length: int
    received: float
    age: float
    lifetime: float
    source: str
    stale_while: float = 0.0
    stale_error: float = 0.0
    must: int = 0
    vary: list[Field] = []
    tags: list[bytes] = []
    url: bytes = b""
    held: list[tuple[int, int]] = []
    asker: bytes = b""

    def get(self, name: bytes) -> bytes | None:
        """The first value of field `name` (lower-case), or None."""
        for field in self.fields:
            if field[0] == name:
                return field[1]
        return None

    def age_at(self, now: float) -> float:
        """How old it is (RFC 9111 4.2.3), never below what it was when it came."""
        return self.age + max(0.0, now - self.received)


encoded = msgspec.msgpack.Encoder().encode
decoded = msgspec.msgpack.Decoder(Entry).decode
"""Raises msgspec.DecodeError (or ValidationError, which is one) for what is no entry."""
