"""Judging: whether canaries do well enough, by the counts of all workers together."""

from collections.abc import Callable, Iterable

from porch import clock
from porch.balance.abort import Judge
from porch.balance.endpoint import FAILED
from porch.balance.standing import is_endpoint
from porch.config.orders import Back
from porch.manage.in_force import InForce
from porch.manage.loop import Loop
from porch.route.route import REQUESTS

__all__ = ["LOOK", "Judging"]

LOOK = 0.5
"""Seconds between two looks."""


class Judging:
    """Of one door. take_back: told the name of a canary, and why; None where what it was taken back
    for is no more, for another one has its name."""

    def __init__(
        self, loop: Loop, in_force: InForce, take_back: Callable[[str, Back | None], None]
    ) -> None:
        self._loop = loop
        self._in_force = in_force
        self._take_back = take_back
        self._judges: dict[tuple[str, str], Judge] = {}
        loop.after(LOOK, self._again)

    def forget(self, names: Iterable[str]) -> None:
        """They begin anew: what they did before counts no more."""
        gone = set(names)
        self._judges = {key: each for key, each in self._judges.items() if key[0] not in gone}

    def _again(self) -> None:
        self._loop.after(LOOK, self._again)
        self.look()

    def look(self) -> None:
        """At all of them."""
        orders, canaries = self._in_force.orders, self._in_force.candidate.canaries
        for name in [*orders.back]:
            if name in canaries and not orders.is_back(name, canaries[name].words):
                self._take_back(name, None)
        judges = {}
        for name, canary in canaries.items():
            if canary.abort is None or orders.is_back(name, canary.words):
                continue
            key = name, canary.words
            judge = judges[key] = self._judges.get(key) or Judge(canary.abort)
            why = judge.look(clock.monotonic(), *self.counted(canary.pool))
            if why:
                back = Back(since=clock.wall(), why=why, words=canary.words)
                self._take_back(name, back)
        self._judges = judges

    def counted(self, pool: str) -> tuple[int, int]:
        """Requests and bad answers of a pool so far."""
        table = self._in_force.table
        columns = [
            column
            for name, column in self._in_force.columns.of.items()
            if name[0] == pool and is_endpoint(name)
        ]
        requests = sum(table.total(column + REQUESTS) for column in columns)
        return requests, sum(table.total(column + FAILED) for column in columns)
