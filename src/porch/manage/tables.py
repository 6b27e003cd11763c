"""Tables: all memory that the workers of a door share beside the table of its endpoints."""

from dataclasses import dataclass

from porch.crowd import CrowdTable
from porch.observe.recent import RecentTable
from porch.observe.series import SeriesTable
from porch.shield.limit_table import LimitTable

__all__ = ["Tables"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Each with a row a worker. limits: who has come how often. crowd: who is connected. series:
    what all exchanges add up to. recent: the last of them."""

    limits: LimitTable
    crowd: CrowdTable
    series: SeriesTable
    recent: RecentTable

    @classmethod
    def of(cls, rows: int, limit_keys: int) -> "Tables":
        """All empty."""
        return cls(
            limits=LimitTable(rows, limit_keys),
            crowd=CrowdTable(rows),
            series=SeriesTable(rows),
            recent=RecentTable(rows),
        )

    def clear(self, row: int) -> None:
        """The worker of this row has ended. What it has counted for good stays."""
        self.crowd.clear(row)
        self.series.clear(row)
