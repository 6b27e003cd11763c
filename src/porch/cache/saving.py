"""Saving: what has come whole in one turn of the loop is stored in one write.

A write of the database costs as much as several records in it. So clients have their answers first,
and what was kept of them is written when the turn is over, or at once for who looks it up in this
worker. Until then the key stays taken (locks.py), so that nobody in any worker asks the origin for
what is just being stored; a worker that is killed in between has stored nothing of it.
"""

from collections.abc import Callable

from porch.cache.store import Save, Store
from porch.keeper import Timer

__all__ = ["MOST", "MOST_BYTES", "Done", "Saving"]

MOST = 64
"""Answers in one write, for which other workers' writes wait: 2 ms."""
MOST_BYTES = 1 << 20
"""Bytes of bodies in it."""

Done = Callable[[bytes | None], object]
"""Told the ident by which it is kept, or None where it is not."""


class Saving:
    """See the module."""

    __slots__ = ("_due", "_size", "_store", "_told")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: list[tuple[Save, Done]] = []
        self._size = 0
        self._due: set[bytes] = set()

    def __repr__(self) -> str:
        return f"<Saving {len(self._told)}>"

    def add(
        self, save: Save, done: Done, later: Callable[[float, Callable[[], object]], Timer]
    ) -> None:
        """One more. done: told when it is written. later: see keeper.Keeper."""
        if not self._told:
            later(0.0, self.flush)
        self._told.append((save, done))
        self._due.add(save.primary)
        self._size += len(save.body)
        if len(self._told) >= MOST or self._size >= MOST_BYTES:
            self.flush()

    def settle(self, primary: bytes) -> None:
        """Write what is due, if something under this key is: who looks it up now finds it."""
        if primary in self._due:
            self.flush()

    def flush(self) -> None:
        """Write all that is due."""
        told, self._told = self._told, []
        if not told:
            return
        self._due.clear()
        self._size = 0
        idents: list[bytes | None] = [None] * len(told)
        try:
            idents = self._store.save_all([save for save, _ in told])
        finally:  # a defect of the store is reported, and nobody waits for ever for its sake
            for (_, done), ident in zip(told, idents, strict=True):
                done(ident)
