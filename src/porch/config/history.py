"""History: the configurations that ran, to go back to. `porch rollback` and `porch status`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from porch import clock
from porch.config.snapshot import Snapshot

__all__ = ["LONGEST", "History", "Ran"]

LONGEST = 10
"""Configurations that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A configuration that ran.

    number: counts from 1 and is never used again. before: the number of the one that ran when it
    was loaded, which a rollback leads to; 0 of the first. since: when it began to run for the
    last time, in seconds of the wall clock.
    """

    number: int
    before: int
    since: float
    snapshot: Snapshot


class History:
    """The last LONGEST configurations that ran, the newest first.

    A rollback goes to the one before the one that runs, a second one further back. What is loaded
    after it stands at the head and comes after the one that runs, so that what was rolled back is
    not met again. The contents, secrets among them, are in memory alone: nothing here writes a
    file, and whoever passes `dump` on keeps it from the disk.
    """

    def __init__(self) -> None:
        self._ran: list[Ran] = []
        self._running = 0

    def __len__(self) -> int:
        return len(self._ran)

    def __iter__(self) -> Iterator[Ran]:
        return iter(self._ran)

    @property
    def running(self) -> Ran | None:
        """The one that runs; None before the first."""
        return self._of(self._running)

    def add(self, snapshot: Snapshot) -> Ran:
        """`snapshot` runs from now on. The one that ran already is not counted again."""
        running = self.running
        if running is not None and running.snapshot.hash == snapshot.hash:
            return running
        number = max((each.number for each in self._ran), default=0) + 1
        ran = Ran(number=number, before=self._running, since=clock.wall(), snapshot=snapshot)
        self._ran.insert(0, ran)
        self._running = number
        kept = (number, ran.before)
        while len(self._ran) > LONGEST:  # the oldest, but what a rollback would lead to
            del self._ran[max(at for at, each in enumerate(self._ran) if each.number not in kept)]
        return ran

    def renew(self, snapshot: Snapshot) -> None:
        """What runs is the same configuration with other lists: no other one to go back to."""
        for at, each in enumerate(self._ran):
            if each.number == self._running:
                self._ran[at] = replace(each, snapshot=snapshot)

    def previous(self) -> Ran | None:
        """Where a rollback leads; None if nothing is known of it."""
        running = self.running
        return self._of(running.before) if running is not None else None

    def find(self, name: str) -> Ran | None:
        """The newest whose number is `name`, or whose hash begins with it (4 digits or more)."""
        for each in self._ran:
            if name == str(each.number):
                return each
        if len(name) < 4:
            return None
        return next((each for each in self._ran if each.snapshot.hash.startswith(name)), None)

    def return_to(self, ran: Ran) -> None:
        """`ran`, one of these, runs again from now on. Raises LookupError if it is none of them."""
        at = self._ran.index(ran) if ran in self._ran else -1
        if at < 0:
            raise LookupError(f"number {ran.number} is not remembered")
        self._ran[at] = Ran(
            number=ran.number, before=ran.before, since=clock.wall(), snapshot=ran.snapshot
        )
        self._running = ran.number

    def status(self) -> list[dict[str, object]]:
        """What an operator is told, the newest first: nothing of it is secret."""
        return [
            {
                "number": each.number,
                "hash": each.snapshot.short,
                "loaded": each.snapshot.at,
                "since": each.since,
                "running": each.number == self._running,
            }
            for each in self._ran
        ]

    def dump(self) -> dict[str, Any]:
        """Plain data for the next program at an upgrade, with the secrets."""
        rows = [
            {
                "number": each.number,
                "before": each.before,
                "since": each.since,
                "snapshot": each.snapshot.dump(),
            }
            for each in self._ran
        ]
        return {"running": self._running, "ran": rows}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> "History":
        """What `dump` gave. Raises LookupError, TypeError or ValueError for anything else."""
        history = cls()
        history._ran = [
            Ran(
                number=int(row["number"]),
                before=int(row["before"]),
                since=float(row["since"]),
                snapshot=Snapshot.restore(row["snapshot"]),
            )
            for row in dumped["ran"]
        ]
        history._running = int(dumped["running"])
        return history

    def _of(self, number: int) -> Ran | None:
        return next((each for each in self._ran if each.number == number), None)
