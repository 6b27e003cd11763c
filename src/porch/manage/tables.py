"""Tables: all memory that the workers of a door share beside the table of its endpoints."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from porch.cache.notices import Notices
from porch.crowd import CrowdTable
from porch.observe.recent import RecentTable
from porch.observe.series import SeriesTable
from porch.shield.limit_table import LimitTable

__all__ = ["NOTHING", "Tables"]

NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Each with a row a worker. limits: who has come how often. crowd: who is connected. series:
    what all exchanges add up to. recent: the last of them. notices: a descriptor, of what caches in
    memory let go of."""

    limits: LimitTable
    crowd: CrowdTable
    series: SeriesTable
    recent: RecentTable
    notices: int

    @classmethod
    def of(cls, rows: int, limit_keys: int, handed: Mapping[str, int] = NOTHING) -> "Tables":
        """handed: of before an upgrade. Each goes on that is as this version and `limit_keys` have
        it; the others are empty."""
        found = {word: _taken(number) for word, number in handed.items()}
        return cls(
            limits=_limits(found.get("limits", -1), rows, limit_keys),
            crowd=_crowd(found.get("crowd", -1), rows),
            series=SeriesTable(rows, _sized(found.get("series", -1), SeriesTable.size(rows))),
            recent=RecentTable(rows, _sized(found.get("recent", -1), RecentTable.size(rows))),
            notices=_notices(found.get("notices", -1), rows),
        )

    @property
    def handed(self) -> dict[str, int]:
        """Descriptors, for the version that takes over."""
        return {
            "limits": self.limits.descriptor,
            "crowd": self.crowd.descriptor,
            "series": self.series.descriptor,
            "recent": self.recent.descriptor,
            "notices": self.notices,
        }

    def clear(self, row: int) -> None:
        """The worker of this row has ended. What it has counted for good stays."""
        self.crowd.clear(row)
        self.series.clear(row)


def _taken(number: int) -> int:
    os.set_inheritable(number, False)
    return number


def _sized(number: int, size: int) -> int:
    """The descriptor if its memory is of this size, else -1."""
    if number >= 0 and os.fstat(number).st_size != size:
        os.close(number)
        return -1
    return number


def _limits(number: int, rows: int, keys: int) -> LimitTable:
    if number >= 0:
        try:
            found = LimitTable(descriptor=number)
        except ValueError:  # counted in another way
            return LimitTable(rows, keys)
        if found.rows == rows and found.has_room(keys):
            return found
    return LimitTable(rows, keys)


def _crowd(number: int, rows: int) -> CrowdTable:
    try:
        return CrowdTable(rows, number)
    except ValueError:
        return CrowdTable(rows)


def _notices(number: int, rows: int) -> int:
    known = _sized(number, Notices.size(rows))
    return Notices.make(rows) if known < 0 else known
