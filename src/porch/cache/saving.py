"""Saving: what has come whole in one turn of the loop is stored in one write.

A write of the database costs as much as several records in it. So clients have their answers first,
and what was kept of them is written when the turn is over, or at once for who looks it up in this
worker. Until then the key stays taken (locks.py), so that nobody in any worker asks the origin for
what is just being stored; a worker that is killed in between has stored nothing of it.

Where another worker is writing it is tried again in some milliseconds, and the loop goes on. The
other may have no processor just then, or be stopped: after PATIENCE what is due is given up, and
from then on at once whatever finds the store busy, until a write has gone through again.
"""

from collections.abc import Callable

from porch import clock
from porch.cache.store import Save, Store
from porch.keeper import Timer

__all__ = [
    "AGAIN",
    "LONGEST_AGAIN",
    "MOST",
    "MOST_BYTES",
    "MOST_DUE",
    "MOST_DUE_BYTES",
    "PATIENCE",
    "Done",
    "Saving",
]

MOST = 64
"""Answers in one write, for which other workers' writes wait: 2 ms."""
MOST_BYTES = 1 << 20
"""Bytes of bodies in it."""
MOST_DUE = 1024
"""Answers that wait for others' writes; what comes then is not kept."""
MOST_DUE_BYTES = 16 << 20
"""Bytes of bodies of them."""
AGAIN = 0.001
"""Seconds until the first other try, each time twice as many."""
LONGEST_AGAIN = 0.008
"""Seconds between two tries, at most."""
PATIENCE = 2.0
"""Seconds that one is tried."""

Done = Callable[[bytes | None], object]
"""Told the ident by which it is kept, or None where it is not."""
Later = Callable[[float, Callable[[], object]], Timer]
"""See keeper.Keeper."""


class Saving:
    """See the module."""

    __slots__ = ("_due", "_is_timed", "_later", "_pause", "_size", "_store", "_told", "_until")

    _later: Later

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: list[tuple[Save, Done]] = []
        self._size = 0
        self._due: set[bytes] = set()
        self._is_timed = False
        self._pause = AGAIN
        self._until = 0.0
        """When what is due is given up; 0 while nobody is in the way."""

    def __repr__(self) -> str:
        return f"<Saving {len(self._told)}>"

    def add(self, save: Save, done: Done, later: Later) -> None:
        """One more. done: told when it is written, or given up."""
        if len(self._told) >= MOST_DUE or self._size >= MOST_DUE_BYTES:
            done(None)
            return
        if not self._is_timed:
            self._is_timed = True
            self._later = later
            later(0.0, self._on_time)
        self._told.append((save, done))
        self._due.add(save.primary)
        self._size += len(save.body)
        if not self._until and (len(self._told) >= MOST or self._size >= MOST_BYTES):
            self.flush()

    def settle(self, primary: bytes) -> None:
        """Write what is due, if something under this key is: who looks it up now finds it, or,
        where others are in the way, who has asked for it (shelf.asked)."""
        if primary in self._due:
            self.flush()

    def flush(self) -> None:
        """Write what is due, as much as goes into one write, if nobody is in the way."""
        if not self._told:
            return
        is_much = len(self._told) > MOST or self._size > MOST_BYTES
        batch = self._next() if is_much else self._told
        idents: list[bytes | None] | None = [None] * len(batch)
        try:
            idents = self._store.save_all([save for save, _ in batch])
        finally:  # a defect of the store is reported, and nobody waits for ever for its sake
            if idents is None:
                self._on_busy()
            else:
                self._until = 0.0
                self._tell(batch, idents)

    def _on_time(self) -> None:
        self._is_timed = False
        try:
            self.flush()
        finally:
            if self._told:
                self._is_timed = True
                self._later(self._pause if self._until else 0.0, self._on_time)
                self._pause = min(2 * self._pause, LONGEST_AGAIN)

    def _next(self) -> list[tuple[Save, Done]]:
        """What goes into one write of several."""
        size = 0
        for count, (save, _) in enumerate(self._told, 1):
            size += len(save.body)
            if count == MOST or size >= MOST_BYTES:
                return self._told[:count]
        return self._told

    def _tell(self, batch: list[tuple[Save, Done]], idents: list[bytes | None]) -> None:
        """They are not due any more. Who is told may add others."""
        self._told = self._told[len(batch) :]
        self._due.clear()
        self._size = 0
        for save, _ in self._told:
            self._due.add(save.primary)
            self._size += len(save.body)
        for (_, done), ident in zip(batch, idents, strict=True):
            done(ident)

    def _on_busy(self) -> None:
        """Another worker writes just now, or hangs in the middle of a write."""
        now = clock.monotonic()
        if not self._until:
            self._until = now + PATIENCE
            self._pause = AGAIN
        elif now >= self._until:
            self._store.on_hanging()
            self._tell(self._told, [None] * len(self._told))
