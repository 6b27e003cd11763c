"""Verdicts: whether names may have a certificate, as it was answered lately."""

from porch import clock

__all__ = ["MOST", "NO", "YES", "Verdicts"]

YES, NO = 3600.0, 300.0
"""Seconds for which an answer holds: a customer that is new waits five minutes at most."""
MOST = 10_000
"""Names that are remembered; the oldest make room."""


class Verdicts:
    """Name to yes or no, until it is over."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bool, float]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, name: str) -> tuple[bool | None, float]:
        """What was said, and for how many seconds it holds; None if nothing was."""
        verdict, until = self._known.get(name, (None, 0.0))
        left = until - clock.monotonic()
        if verdict is None or left <= 0:
            self._known.pop(name, None)
            return None, 0.0
        return verdict, left

    def keep(self, name: str, *, verdict: bool, seconds: float | None = None) -> float:
        """It was answered just now. Seconds for which it holds."""
        holds = seconds if seconds is not None else YES if verdict else NO
        self._known.pop(name, None)
        self._known[name] = (verdict, clock.monotonic() + holds)
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        return holds
