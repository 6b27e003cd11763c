"""Ranges of a stored answer: where they are in what is kept, and what is sent (RFC 9110 14)."""

from porch.cache.answer import fields_of
from porch.cache.entry import Entry
from porch.filter import Response
from porch.http import ranges
from porch.http.ranges import Plan, Range

__all__ = ["partial", "placed", "unsatisfiable"]


def placed(entry: Entry, asked: Range) -> Range:
    """Where a range of the whole is in the body that is kept, which has the held parts one behind
    another. It must lie in one of them."""
    offset = 0
    for first, end in entry.held:
        if first <= asked[0] < end:
            return asked[0] - first + offset, asked[1] - first + offset
        offset += end - first
    return asked


def partial(entry: Entry, asked: list[Range], now: float, boundary: bytes) -> Plan:
    """The 206 for ranges that are asked for, and all there: see http.ranges.partial. Its pieces are
    ranges of the body that is kept. now: by the clock of the store."""
    plan = ranges.partial(fields_of(entry, now), entry.length, asked, boundary)
    if entry.held:
        pieces = [each if isinstance(each, bytes) else placed(entry, each) for each in plan.pieces]
        return Plan(plan.head, pieces)
    return plan


def unsatisfiable(entry: Entry) -> Response:
    """The 416 that says how long the body is (RFC 9110 15.5.17)."""
    return Response(416, ((b"content-range", b"bytes */%d" % entry.length),))
