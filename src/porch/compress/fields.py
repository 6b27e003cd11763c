"""The fields of an answer that goes out in another form than the origin's, and how they come back.

A coded answer is another representation, with an entity tag of its own (RFC 9110 8.8.3.3). Ours
is the origin's made weak: the same for what it means, not the same bytes.
"""

from collections.abc import Iterable
from operator import itemgetter

from porch.http.fields import tokens
from porch.http.message import Field, RequestHead
from porch.http.validators import is_strong, tags

__all__ = [
    "DIGESTS",
    "coded",
    "codings",
    "conditions_back",
    "drop_range",
    "varied",
    "weak",
    "weak_as_asked",
    "without_sums",
]

DIGESTS = frozenset((b"content-md5", b"digest", b"content-digest", b"repr-digest"))
"""Sums over the bytes as the origin sent them. All of them count the coding in (RFC 9530 2 and 3,
RFC 3230 4.1): over ours they would be wrong."""

_GONE = DIGESTS | {b"accept-ranges", b"content-encoding", b"content-length"}
_NAME = itemgetter(0)
_CONDITIONS = frozenset((b"if-none-match", b"if-range"))


def weak(tag: bytes) -> bytes:
    """An entity tag made weak. What is no strong one stays."""
    return b"W/" + tag if is_strong(tag) else tag


def codings(fields: Iterable[Field]) -> list[bytes]:
    """Those of a body, in the order in which they were put on; none is named that changes nothing.
    Several lines are one list (RFC 9110 5.2, 8.4)."""
    return [
        each
        for name, value in fields
        if name == b"content-encoding"
        for each in tokens(value)
        if each != b"identity"
    ]


def varied(fields: Iterable[Field]) -> list[Field]:
    """With Accept-Encoding in Vary, once."""
    made = list(fields)
    for name, value in made:
        if name == b"vary":
            named = tokens(value)
            if b"accept-encoding" in named or b"*" in named:
                return made
    for place, (name, value) in enumerate(made):
        if name == b"vary" and value:
            made[place] = (name, value + b", Accept-Encoding")
            return made
    made.append((b"vary", b"Accept-Encoding"))
    return made


def coded(fields: Iterable[Field], coding: bytes | None) -> list[Field]:
    """Of an answer that is coded here, or decoded (None). Its length is another then."""
    made = [
        (name, weak(value)) if name == b"etag" else (name, value)
        for name, value in fields
        if name not in _GONE
    ]
    if coding is not None:
        made.append((b"content-encoding", coding))
    return varied(made)


def without_sums(fields: Iterable[Field]) -> list[Field]:
    """Trailers of an answer that is coded here."""
    return [each for each in fields if each[0] not in DIGESTS]


def weak_as_asked(fields: Iterable[Field], request: RequestHead) -> list[Field]:
    """Of a 304: its tag as the client knows it, by the If-None-Match that it sent."""
    known = tags(_listed(request))
    return [
        (name, weak(value)) if name == b"etag" and weak(value) in known else (name, value)
        for name, value in fields
    ]


def conditions_back(request: RequestHead) -> bytes | None:
    """Make the conditions of a request such as its origin knows: a tag that may be one of ours is
    listed as it was, too, for origins that compare as texts.

    Returns its If-Range. A weak tag there holds for no part (RFC 9110 13.1.5): the whole is asked
    for.
    """
    if _CONDITIONS.isdisjoint(map(_NAME, request.fields)):
        return None
    listed = tags(_listed(request))
    origins = [tag[2:] for tag in listed if tag[:3] == b'W/"' and tag[2:] not in listed]
    if origins:
        both = b", ".join([*listed, *dict.fromkeys(origins)])
        kept = [each for each in request.fields if each[0] != b"if-none-match"]
        request.fields = [*kept, (b"if-none-match", both)]
    condition = request.get(b"if-range")
    if condition is not None and condition.startswith(b"W/"):
        drop_range(request)
        return None
    return condition


def _listed(request: RequestHead) -> bytes:
    return b", ".join([value for name, value in request.fields if name == b"if-none-match"])


def drop_range(request: RequestHead) -> None:
    """The whole is asked for."""
    request.fields = [each for each in request.fields if each[0] not in (b"range", b"if-range")]
