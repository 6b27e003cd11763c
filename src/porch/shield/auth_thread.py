"""A thread for what takes long, one a worker and kind: to verify a password takes tens of ms by
design, and to read a large body as long.

The loop goes on meanwhile. The thread has less priority than it, so that whoever sends passwords
has those wait who log in, and nobody else; and what waits is bounded.
"""

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["MOST", "MOST_OF_ONE", "SlowThread"]

MOST = 64
"""What waits, at most: at 50 ms each the last one has waited for 3 s."""
MOST_OF_ONE = 8
"""Of these for one client: a browser opens six connections."""
_NICE = 10


class SlowThread:
    """Made at the first use, in the process that uses it. name: what it is for."""

    __slots__ = ("_executor", "_name", "_of", "_waiting")

    def __init__(self, name: str = "passwords") -> None:
        self._name = name
        self._executor: ThreadPoolExecutor | None = None
        self._waiting = 0
        self._of: Counter[bytes] = Counter()

    def __repr__(self) -> str:
        return f"<SlowThread {self._waiting} wait>"

    def ask(
        self, client: bytes, work: Callable[[], bool], tell: Callable[[bool | None], None]
    ) -> bool:
        """Have `work` done, and `tell` called in the loop with what it returns, None if it raised.
        client: for whom. Returns False where there is no room: then nobody is told."""
        if self._waiting >= MOST or self._of[client] >= MOST_OF_ONE:
            return False
        import asyncio  # late, as the next: who only checks a configuration has no loop

        if self._executor is None:
            from concurrent.futures import ThreadPoolExecutor

            self._executor = ThreadPoolExecutor(1, self._name, initializer=_be_modest)
        loop = asyncio.get_running_loop()
        self._waiting += 1
        self._of[client] += 1

        def told(result: bool | None) -> None:
            self._waiting -= 1
            self._of[client] -= 1
            if not self._of[client]:
                del self._of[client]
            tell(result)

        def done(future: "Future[bool]") -> None:
            result = None if future.exception() is not None else future.result()
            with contextlib.suppress(RuntimeError):  # the loop is over
                loop.call_soon_threadsafe(told, result)

        self._executor.submit(work).add_done_callback(done)
        return True


def _be_modest() -> None:
    """On Linux a priority is a thread's own."""
    with contextlib.suppress(OSError, AttributeError):
        thread = threading.get_native_id()
        nice = os.getpriority(os.PRIO_PROCESS, thread) + _NICE
        os.setpriority(os.PRIO_PROCESS, thread, min(19, nice))
