"""Abort: when a canary is taken back by itself, "errors > 5% for 30s".

Fed with counts that only grow, of all workers together; it reads no clock and knows no canary.
"""

import re
from collections import deque
from dataclasses import dataclass

__all__ = ["LEAST", "AbortRule", "Judge", "parse_abort"]

LEAST = 20
"""Requests of a window under which nothing is judged: one of three is no 33 %."""

_RULE = re.compile(r"errors ?> ?(\d{1,3}(?:\.\d{1,4})?) ?% for (\d{1,5}(?:\.\d{1,3})?) ?(s|m|h)\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortRule:
    """share: of bad answers, 0 to 1, above which it is taken back. seconds: of the window."""

    text: str
    share: float
    seconds: float


def parse_abort(text: str) -> AbortRule:
    """Raises ValueError with a sentence."""
    match = _RULE.match(text)
    if match is None:
        raise ValueError('it is written "errors > 5% for 30s"')
    share, seconds = float(match[1]) / 100, float(match[2]) * _SECONDS[match[3]]
    if share >= 1:
        raise ValueError("more than 100% of the answers are never errors; write less")
    if not 1 <= seconds <= 3600:
        raise ValueError("the time is from 1s to 1h")
    return AbortRule(text=text, share=share, seconds=seconds)


class Judge:
    """Of one canary. A window is judged when the canary was looked at for the whole of it."""

    __slots__ = ("_rule", "_seen")

    def __init__(self, rule: AbortRule) -> None:
        self._rule = rule
        self._seen: deque[tuple[float, int, int]] = deque()

    def look(self, now: float, requests: int, errors: int) -> str:
        """Why it must be taken back, in words; "" while it need not. now: seconds that grow."""
        seen, rule = self._seen, self._rule
        if seen and requests < seen[-1][1]:
            seen.clear()  # counted anew, by another version say
        seen.append((now, requests, errors))
        while len(seen) > 1 and seen[1][0] <= now - rule.seconds:
            seen.popleft()
        since, before, bad_before = seen[0]
        if now - since < rule.seconds or requests - before < LEAST:
            return ""
        share = (errors - bad_before) / (requests - before)
        if share <= rule.share:
            return ""
        answers = requests - before
        return f"{share:.1%} of {answers} requests failed in {now - since:.0f} s ({rule.text})"
