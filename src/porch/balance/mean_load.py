"""Mean load: how much endpoints have under way by their weights, near enough.

To sum up a thousand shared counts takes half a millisecond. So one more endpoint is looked at each
time that somebody asks, and the others count as they were when they were looked at last.
"""

from collections.abc import Sequence

from porch.balance.endpoint import Endpoint
from porch.balance.least_requests import EXACT

__all__ = ["MeanLoad"]


class MeanLoad:
    """Of few endpoints (EXACT) it is exact."""

    __slots__ = ("_endpoints", "_had", "_next", "_sum", "_weights")

    def __init__(self, endpoints: Sequence[Endpoint], before: "MeanLoad | None" = None) -> None:
        """endpoints: at least one, of weights > 0. before: what was known of some of them."""
        known = before.known if before is not None else {}
        self._endpoints = endpoints
        self._weights = sum([each.weight for each in endpoints])
        self._had = [known.get(each, 0) for each in endpoints]
        self._sum = sum(self._had)
        self._next = 0

    @property
    def known(self) -> dict[Endpoint, int]:
        """What was under way at the last look."""
        return dict(zip(self._endpoints, self._had, strict=True))

    @property
    def foreseen(self) -> float:
        """What `look` would say next, without a look."""
        endpoints, had, index = self._endpoints, self._had, self._next
        if len(endpoints) <= EXACT:
            return self.look()
        return (self._sum + sum(endpoints[index].runs) - had[index]) / self._weights

    def look(self) -> float:
        """Requests under way for each unit of weight."""
        endpoints, had = self._endpoints, self._had
        if len(endpoints) <= EXACT:
            running = 0
            for each in endpoints:
                running += sum(each.runs)
            return running / self._weights
        index = self._next
        running = sum(endpoints[index].runs)
        self._sum += running - had[index]
        had[index] = running
        self._next = index + 1 if index + 1 < len(had) else 0
        return self._sum / self._weights
