"""What the cache counts: requests that it answered, and why it could not answer the others.

Cells of the shared table (shared.py): who counts adds to `own` of its Cells, 40 ns a time, and who
looks sums them over all workers. Each request of a route with a cache counts once, as HIT,
HIT_STALE, COLLAPSED or one of FORWARDED; all else counts beside that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from porch.cache.refusal import REFUSALS

__all__ = [
    "COLLAPSED",
    "FORWARDED",
    "FROM_ORIGIN",
    "FROM_STORE",
    "HIT",
    "HIT_STALE",
    "KEPT",
    "NOT_KEPT",
    "OTHER",
    "VALIDATED",
    "WIDTH",
    "Totals",
    "totals",
]

HIT, HIT_STALE, COLLAPSED, VALIDATED, KEPT, FROM_STORE, FROM_ORIGIN = range(7)
"""Answered from the store: fresh, or stale. Answered by what another request was already bringing.
Beside: of those that were forwarded, the stored answer that the origin said still holds (304);
answers that were kept; bytes of bodies that came from the store, and from the origin."""

_FORWARDED = ("bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial")
FORWARDED: Mapping[str, int] = {word: 7 + number for number, word in enumerate(_FORWARDED)}
"""Asked of the origin, by the word of RFC 9211 2.2 that says why."""

_NOT_KEPT = dict.fromkeys((*(each.word for each in REFUSALS), "no-room", "cut", "purged", "passed"))
NOT_KEPT: Mapping[str, int] = {word: 15 + number for number, word in enumerate(_NOT_KEPT)}
"""Why an answer of the origin's was not kept: by the word of a Refusal; "no-room" for want of room
or of a disk, "cut" since it broke off, "purged" meanwhile, "passed" since the last one of its key
was not kept."""
OTHER = 15 + len(_NOT_KEPT)
"""The same for any other reason."""
WIDTH = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Of all workers, since the door began. forwarded, not_kept: by reason, the most first, without
    those that never were."""

    hits: int
    stale: int
    collapsed: int
    validated: int
    kept: int
    from_store: int
    from_origin: int
    forwarded: Mapping[str, int]
    not_kept: Mapping[str, int]

    @property
    def requests(self) -> int:
        """All of routes with a cache."""
        return self.hits + self.stale + self.collapsed + sum(self.forwarded.values())

    @property
    def ratio(self) -> float | None:
        """Which share of them the store answered; None of none."""
        requests = self.requests
        return (self.hits + self.stale) / requests if requests else None

    @property
    def byte_ratio(self) -> float | None:
        """Which share of the bytes came from the store; None of none."""
        size = self.from_store + self.from_origin
        return self.from_store / size if size else None


def totals(total: Callable[[int], int]) -> Totals:
    """What was counted. total: the sum of one cell over all workers."""
    not_kept = {word: total(cell) for word, cell in NOT_KEPT.items()} | {"other": total(OTHER)}
    return Totals(
        hits=total(HIT),
        stale=total(HIT_STALE),
        collapsed=total(COLLAPSED),
        validated=total(VALIDATED),
        kept=total(KEPT),
        from_store=total(FROM_STORE),
        from_origin=total(FROM_ORIGIN),
        forwarded=_sorted({word: total(cell) for word, cell in FORWARDED.items()}),
        not_kept=_sorted(not_kept),
    )


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    there = ((word, count) for word, count in counts.items() if count)
    return dict(sorted(there, key=lambda each: -each[1]))
