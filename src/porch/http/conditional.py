"""A client's own conditions against an answer that stands ready (RFC 9110 13)."""

from porch.http.dates import date_of, http_date
from porch.http.message import RequestHead
from porch.http.validators import Answer, is_strong, last_modified, same, tags

__all__ = ["CONDITIONS", "OF_CONTENT", "is_failed", "is_not_modified"]

CONDITIONS = frozenset(
    (b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range")
)
"""The fields that make a request conditional (RFC 9110 13.1)."""

OF_CONTENT = frozenset(
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


def is_failed(answer: Answer, request: RequestHead, wall: float) -> bool:
    """Whether If-Match or If-Unmodified-Since is not met, so that 412 is said (RFC 9110 13.1.1 and
    13.1.4): asked first, and by whoever has the resource itself; a cache leaves them to the origin.

    answer: what a GET would bring without conditions. wall: seconds since 1970. If-Match goes
    before If-Unmodified-Since (13.2.2), compares strongly, and its `*` is met by whatever there is.
    """
    listed = [value for name, value in request.fields if name == b"if-match"]
    if listed:
        tag = answer.get(b"etag")
        if listed == [b"*"]:
            return False
        if tag is None or not is_strong(tag):
            return True
        return all(tag != each for value in listed for each in tags(value))
    since = [value for name, value in request.fields if name == b"if-unmodified-since"]
    if len(since) != 1:
        return False
    at, changed = http_date(since[0], wall), last_modified(answer, wall)
    return at is not None and changed is not None and changed > at


def is_not_modified(answer: Answer, request: RequestHead, wall: float) -> bool:
    """Whether the client has this answer already, so that 304 is said.

    For what may be served now, also for what was just validated. wall: seconds since 1970.
    If-None-Match goes before If-Modified-Since (RFC 9110 13.2.2), and only a 200 is asked for it
    (RFC 9111 4.3.2).
    """
    if answer.status != 200 or request.method not in (b"GET", b"HEAD"):
        return False
    listed: list[bytes] = []
    since: list[bytes] = []
    for name, value in request.fields:
        if name == b"if-none-match":
            listed.append(value)
        elif name == b"if-modified-since":
            since.append(value)
    if listed:
        return _matches(answer, listed)
    return len(since) == 1 and _is_no_newer(answer, since[0], wall)


def _matches(answer: Answer, listed: list[bytes]) -> bool:
    """RFC 9110 13.1.2."""
    if listed == [b"*"]:
        return True
    tag = answer.get(b"etag")
    if tag is None:
        return False
    return any(same(tag, each) for value in listed for each in tags(value))


def _is_no_newer(answer: Answer, since: bytes, wall: float) -> bool:
    """RFC 9110 13.1.3. Without Last-Modified the Date counts (RFC 9111 4.3.2): what has not changed
    since it was made has not since then."""
    at = http_date(since, wall)
    if at is None:
        return False
    changed = last_modified(answer, wall)
    if changed is None:
        changed = date_of(b"date", answer.fields, wall)
    return changed is not None and changed <= at
