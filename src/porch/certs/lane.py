"""Lane: work that is done one by one, in which nobody waits long for one that is slow.

Each has a thread. Who takes long is left to it, and the next begins beside him: an authority that
drips, or a provider that hangs, is as slow for a name as its bounds allow, which is minutes.
"""

import threading
from collections.abc import Callable

__all__ = ["MOST", "PACE", "Lane"]

PACE = 3.0
"""Seconds after which the next begins. An order that goes well takes a few."""
MOST = 64
"""At once. They wait for others, and take hardly anything here; but strangers decide for how
long."""


class Lane:
    """One lane. ended: called, in a thread, when work has ended that was left to itself."""

    def __init__(self, ended: Callable[[], object]) -> None:
        self._ended = ended
        self._under_way: set[str] = set()
        self._room = threading.Semaphore(MOST)

    def __contains__(self, name: str) -> bool:
        return name in self._under_way

    def do(self, name: str, work: Callable[[], float]) -> float | None:
        """What `work` returns; None if it goes on by itself. It must raise nothing.

        name: what it is found by meanwhile. Waits while there is no room. Raises RuntimeError
        if there is no thread.
        """
        self._room.acquire()
        turn = threading.Lock()  # whether it has ended, or was left
        done = threading.Event()
        found: list[float] = []
        is_left = False

        def run() -> None:
            try:
                found.append(work())
            finally:
                self._under_way.discard(name)
                self._room.release()
                with turn:
                    done.set()
                    was_left = is_left
                if was_left:
                    self._ended()

        self._under_way.add(name)
        try:
            threading.Thread(target=run, name=f"porch {name}", daemon=True).start()
        except RuntimeError:
            self._under_way.discard(name)
            self._room.release()
            raise
        done.wait(PACE)
        with turn:
            is_left = not done.is_set()
        return None if is_left else found[0]
