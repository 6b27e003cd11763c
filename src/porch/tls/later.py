"""Later: an answer that has yet to come, and those who wait for it."""

from collections.abc import Callable

__all__ = ["Later"]


class Later:
    """Not now. begin: called with the address of the first who waits, to find it out. left: called
    when nobody waits any more though it has not come."""

    __slots__ = ("_begin", "_left", "_waiting", "has_begun")

    def __init__(self, begin: Callable[[str], None], left: Callable[[], None]) -> None:
        self._begin = begin
        self._left = left
        self._waiting: dict[Callable[[], None], None] = {}
        self.has_begun = False

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, told: Callable[[], None], client: str) -> None:
        """Have `told` called once, when it is time to ask again."""
        self._waiting[told] = None
        if not self.has_begun:
            self.has_begun = True
            self._begin(client)

    def leave(self, told: Callable[[], None]) -> None:
        """Wait no more; fine for who was told already."""
        if self._waiting.pop(told, self) is None and not self._waiting:
            self._left()

    def come(self) -> None:
        """It has come: tell all, in the order in which they came."""
        waiting, self._waiting = self._waiting, {}
        for told in waiting:
            told()
