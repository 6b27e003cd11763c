"""Asker: for whom an answer is that its origin has let nobody else have without being asked.

Such an answer (lifetime 0, or no-cache, and nothing that speaks for others) may be one user's page:
as long as each request comes to the origin, that tells users apart by what they say. So nobody is
given it unasked who says another thing: not for having asked at the same time, and not where the
origin fails.
"""

from collections.abc import Collection
from hashlib import blake2b

from porch.cache.directives import VALIDATED, Directives
from porch.cache.entry import NO_CACHE, Entry
from porch.cache.unkeyed import sendable
from porch.cache.validate import with_fields
from porch.cache.vary import TOLD_BY
from porch.http.conditional import CONDITIONS
from porch.http.message import RequestHead
from porch.identity import Identity

__all__ = ["ALIKE", "asker", "is_for", "is_for_all", "may_check", "told"]

ALIKE = CONDITIONS | {
    *(b"accept", b"accept-charset", b"accept-encoding", b"accept-language", b"user-agent"),
    *(b"range", b"cache-control", b"pragma", b"referer", b"origin", b"via", b"te", b"expect"),
    *(b"dnt", b"sec-gpc", b"save-data", b"priority", b"upgrade-insecure-requests", b"purpose"),
    *(b"sec-purpose", b"device-memory", b"downlink", b"dpr", b"ect", b"rtt", b"viewport-width"),
    *(b"width", b"date", b"content-length", b"host"),
}
"""Request fields that say what is wanted, not by whom. Whatever else there is may say who it is:
Cookie, and each field that somebody has thought of for a key or a token."""

_OF_BROWSERS = (b"sec-ch-", b"sec-fetch-")
_STALE = (b"stale-while-revalidate", b"stale-if-error")
_WHO = b":who"


def is_for_all(directives: Directives, lifetime: float) -> bool:
    """Whether an answer with these says that others may have it unasked, be it stale."""
    if b"public" in directives:
        return True
    if directives.must & NO_CACHE:
        return False
    if lifetime > 0:
        return True
    may_be_stale = any(each in directives and directives.seconds(each) for each in _STALE)
    return may_be_stale and VALIDATED.isdisjoint(directives)


def told(request: RequestHead, identity: Identity, names: Collection[bytes]) -> RequestHead:
    """What the origin is told of one that the door has let in: this is what Vary speaks of, not
    what the client has sent under those names. names: by which the door tells, in lower case. Two
    fields that no client can send say who it is, for `asker`, and those names, for Vary."""
    fields = [field for field in request.fields if field[0] not in names]
    who = repr((identity.kind, identity.name, identity.fields)).encode()
    by = b",".join(sorted(names))
    return with_fields(request, [*fields, *identity.fields, (TOLD_BY, by), (_WHO, who)])


def asker(request: RequestHead, address: bytes) -> bytes:
    """Who asks, as far as the request tells: 16 bytes, the same for what a client sends and for
    what is asked of the origin on its behalf. request: as `told` has it. address: of the client,
    which the origin is told too, and may tell users apart by."""
    said = sorted(
        field
        for field in sendable(request, ())
        if field[0] not in ALIKE and not field[0].startswith(_OF_BROWSERS)
    )
    return blake2b(repr((address, said)).encode(), digest_size=16).digest()


def is_for(entry: Entry, request: RequestHead, address: bytes) -> bool:
    """Whether this request of a client at this address may be given the answer unasked."""
    return not entry.asker or entry.asker == asker(request, address)


def may_check(entry: Entry, request: RequestHead, address: bytes) -> bool:
    """Whether the origin may be asked on behalf of this request if the answer holds: of another's
    by its tag, not by when that was changed, since his own may have been changed before."""
    return entry.get(b"etag") is not None or is_for(entry, request, address)
