"""The head with which a stored answer goes out: the same to GET and HEAD (RFC 9111 4).

Date and Expires stay as the origin wrote them (RFC 9110 6.6.1: Date says when the message was
made), Age says how long ago that was, and no Warning is written (RFC 9111 5.5).
"""

from porch.cache.entry import Entry
from porch.http.message import Field, ResponseHead

__all__ = ["OLDEST", "fields_of", "whole"]

OLDEST = 1 << 31
"""Seconds: the most that Age says; what can't be counted is this old (RFC 9111 1.2.2)."""

_NEW = frozenset((b"content-length", b"age"))


def fields_of(entry: Entry, now: float, without: frozenset[bytes] = _NEW) -> list[Field]:
    """The stored fields with the Age of now (RFC 9111 5.1), without Content-Length.

    without: names, lower-case, of those that are left out; content-length and age among them.
    """
    fields = [field for field in entry.fields if field[0] not in without]
    fields.append((b"age", b"%d" % min(entry.age_at(now), OLDEST)))
    return fields


def whole(entry: Entry, now: float) -> ResponseHead:
    """The head of the whole answer. To HEAD it is the same: Content-Length tells what GET would
    give (RFC 9110 9.3.2). Raises ValueError where parts alone are held: a few bytes must never look
    like the whole, whatever was forgotten before."""
    if entry.held:
        raise ValueError(f"only {entry.held} of {entry.length} bytes are held")
    fields = fields_of(entry, now)
    if entry.length < 0:
        return ResponseHead(entry.status, fields, None)
    if entry.status != 204:  # RFC 9110 8.6: none with 204
        fields.append((b"content-length", b"%d" % entry.length))
    return ResponseHead(entry.status, fields, entry.length)
