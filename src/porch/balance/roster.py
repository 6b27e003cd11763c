"""Roster: what a pool keeps over reloads, in one worker.

Endpoints come into rotation and go out of it at any time; whoever has arranged them by now sees
from `version` that it has to do so anew.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from porch.balance.endpoint import Endpoint, Out

__all__ = ["Roster", "Tell"]

Tell = Callable[["Endpoint", str, "Out | None"], None]
"""(endpoint, kind, why) to the other workers: it is out of rotation, or back, if `why` is None."""


def _nobody(endpoint: "Endpoint", kind: str, why: "Out | None") -> None:
    """There are no others."""


class Roster:
    """name: of the pool. version: grows whenever who is in rotation, or a weight, changes.
    tell: how the other workers hear of it."""

    __slots__ = ("name", "tell", "version")

    def __init__(self, name: str = "", tell: Tell = _nobody) -> None:
        self.name = name
        self.tell = tell
        self.version = 0

    def __repr__(self) -> str:
        return f"<Roster {self.name} version {self.version}>"
