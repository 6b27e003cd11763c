"""What an answer says that it has cost, such as the tokens of a model.

The last number under a name is taken, wherever it stands in the JSON of an answer, or in the events
of a stream. It is read as it passes; nothing is held but the end of a piece. Within a text quotes
are escaped, so that what a model writes is not taken for what it cost.
"""

import re
from math import ceil

from porch.exchange import Exchange
from porch.http.message import Trailers
from porch.shield.limit import LateLimiting
from porch.transform import transform

__all__ = ["ByUsage", "UsageLimiting"]

_OVERLAP = 512
"""Bytes of a piece that are looked at again with the next one."""
_MOST = 1_000_000_000_000
_NUMBER = rb"(\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,5})?)"
"""Of JSON (RFC 8259 6), from 0 on, as long as anybody writes one."""
_TYPES = (b"application/json", b"text/event-stream", b"application/x-ndjson")


class ByUsage:
    """A cost that stands in the answer's body, under this name. 1 where it does not."""

    __slots__ = ("pattern",)

    def __init__(self, name: str) -> None:
        self.pattern = re.compile(rb'"%b"\s*:\s*%b' % (_spelled(name), _NUMBER))

    def __call__(self, exchange: Exchange) -> int:
        """At the end, if nothing was read: of an answer that is no origin's."""
        return 0 if exchange.made is not None or exchange.endpoint is None else 1


def _spelled(name: str) -> bytes:
    """A pattern of all that JSON reads as this name: each letter may be an escape (RFC 8259 7)."""
    return b"".join(b"(?:%b|%b)" % (re.escape(each.encode()), _escape(each)) for each in name)


def _escape(letter: str) -> bytes:
    units = letter.encode("utf-16-be")
    pairs = (units[at : at + 2].hex().encode() for at in range(0, len(units), 2))
    return b"".join(rb"\\u(?i:%b)" % each for each in pairs)


class _Reader:
    """See transform.Transform; it changes nothing. costs[number] is what it has found."""

    __slots__ = ("_costs", "_number", "_pattern", "_tail")

    def __init__(self, pattern: re.Pattern[bytes], costs: list[int | None], number: int) -> None:
        self._pattern = pattern
        self._costs = costs
        self._number = number
        self._tail = b""
        costs[number] = 1

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        """See Transform."""
        seen = self._tail + data
        for found in self._pattern.finditer(seen):
            self._costs[self._number] = ceil(min(float(found[1]), _MOST))
        self._tail = seen[-_OVERLAP:]
        return trailers, data


class UsageLimiting(LateLimiting):
    """Limits of which some count what stands in the answer. Origins are asked for answers that can
    be read, without a content coding."""

    __slots__ = ()

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter."""
        outgoing = exchange.outgoing
        assert outgoing is not None
        outgoing.fields = [each for each in outgoing.fields if each[0] != b"accept-encoding"]

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        super().on_response(exchange)
        assert self._charges is not None
        charges = self._charges.get(exchange)
        response = exchange.response
        if charges is None or response is None or exchange.made is not None:
            return
        has_body = exchange.request.method != b"HEAD" and exchange.status not in (204, 304)
        if not (has_body and (response.get(b"content-type") or b"").startswith(_TYPES)):
            return
        for number, limit in enumerate(self.limits):
            if isinstance(limit.cost, ByUsage):
                transform(exchange, _Reader(limit.cost.pattern, charges.costs, number))
