"""The state of an endpoint in words, as status and explain say it."""

from collections.abc import Mapping

from porch import clock
from porch.balance.endpoint import Out
from porch.observe.stamp import utc

__all__ = ["state_of"]


def state_of(out: Mapping[str, Out], check: int) -> str:
    """ "out since 12:03:11: connection refused, 4 of 4; next check in 3 s". check: when that is,
    0 for never."""
    if not out:
        return "up"
    since = min(why.since for why in out.values())
    stamp = utc(since)
    if stamp[:10] == utc(clock.wall())[:10]:
        stamp = stamp[11:-1]
    said = [_why(kind, why.text) for kind, why in out.items()]
    until = max(why.until for why in out.values())
    if until:
        said.append(f"back in {max(until - clock.wall(), 0):.0f} s")
    if check:
        said.append(f"next check in {max(check / 1000 - clock.monotonic(), 0):.0f} s")
    return f"out since {stamp}: {'; '.join(said)}"


def _why(kind: str, text: str) -> str:
    """What a dial or a check has found says by itself what it is of."""
    return text if kind in ("refused", "unhealthy") else f"{kind}: {text}"
