"""Roster: what a pool keeps over reloads, in one worker.

Endpoints come into rotation and go out of it at any time; whoever has arranged them by now sees
from `version` that it has to do so anew.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from porch.balance.budget import Budget
from porch.balance.first_bytes import FirstBytes

if TYPE_CHECKING:
    from porch.balance.endpoint import Endpoint, Out

__all__ = ["Roster", "Tell"]

Tell = Callable[["Endpoint", str, "Out | None"], None]
"""(endpoint, kind, why) to the other workers: it is out of rotation, or back, if `why` is None."""


def _nobody(endpoint: "Endpoint", kind: str, why: "Out | None") -> None:
    """There are no others."""


class Roster:
    """name: of the pool. version: grows whenever who is in rotation, or a weight, changes.
    tell: how the other workers hear of it. budget: of repetitions. first_bytes: how long answers
    take, while somebody wants to know."""

    __slots__ = ("budget", "first_bytes", "name", "tell", "version")

    def __init__(self, name: str = "", tell: Tell = _nobody) -> None:
        self.name = name
        self.tell = tell
        self.version = 0
        self.budget = Budget()
        self.first_bytes = FirstBytes()

    def __repr__(self) -> str:
        return f"<Roster {self.name} version {self.version}>"
