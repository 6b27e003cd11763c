"""Which conditions of a client are a matter of the cache, and its 304 (RFC 9111 4.3.2)."""

from operator import itemgetter

from porch.cache.answer import fields_of
from porch.cache.entry import Entry
from porch.http.conditional import CONDITIONS, OF_CONTENT
from porch.http.message import RequestHead, ResponseHead

__all__ = ["is_for_origin", "is_plain", "not_modified"]

_NAME = itemgetter(0)
_OF_ORIGIN = frozenset((b"if-match", b"if-unmodified-since"))
_SPECIAL = CONDITIONS | {b"range", b"cache-control", b"pragma"}


def is_plain(request: RequestHead) -> bool:
    """Whether nothing in it asks for anything but the whole answer while that is fresh: one look at
    most requests, which need no other rule then."""
    return _SPECIAL.isdisjoint(map(_NAME, request.fields))


def is_for_origin(request: RequestHead) -> bool:
    """Whether it has If-Match or If-Unmodified-Since, which are no matter of a cache
    (RFC 9111 4.3.2): it goes to the origin as it came."""
    return not _OF_ORIGIN.isdisjoint(map(_NAME, request.fields))


def not_modified(entry: Entry, now: float) -> ResponseHead:
    """The 304 for this answer. now: by the clock of the store."""
    return ResponseHead(304, fields_of(entry, now, OF_CONTENT), 0)
