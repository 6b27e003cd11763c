"""Ejection: an endpoint that answers badly is left out for a while, without being asked.

Envoy's outlier detection is the model. One worker decides for all of a door, from what all of them
report a few times a second; a pool where nothing goes wrong is never looked at.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from porch import clock
from porch.balance.endpoint import Endpoint
from porch.balance.roster import Trouble
from porch.route.route import REQUESTS

__all__ = ["LONGEST", "Eject", "Ejector"]

LONGEST = 300.0
"""Seconds at most, however often (Envoy's default)."""
WINDOW = 30.0
"""Seconds in which `of` requests must have come for their rate to say anything."""
JUST_NOW = 750
"""Milliseconds: a report is of the last tick, and times in cells are a tick old."""
SAMPLES = 10
"""Requests until the time of an endpoint's first byte says anything."""
NOTICEABLE = 0.05
"""Seconds: below that nobody is slow, whatever the others are."""
JITTER = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Eject:
    """When, and for how long.

    failures: in a row, with no good answer of any worker between (Envoy 5); 0 for never.
    rate: share of failed answers, of `of` requests at least; None for never.
    slower: how many times the others' first byte; None for never.
    seconds: the first time; each further time as much longer, up to LONGEST (Envoy 30).
    most: share of a pool that may be out at once, one endpoint at least.
    """

    failures: int = 5
    rate: float | None = None
    of: int = 20
    slower: float | None = None
    seconds: float = 30.0
    most: float = 0.5


class _Record:
    """What is known of one endpoint.

    row: failures in a row. looked: when it was in trouble last (milliseconds). since, base, failed:
    when the present window began, requests of before it, failures in it. until: when it comes back,
    0.0 while it is in. back: when it came. times: that it was ejected in short order. own: requests
    of this worker when it came back.
    """

    __slots__ = ("back", "base", "failed", "looked", "own", "row", "since", "times", "until")

    def __init__(self) -> None:
        self.row = self.looked = self.times = self.failed = self.base = self.own = 0
        self.until = self.back = self.since = 0.0


class Ejector:
    """Of one pool."""

    __slots__ = ("_number", "_of", "policy")

    def __init__(self, policy: Eject, number: Callable[[], float] = random.random) -> None:
        """number: in [0, 1), for tests."""
        self.policy = policy
        self._number = number
        self._of: dict[Endpoint, _Record] = {}

    def __repr__(self) -> str:
        return (
            f"<Ejector {len(self._of)} known, {sum(bool(r.until) for r in self._of.values())} out>"
        )

    def look(self, pool: Sequence[Endpoint], endpoint: Endpoint, trouble: Trouble) -> None:
        """It has answered badly since the last tick."""
        failed, broken, word = trouble
        record = self._of.setdefault(endpoint, _Record())
        if endpoint.out:  # somebody else sees to it: who refuses or is silent is tried all the time
            record.row, record.since = 0, 0.0
            return
        policy = self.policy
        now, good = clock.milliseconds, endpoint.answered_at
        if good >= now - JUST_NOW:
            record.row = 0  # which came first is not known: it is not all that it does
        elif good >= record.looked - JUST_NOW:
            record.row = broken
        else:
            record.row += broken
        record.looked = now
        requests = self._in_window(endpoint, record, failed) if policy.rate is not None else 0
        if policy.failures and record.row >= policy.failures:
            text = f"{record.row} failures in a row, the last one {word}"
        elif policy.rate is not None and record.failed >= policy.rate * requests > 0:
            text = f"{record.failed} of {requests} requests failed, the last one {word}"
        else:
            return
        self._eject(pool, endpoint, record, text)

    def look_slow(self, pool: Sequence[Endpoint]) -> None:
        """Is one of them slower than the others by so much? By what this worker has seen."""
        slower = self.policy.slower
        known = [each for each in pool if not each.out and self._is_known(each)]
        if slower is None or len(known) < 2:
            return
        worst = max(known, key=lambda each: each.usual)
        others = median(each.usual for each in known if each is not worst)
        if worst.usual > max(others * slower, others + NOTICEABLE):
            record = self._of.setdefault(worst, _Record())
            text = f"first byte after {worst.usual:.2g} s, of the others after {others:.2g} s"
            self._eject(pool, worst, record, text)

    def put_back(self) -> bool:
        """Those whose time is over. Returns whether some are still out."""
        now = clock.monotonic()
        waits = False
        for endpoint, record in self._of.items():
            if record.until and now >= record.until:
                self._forgive(endpoint, record, now)
            waits = waits or record.until > 0
        return waits

    def take(self, pool: Sequence[Endpoint], policy: Eject) -> None:
        """A configuration is in force, or other endpoints, or another worker decided until now."""
        self.policy = policy
        there = set(pool)
        self._of = {each: record for each, record in self._of.items() if each in there}
        for each in pool:
            out = each.out.get("ejected")
            if out is not None and each not in self._of:
                record = self._of[each] = _Record()
                record.times = 1
                record.until = clock.monotonic() + max(out.until - clock.wall(), 0.0)

    def _in_window(self, endpoint: Endpoint, record: _Record, failed: int) -> int:
        """Requests since the window began, if they say something; then the next one begins with
        the next failure. Else 0."""
        now, before = clock.monotonic(), endpoint.requests - failed
        if not record.since or now - record.since > WINDOW:
            record.since, record.failed, record.base = now, 0, before
        record.failed += failed
        requests = before + failed - record.base
        if requests < self.policy.of:
            return 0
        record.since = 0.0
        return requests

    def _is_known(self, endpoint: Endpoint) -> bool:
        """Whether this worker has seen enough of it since it came back."""
        record = self._of.get(endpoint)
        seen = endpoint.counts[REQUESTS] - (record.own if record is not None else 0)
        return endpoint.usual > 0 and seen >= SAMPLES

    def _eject(
        self, pool: Sequence[Endpoint], endpoint: Endpoint, record: _Record, text: str
    ) -> None:
        if not self._may(pool, endpoint):
            return
        now, base = clock.monotonic(), self.policy.seconds
        if record.times:  # each time as long in peace takes one off
            record.times = max(record.times - int((now - record.back) / base), 0)
        record.times += 1
        seconds = min(base * record.times, LONGEST)
        seconds *= 1 + JITTER * (2 * self._number() - 1)
        record.until = now + seconds
        endpoint.take_out("ejected", text, seconds)

    def _may(self, pool: Sequence[Endpoint], endpoint: Endpoint) -> bool:
        """Whether enough are left without it."""
        used = {each for each in pool if each.full_weight > 0}
        left = sum(not each.out for each in used if each is not endpoint)
        out = sum("ejected" in each.out for each in used)
        return left > 0 and out + 1 <= max(int(self.policy.most * len(used)), 1)

    def _forgive(self, endpoint: Endpoint, record: _Record, now: float) -> None:
        record.until, record.back, record.since, record.row = 0.0, now, 0.0, 0
        record.own, endpoint.usual = endpoint.counts[REQUESTS], 0.0
        endpoint.put_back("ejected")
