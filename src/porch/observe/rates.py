"""Rates: what the counts of a route or endpoint (meter.py) say of the time between two looks."""

from collections.abc import Sequence
from typing import Any

from porch.observe.meter import BOUNDS, BUCKETS, BYTES_OUT, FIRST_BYTE, TOTAL

__all__ = ["quantile", "rates"]


def rates(cells: Sequence[int], seconds: float) -> dict[str, Any]:
    """cells: of REQUESTS, only what was counted in these seconds. Rates a second, times in seconds,
    None of nothing; failed: had no answer, or one of 500 and above."""
    requests = sum(cells[:6])
    return {
        "per_second": round(requests / seconds, 2),
        "failed": cells[0] + cells[5],
        "share_failed": round((cells[0] + cells[5]) / requests, 4) if requests else 0.0,
        "bytes_per_second": round(cells[BYTES_OUT] / seconds),
        "p50": quantile(cells, TOTAL, 0.5),
        "p99": quantile(cells, TOTAL, 0.99),
        "first_byte_p99": quantile(cells, FIRST_BYTE, 0.99),
    }


def quantile(cells: Sequence[int], start: int, share: float) -> float | None:
    """Within the bucket evenly, as Prometheus has it; the last bucket's bound for all above.
    start: of the histogram, TOTAL, FIRST_BYTE or CONNECT."""
    counts = cells[start + 1 : start + 1 + BUCKETS]
    left = share * sum(counts)
    if not left:
        return None
    low = 0.0
    for count, bound in zip(counts, BOUNDS, strict=False):
        if left <= count:
            return round(low + (bound - low) * left / count, 6)
        left -= count
        low = bound
    return BOUNDS[-1]
