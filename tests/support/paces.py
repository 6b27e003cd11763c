"""Paces for tests whose clock is turned by hand."""

from collections.abc import Callable

from porch.shield.limit_pace import Pace
from porch.shield.limit_table import LimitTable

__all__ = ["pace", "paces"]


def paces(
    rate: float, workers: int = 1, key: Callable[[bytes], bytes] = lambda address: b"*"
) -> list[Pace]:
    """One for each worker, of one table that is as old as the clock."""
    table = LimitTable(1 + workers, 1024)
    table.began = 0.0
    return [Pace(table.row(number), "a pace", rate, key) for number in range(1, 1 + workers)]


def pace(rate: float, key: Callable[[bytes], bytes] = lambda address: b"*") -> Pace:
    """The one of a single worker."""
    return paces(rate, 1, key)[0]
