"""The client's own conditions against a stored answer (RFC 9110 13, RFC 9111 4.3.2)."""

from operator import itemgetter

from porch.cache.answer import fields_of
from porch.cache.dates import date_of, http_date
from porch.cache.entry import Entry
from porch.cache.validators import last_modified, same, tags
from porch.http.message import RequestHead, ResponseHead

__all__ = [
    "CONDITIONS",
    "is_for_origin",
    "is_not_modified",
    "is_plain",
    "not_modified",
]

CONDITIONS = frozenset(
    (b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range")
)
"""The fields that make a request conditional (RFC 9110 13.1)."""

_NAME = itemgetter(0)
_OF_ORIGIN = frozenset((b"if-match", b"if-unmodified-since"))
_SPECIAL = CONDITIONS | {b"range", b"cache-control", b"pragma"}

_LEFT_OUT = frozenset(
    (
        b"age",
        b"content-digest",
        b"content-encoding",
        b"content-language",
        b"content-length",
        b"content-md5",
        b"content-range",
        b"content-type",
        b"repr-digest",
    )
)
"""What a 304 goes without: it describes a content that is not sent, and whoever gets the 304 has it
with his own copy (RFC 9110 15.4.5). All else stays: Cache-Control, Content-Location, Date, ETag,
Expires and Vary must, Last-Modified helps where there is no ETag, and the rest updates a copy."""


def is_plain(request: RequestHead) -> bool:
    """Whether nothing in it asks for anything but the whole answer while that is fresh: one look at
    most requests, which need no other rule then."""
    return _SPECIAL.isdisjoint(map(_NAME, request.fields))


def is_for_origin(request: RequestHead) -> bool:
    """Whether it has If-Match or If-Unmodified-Since, which are no matter of a cache
    (RFC 9111 4.3.2): it goes to the origin as it came."""
    return not _OF_ORIGIN.isdisjoint(map(_NAME, request.fields))


def is_not_modified(entry: Entry, request: RequestHead, wall: float) -> bool:
    """Whether the client has this answer already, so that 304 is said.

    For what may be served now, also for what was just validated. wall: seconds since 1970.
    If-None-Match goes before If-Modified-Since (RFC 9110 13.2.2), and only a 200 is asked for it
    (RFC 9111 4.3.2).
    """
    if entry.status != 200 or request.method not in (b"GET", b"HEAD"):
        return False
    listed: list[bytes] = []
    since: list[bytes] = []
    for name, value in request.fields:
        if name == b"if-none-match":
            listed.append(value)
        elif name == b"if-modified-since":
            since.append(value)
    if listed:
        return _matches(entry, listed)
    return len(since) == 1 and _is_no_newer(entry, since[0], wall)


def not_modified(entry: Entry, now: float) -> ResponseHead:
    """The 304 for this answer. now: by the clock of the store."""
    return ResponseHead(304, fields_of(entry, now, _LEFT_OUT), 0)


def _matches(entry: Entry, listed: list[bytes]) -> bool:
    """RFC 9110 13.1.2."""
    if listed == [b"*"]:
        return True
    tag = entry.get(b"etag")
    if tag is None:
        return False
    return any(same(tag, each) for value in listed for each in tags(value))


def _is_no_newer(entry: Entry, since: bytes, wall: float) -> bool:
    """RFC 9110 13.1.3. Without Last-Modified the Date counts (RFC 9111 4.3.2): what has not changed
    since it was made has not since then."""
    at = http_date(since, wall)
    if at is None:
        return False
    changed = last_modified(entry, wall)
    if changed is None:
        changed = date_of(b"date", entry.fields, wall)
    return changed is not None and changed <= at
