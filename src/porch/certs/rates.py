"""Rates: how many certificates an authority still gives, told before it says no.

Let's Encrypt's limits, as buckets that fill again drop by drop (its documentation says how). Not
here: what was ordered and what failed; the caller remembers. Which names share a registered
domain is the caller's to say, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from porch.certs import moments
from porch.certs.finding import Finding, fail, ok, warn

__all__ = [
    "DUPLICATES",
    "FAILURES",
    "PER_DOMAIN",
    "PUBLISHED",
    "Budget",
    "History",
    "Limit",
    "budget",
    "check_rates",
]

PUBLISHED = "2025-06-12"
"""The date of the limits below: of the authority's page about them."""


class Limit(NamedTuple):
    """So many in a window of seconds. what: of what, in words."""

    what: str
    most: int
    window: float


DUPLICATES = Limit("certificates for exactly these names", 5, 7 * 86400)
PER_DOMAIN = Limit("certificates for the registered domain", 50, 7 * 86400)
FAILURES = Limit("failed validations of the name by this account", 5, 3600)


class Budget(NamedTuple):
    """left: how many may be had now. next_at: when there is one more; None if none is missing."""

    left: int
    next_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened with an authority; seconds since 1970, in any order.

    same: certificates got for exactly these names. domain: those for any name of the registered
    domain, these among them, renewals not. failures: validations of the name that failed.
    """

    same: Sequence[float] = ()
    domain: Sequence[float] = ()
    failures: Sequence[float] = ()


def budget(limit: Limit, times: Sequence[float], now: float) -> Budget:
    """What is left of `limit` after `times`.

    A bucket that is full to begin with and gets one drop each window / most seconds. What lies
    in the future (a clock was set back) counts as now.
    """
    each = limit.window / limit.most
    level, last = float(limit.most), float("-inf")
    for time in sorted(min(time, now) for time in times):
        # It cannot have been below one: the authority gave. Its own count is the one that counts.
        level = max(min(limit.most, level + (time - last) / each) - 1, 0.0)
        last = time
    if last == float("-inf"):
        return Budget(limit.most, None)
    level = min(limit.most, level + (now - last) / each)
    left = int(level + 1e-6)
    return Budget(left, now + (left + 1 - level) * each if left < limit.most else None)


def check_rates(history: History, now: float) -> list[Finding]:
    """What is left of each limit, with a warning for the last one and a failure for none."""
    return [
        _finding(limit, budget(limit, times, now), now)
        for limit, times in (
            (DUPLICATES, history.same),
            (PER_DOMAIN, history.domain),
            (FAILURES, history.failures),
        )
    ]


def _finding(limit: Limit, found: Budget, now: float) -> Finding:
    per = "a week" if limit.window > 86400 else "an hour"
    of = f"of the {limit.most} {limit.what} that Let's Encrypt allows {per}"
    if found.next_at is None:
        return ok("rates", f"all {of} are left")
    again = f"{moments.words(found.next_at)}, in {moments.span(found.next_at - now)}"
    if found.left == 0:
        return fail(
            "rates",
            f"none {of} is left (limits of {PUBLISHED}); wait until {again}, or try with its"
            " staging directory until then",
        )
    words = f"{found.left} {of} {'is' if found.left == 1 else 'are'} left; one more at {again}"
    return warn("rates", words) if found.left == 1 else ok("rates", words)
