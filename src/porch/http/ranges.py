"""Ranges of an answer that stands ready: which are asked for, and what is sent (RFC 9110 14).

All are half open here: (first, behind the last). Nothing is read: a plan lists what is to be sent,
bytes or ranges of the body, so that none of it needs to be in memory.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from porch.http.dates import http_date
from porch.http.message import Field, RequestHead, ResponseHead
from porch.http.validators import Answer, is_strong, last_modified, strong_date

__all__ = ["MOST", "Plan", "Range", "partial", "ranges", "wanted"]

Range = tuple[int, int]

MOST = 32
"""Ranges in one request; players and PDF readers ask for up to a dozen."""
MOST_OVERLAPS = 2
"""RFC 9110 14.2 takes "more than two overlapping ranges" for an attack."""

_SPECIFIER = re.compile(rb"bytes=(.*)\Z", re.IGNORECASE)
_RANGE = re.compile(rb"(?:([0-9]{1,40})-([0-9]{1,40})?|-([0-9]{1,40}))\Z")

_OF_WHOLE = frozenset((b"content-digest", b"content-length", b"content-md5", b"content-range"))
"""What is true of the whole alone, or said anew."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent. pieces: in order, bytes as they are, or a range of the whole body."""

    head: ResponseHead
    pieces: list[bytes | Range]


def ranges(answer: Answer, length: int, request: RequestHead, wall: float) -> list[Range] | None:
    """What of this answer the request asks for; None: all of it; []: what there is not (416).

    length: bytes of its body, -1 where its end is not known. wall: seconds since 1970. To be asked
    after the client's conditions (RFC 9110 13.2.2). Range means something to GET alone (14.2), to
    what would be a 200, and while If-Range holds (13.1.5).
    """
    value: bytes | None = None
    condition: bytes | None = None
    for field in request.fields:
        if field[0] == b"range":
            if value is not None:
                return None
            value = field[1]
        elif field[0] == b"if-range":
            condition = field[1]
    if value is None or request.method != b"GET" or answer.status != 200:
        return None
    if condition is not None and not _holds(answer, condition, wall):
        return None
    return wanted(value, length)


def wanted(value: bytes, length: int) -> list[Range] | None:
    """The ranges of a Range field, of a body of `length` bytes: in the order asked for, none empty;
    those behind the end left out. None where it is to be ignored: another unit than bytes, what is
    no range, an abuse; and of a body that is empty or still coming in (its length is -1)."""
    specifier = _SPECIFIER.match(value)
    if specifier is None or length <= 0:
        return None
    members = [each for part in specifier[1].split(b",") if (each := part.strip(b" \t"))]
    if not members or len(members) > MOST:
        return None
    found: list[Range] = []
    for member in members:
        asked = _RANGE.match(member)
        if asked is None:
            return None
        first, last, suffix = (None if part is None else int(part) for part in asked.groups())
        if suffix is not None:
            first, end = max(0, length - suffix), length
        else:
            assert first is not None
            if last is not None and last < first:
                return None
            end = length if last is None else min(last + 1, length)
        if first < end:
            found.append((first, end))
    return None if _is_abuse(found, length) else found


def _is_abuse(found: list[Range], length: int) -> bool:
    """Whether the ranges are more work than the whole: RFC 9110 17.15 lets them be ignored."""
    if sum(end - first for first, end in found) > length:
        return True
    overlaps = sum(one[1] > other[0] for one, other in pairwise(sorted(found)))
    return overlaps > MOST_OVERLAPS


def _holds(answer: Answer, condition: bytes, wall: float) -> bool:
    """RFC 9110 13.1.5: by strong comparison; a date must be the very Last-Modified, and strong."""
    if is_strong(condition):
        return answer.get(b"etag") == condition
    at = http_date(condition, wall)
    return (
        at is not None
        and strong_date(answer, wall) is not None
        and at == last_modified(answer, wall)
    )


def partial(fields: Sequence[Field], length: int, asked: list[Range], boundary: bytes) -> Plan:
    """The 206 for what `ranges` found, which is not empty (RFC 9110 15.3.7).

    fields: of the 200; what is true of the whole alone is left out. length: bytes of the whole.
    boundary: what parts the parts of a multipart/byteranges: 1 to 70 letters and digits that are
    nowhere in the body, such as 96 random bits.
    """
    kept = [field for field in fields if field[0] not in _OF_WHOLE]
    if len(asked) == 1:
        first, end = asked[0]
        kept.append((b"content-range", _content_range(first, end, length)))
        pieces: list[bytes | Range] = [asked[0]]
        size = end - first
    else:
        kinds = [field[1] for field in kept if field[0] == b"content-type"]
        kept = [field for field in kept if field[0] != b"content-type"]
        kept.append((b"content-type", b"multipart/byteranges; boundary=" + boundary))
        pieces = _parts(kinds, length, asked, boundary)
        size = sum(
            len(piece) if isinstance(piece, bytes) else piece[1] - piece[0] for piece in pieces
        )
    kept.append((b"content-length", b"%d" % size))
    return Plan(ResponseHead(206, kept, size), pieces)


def _parts(
    kinds: list[bytes], length: int, asked: list[Range], boundary: bytes
) -> list[bytes | Range]:
    """RFC 9110 14.6. kinds: the Content-Type of the whole, if it has one."""
    said = b"Content-Type: %b\r\n" % kinds[0] if kinds else b""
    pieces: list[bytes | Range] = []
    delimiter = b"--" + boundary
    for first, end in asked:
        position = _content_range(first, end, length)
        pieces.append(b"%b\r\n%bContent-Range: %b\r\n\r\n" % (delimiter, said, position))
        pieces.append((first, end))
        delimiter = b"\r\n--" + boundary
    pieces.append(delimiter + b"--\r\n")
    return pieces


def _content_range(first: int, end: int, length: int) -> bytes:
    return b"bytes %d-%d/%d" % (first, end - 1, length)
