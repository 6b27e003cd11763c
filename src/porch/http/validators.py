"""What tells two states of one resource apart: ETag and Last-Modified (RFC 9110 8.8)."""

import re
from typing import Protocol

from porch.http.dates import date_of
from porch.http.message import Field

__all__ = [
    "APART",
    "Answer",
    "is_strong",
    "last_modified",
    "same",
    "strong_date",
    "strong_tag",
    "tags",
]

APART = 60.0
"""Seconds between Last-Modified and Date from which on the former is strong (RFC 9110 8.8.2.2): a
second would do where both are by one clock, a minute covers clocks of several machines."""

_TAG = re.compile(rb'(?:W/)?"[^"]*"|[^\s,][^,]*')
"""An entity tag (RFC 9110 8.8.3), or whatever else stands between two commas. Tags without quotes
are sent by origins and come back from browsers as they were; they are equal to themselves."""


class Answer(Protocol):
    """A head, or what is kept of one."""

    status: int
    fields: list[Field]

    def get(self, name: bytes) -> bytes | None:
        """The first value of field `name`."""


def tags(value: bytes) -> list[bytes]:
    """The members of an If-None-Match or If-Match, as they stood."""
    return [tag.rstrip(b" \t") for tag in _TAG.findall(value)]


def is_strong(tag: bytes) -> bool:
    """Whether equal tags mean equal bytes (RFC 9110 8.8.1). Without quotes it is no tag: weak."""
    return tag.startswith(b'"') and tag.endswith(b'"') and len(tag) > 1


def same(one: bytes, other: bytes) -> bool:
    """Weak comparison (RFC 9110 8.8.3.2)."""
    return one.removeprefix(b"W/") == other.removeprefix(b"W/")


def strong_tag(answer: Answer) -> bytes | None:
    """Its ETag, if that is a strong one."""
    tag = answer.get(b"etag")
    return tag if tag is not None and is_strong(tag) else None


def last_modified(answer: Answer, wall: float) -> float | None:
    """Its Last-Modified in seconds since 1970. wall: now, by the clock on the wall."""
    return date_of(b"last-modified", answer.fields, wall)


def strong_date(answer: Answer, wall: float) -> bytes | None:
    """Its Last-Modified as it stands, if that is a strong validator: where the answer was made at
    least APART seconds later."""
    at = last_modified(answer, wall)
    made = date_of(b"date", answer.fields, wall)
    if at is None or made is None or made - at < APART:
        return None
    return answer.get(b"last-modified")
