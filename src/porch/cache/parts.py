"""Answers of which only parts are stored (RFC 9111 3.3 and 3.4, RFC 9110 15.3.7.3).

An entry with parts is the entry of the whole: status 200, the fields of the whole, its length; and
`held` says which of it are there. The body that is kept has them one behind another.

    came = arrived(response)                        # a 206: which part of how much, or None
    head = as_whole(response, came)                 # what is appraised, and stored with the part
    gaps = missing(entry, asked)                    # later: [] where it can be answered
    can_grow(entry, wall)                           # else: ask for what is wanted, as ever
    request = completing(request, entry, gaps, wall)
    if can_join(entry, response, wall):             # else: ask again, for the whole
        head = updated(entry, as_whole(response, came), date)
        entry, takes = joined(entry, freshened(entry, appraised), came)
"""

import re
from typing import NamedTuple

import msgspec

from porch.cache.entry import Entry
from porch.cache.validate import with_fields
from porch.http.conditional import CONDITIONS
from porch.http.message import RequestHead, ResponseHead
from porch.http.ranges import Range
from porch.http.validators import Answer, strong_date, strong_tag

__all__ = [
    "MOST_HELD",
    "Part",
    "Take",
    "arrived",
    "as_whole",
    "can_grow",
    "can_join",
    "completing",
    "joined",
    "missing",
]

MOST_HELD = 16
"""Parts of one answer that are kept apart: each further one costs a copy of all of them."""

_POSITION = re.compile(rb"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})\Z", re.IGNORECASE)

_OWN = CONDITIONS | {b"range"}


class Part(NamedTuple):
    """What a 206 brings: from `first` to before `end`, of `length` bytes."""

    first: int
    end: int
    length: int

    @property
    def held(self) -> list[Range]:
        """Entry.held for this part alone: a 206 may bring the whole."""
        return [] if self.end - self.first == self.length else [(self.first, self.end)]


class Take(NamedTuple):
    """A piece of a joined body: from `first` to before `end` of the body that came (`is_new`) or of
    the one that is kept."""

    is_new: bool
    first: int
    end: int


def arrived(response: ResponseHead) -> Part | None:
    """Which part a 206 brings; None for what can't be kept: several parts in one, a whole whose
    length it doesn't say, and a body that is not known to be as long as its range: which of them is
    wrong nobody knows (RFC 9110 14.4)."""
    said = [value for name, value in response.fields if name == b"content-range"]
    if response.status != 206 or len(said) != 1 or _is_multipart(response):
        return None
    position = _POSITION.match(said[0])
    if position is None:
        return None
    first, last, length = map(int, position.groups())
    if not first <= last < length or response.length != last + 1 - first:
        return None
    return Part(first, last + 1, length)


def _is_multipart(response: ResponseHead) -> bool:
    kind = response.get(b"content-type")
    return kind is not None and kind.lower().startswith(b"multipart/byteranges")


def as_whole(response: ResponseHead, part: Part) -> ResponseHead:
    """The head that a 200 would have had in place of this 206: it is to be appraised, for what is
    stored is the whole, of which there is a part. Content-Length is left out: the store knows."""
    fields = [
        field for field in response.fields if field[0] not in (b"content-range", b"content-length")
    ]
    return ResponseHead(200, fields, part.length)


def missing(entry: Entry, asked: list[Range] | None) -> list[Range]:
    """What of the ranges asked for is not there, in order and apart; None asks for the whole."""
    if not entry.held:
        return []
    gaps: list[Range] = []
    for first, end in _union([(0, entry.length)] if asked is None else asked):
        for held_first, held_end in entry.held:
            if held_first >= end:
                break
            if first < held_first:
                gaps.append((first, held_first))
            first = max(first, held_end)
        if first < end:
            gaps.append((first, end))
    return gaps


def completing(request: RequestHead, entry: Entry, gaps: list[Range], wall: float) -> RequestHead:
    """`request`, asking for what is missing alone (RFC 9111 3.3).

    It is one range, from the first gap to the end of the last: answers with several are not read.
    If-Range has the origin send the whole where that has changed (RFC 9110 13.1.5), so that what
    comes, a 206 or a 200, is a validation too. It is a request for the whole where no end of it is
    there, and by HEAD, which has no ranges: the head of a 206 may lack what that of the whole has.
    """
    fields = [field for field in request.fields if field[0] not in _OWN]
    first, end = gaps[0][0], gaps[-1][1]
    if request.method == b"GET" and (first > 0 or end < entry.length):
        last = b"" if end == entry.length else b"%d" % (end - 1)
        fields.append((b"range", b"bytes=%d-%b" % (first, last)))
        validator = strong_tag(entry) or strong_date(entry, wall)
        if validator is not None:
            fields.append((b"if-range", validator))
    return with_fields(request, fields)


def can_grow(entry: Entry, wall: float) -> bool:
    """Whether there is any 206 that it `can_join`: it has a strong validator. Without one a request
    for what is missing is of no use."""
    if _tag(entry) is not None:
        return strong_tag(entry) is not None
    return strong_date(entry, wall) is not None


def can_join(entry: Entry, response: ResponseHead, wall: float) -> bool:
    """Whether a 206 is of the same bytes: the same strong validator, and the same length
    (RFC 9111 3.4). Without one it is not: two answers of the same second differ sometimes."""
    part = arrived(response)
    if part is None or part.length != entry.length:
        return False
    if not can_grow(entry, wall) or _tag(entry) != _tag(response):
        return False
    return _tag(entry) is not None or strong_date(entry, wall) == strong_date(response, wall)


def _tag(answer: Answer) -> bytes | None:
    return answer.get(b"etag")


def joined(entry: Entry, freshened: Entry, part: Part) -> tuple[Entry, list[Take]] | None:
    """What is stored from now on where a part that `can_join` has come: `freshened`, which is what
    the new head makes of `entry`, with all the parts, and of what its body is made, in order.

    None where they would be more than MOST_HELD: what is stored stays. A whole stays whole, and
    takes nothing of the new body.
    """
    if not entry.held:
        return freshened, [Take(False, 0, entry.length)]
    held = _union([*entry.held, (part.first, part.end)])
    if len(held) > MOST_HELD:
        return None
    gaps = missing(entry, [(part.first, part.end)])
    pieces = sorted([(*old, False) for old in entry.held] + [(*new, True) for new in gaps])
    takes: list[Take] = []
    kept = 0
    for first, end, is_new in pieces:
        if is_new:
            takes.append(Take(True, first - part.first, end - part.first))
        else:
            takes.append(Take(False, kept, kept + end - first))
            kept += end - first
    is_whole = held == [(0, entry.length)]
    return msgspec.structs.replace(freshened, held=[] if is_whole else held), takes


def _union(ranges: list[Range]) -> list[Range]:
    """In order and apart: those that overlap or touch are one."""
    found: list[Range] = []
    for first, end in sorted(ranges):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((first, end))
    return found
