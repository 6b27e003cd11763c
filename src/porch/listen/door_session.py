"""Session: a client's connection, as its door sees it."""

from typing import Protocol

from porch.clock import INFINITY
from porch.errors import PorchError

__all__ = ["Busy", "Owed", "Session"]

Owed = tuple[int, int] | None
"""Of an answer that waits for its client: how many bytes of the connection it has taken so far, and
how many a second are the least that it has to take, 0 for none."""


class Session(Protocol):
    """A client's connection, as a door sees it when it closes, or is full."""

    def announce(self) -> None:
        """The door takes no new connections, and this one ends with its next answer: tell the
        client now, where the protocol has a word that can be said at any time."""

    def drain(self) -> None:
        """Finish what runs, take nothing new, then close."""

    def close_now(self) -> None:
        """The grace period is over."""

    def idle_since(self) -> float:
        """Since when it has only waited for a request, as clock.now; INFINITY while it has not."""

    def shed(self) -> None:
        """Others need its place. Asked only of who is idle."""

    def owed(self) -> Owed:
        """What its client takes of what it was sent; None while nothing waits for it."""

    def give_up(self, error: PorchError) -> None:
        """Reset it: its client takes too little."""


class Busy:
    """Those parts of a Session that has bounds of its own, and is never idle."""

    __slots__ = ()

    def idle_since(self) -> float:
        """See Session."""
        return INFINITY

    def shed(self) -> None:
        """See Session."""

    def owed(self) -> Owed:
        """See Session."""
        return None

    def give_up(self, error: PorchError) -> None:
        """See Session."""
