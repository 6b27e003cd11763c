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

__all__ = ["Roster", "Tell", "Trouble", "Troubled", "Waited", "at_once"]

Tell = Callable[["Endpoint", str, "Out | None"], None]
"""(endpoint, kind, why) to the other workers: it is out of rotation, or back, if `why` is None."""

Trouble = tuple[int, int, str]
"""Bad answers since somebody looked last: how many, how many of them for being of no use at all
(see Endpoint.on_bad), and the word of the last one."""

Troubled = dict["Endpoint", Trouble]

Waited = set["Endpoint"]
"""Where an answer has been waited for since somebody counted last."""


def _nobody(endpoint: "Endpoint", kind: str, why: "Out | None") -> None:
    """There are no others."""


def at_once(endpoint: "Endpoint") -> None:
    """It has its full weight at once."""


class Roster:
    """name: of the pool. version: grows whenever who is in rotation, or a weight, changes.
    tell: how the other workers hear of it. troubled, waited: of all pools of a worker. on_back:
    called when an endpoint comes back into rotation. budget: of repetitions. first_bytes: how long
    answers take, while somebody wants to know."""

    __slots__ = (
        "budget",
        "first_bytes",
        "name",
        "on_back",
        "tell",
        "troubled",
        "version",
        "waited",
    )

    def __init__(
        self,
        name: str = "",
        tell: Tell = _nobody,
        troubled: Troubled | None = None,
        waited: Waited | None = None,
    ) -> None:
        self.name = name
        self.tell = tell
        self.troubled: Troubled = {} if troubled is None else troubled
        self.waited: Waited = set() if waited is None else waited
        self.on_back: Callable[[Endpoint], None] = at_once
        self.version = 0
        self.budget = Budget()
        self.first_bytes = FirstBytes()

    def __repr__(self) -> str:
        return f"<Roster {self.name} version {self.version}>"
