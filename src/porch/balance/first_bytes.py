"""FirstBytes: how long the answers of a pool take to begin, the latest of them."""

__all__ = ["ENOUGH", "KEPT", "FirstBytes"]

KEPT = 256
"""The latest answers that are looked at."""
ENOUGH = 20
"""Answers without which nothing is said: of fewer, the slowest twentieth is less than one."""
_STEP = 16
"""Answers between two looks: sorting takes 10 us."""


class FirstBytes:
    """slow: the seconds that 95 % of the answers took at most; None while too few have come."""

    __slots__ = ("_count", "_seconds", "slow")

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._count = 0
        self.slow: float | None = None

    def __repr__(self) -> str:
        return f"<FirstBytes {len(self._seconds)} slow {self.slow}>"

    def add(self, seconds: float) -> None:
        """One more answer."""
        if len(self._seconds) < KEPT:
            self._seconds.append(seconds)
        else:
            self._seconds[self._count % KEPT] = seconds
        self._count += 1
        if self._count == ENOUGH or (self._count > ENOUGH and self._count % _STEP == 0):
            inorder = sorted(self._seconds)
            self.slow = inorder[len(inorder) * 95 // 100]
