"""Pause: how an authority that needs time is given some."""

from collections.abc import Callable

from porch import clock
from porch.certs import moments
from porch.certs.failure import IssueError
from porch.certs.network import Conversation

__all__ = ["PATIENCE", "Pause"]

PATIENCE = 300.0
"""Seconds that an authority may take to look, and again to sign."""
FIRST, LONGEST = 0.25, 10.0
"""Seconds between two looks, growing."""
BEAT = 1.0
"""Seconds until whoever wants to end it is heard."""


class Pause:
    """Waiting: longer each time, as long as the authority says, and not for ever.

    alive: called about once a second; may raise to end it. what: for the message at the end.
    """

    def __init__(self, conversation: Conversation, alive: Callable[[], None], what: str) -> None:
        self._conversation = conversation
        self._alive = alive
        self._what = what
        self._until = clock.monotonic() + PATIENCE
        self._next = FIRST

    def wait(self) -> None:
        """Once. Raises IssueError when patience is over."""
        if clock.monotonic() > self._until:
            raise IssueError(
                "network",
                f"{self._conversation.authority.host} took more than {PATIENCE:.0f} s to "
                f"{self._what}: it is tried again by itself",
            )
        told = self._conversation.net.retry_after
        said = (told - moments.now()).total_seconds() if told is not None else 0.0
        left = max(self._next, min(said, LONGEST))
        while left > 0:
            self._alive()
            clock.sleep(min(left, BEAT))
            left -= BEAT
        self._next = min(self._next * 1.5, LONGEST)
