"""Budget: how many more requests than came in the endpoints of a pool may get.

Without it those that fail are sent three requests for each one just when they are at their worst.
Each worker has SHARE of what came to it and its part of the floor, so that their sum keeps the
bound over all workers without memory in common. (Finagle's RetryBudget has the same figures.)
"""

from porch import clock

__all__ = ["FLOOR", "SHARE", "WINDOW", "Budget"]

WINDOW = 10
"""Seconds that are looked at together."""
SHARE = 0.2
"""How many more requests there may be for each that came."""
FLOOR = 10.0
"""And how many a second whatever came, of all workers together: a quiet site retries too."""


class Budget:
    """came: requests in the present second; whoever takes one counts it. due: when that second is
    over, as `clock.now`: then `turn` comes first. workers: among whom the floor is divided.
    """

    __slots__ = ("_past", "_spent", "came", "due", "workers")

    def __init__(self) -> None:
        self.came = 0
        self.workers = 1
        self._spent = 0
        self._past: list[tuple[int, int]] = []
        self.due = clock.now + 1

    def __repr__(self) -> str:
        came, spent = self._sums()
        return f"<Budget {spent} spent, {came} came>"

    def turn(self) -> None:
        """The second is over, or several are."""
        seconds = int(clock.now - self.due) + 1
        past = [*self._past, (self.came, self._spent), *[(0, 0)] * min(seconds - 1, WINDOW)]
        self._past = past[1 - WINDOW :]
        self.came = self._spent = 0
        self.due += seconds

    def has_room(self) -> bool:
        """See route.Budget."""
        if clock.now >= self.due:
            self.turn()
        came, spent = self._sums()
        return spent + 1 <= SHARE * came + FLOOR * WINDOW / self.workers

    def spend(self) -> None:
        """See route.Budget. Only behind `has_room`."""
        self._spent += 1

    def _sums(self) -> tuple[int, int]:
        came = sum([came for came, _ in self._past], self.came)
        spent = sum([spent for _, spent in self._past], self._spent)
        return came, spent
