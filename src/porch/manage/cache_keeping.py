"""What a supervisor holds of the cache: its folder is claimed, and workers are forked with that."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porch import clock
from porch.cache.coded import CodedForms
from porch.cache.locks import Locks
from porch.cache.memory_store import MemoryStore
from porch.cache.notices import Notices
from porch.cache.opening import Claim, claim, forsake, open_store, settle
from porch.cache.passes import Passes
from porch.cache.shelf import Shelf
from porch.cache.store import Store, StoreError
from porch.config.loaded import Loaded
from porch.manage.cache_place import CachePlace, cache_place, places, ready_cache
from porch.manage.channel import Message
from porch.manage.columns import cache_cells
from porch.manage.user import Identity
from porch.observe.messages import Level
from porch.shared import SharedTable

__all__ = ["CacheKeeping", "Handed", "KeptCache", "caches", "shelf_of"]

PATIENCE = 2.0
"""Seconds that the workers of a killed supervisor have to let go of the folder."""
PAUSE = 0.05

Handed = list[Any]
"""Over an upgrade: the descriptors of locks, lock and board, the clock's offset and the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCache:
    """For a worker. claimed: None for a cache in memory. shared: a descriptor, of Locks where the
    store is all workers', of Notices where each has its own in memory."""

    place: CachePlace
    claimed: Claim | None
    shared: int

    @property
    def words(self) -> tuple[CachePlace, float | None]:
        """For a worker that runs already, with the descriptors."""
        return self.place, None if self.claimed is None else self.claimed.offset

    @property
    def descriptors(self) -> list[int]:
        """What is shared, and those of the claim if there is one."""
        claimed = self.claimed
        return [self.shared] if claimed is None else [self.shared, claimed.lock, claimed.board]

    @classmethod
    def told(cls, message: Message) -> "KeptCache":
        """What `words` and `descriptors` were, in the worker that was told."""
        place, offset = message.data
        shared, *others = message.descriptors
        claimed = None if offset is None else Claim(others[0], others[1], offset)
        return cls(place=place, claimed=claimed, shared=shared)


class CacheKeeping:
    """kept: for workers; None where nothing is kept. notices: see Tables."""

    def __init__(self, notices: int) -> None:
        self._notices = notices
        self.kept: KeptCache | None = None

    def begin(
        self,
        loaded: Loaded,
        identity: Identity | None,
        say: Callable[[str, Level], None],
        handed: Handed | None = None,
    ) -> KeptCache | None:
        """Claim what the configuration needs, unless that is there. None where nothing is kept, or
        can be, of which the operator is told: all else is served. handed: of before an upgrade."""
        place = cache_place(loaded) if caches(loaded) else None
        for folder in places(loaded):
            if place is None or folder != place.folder:
                forsake(folder)
        before = _taken_over(place, handed) if handed else None
        if self.kept is None and place is not None:
            if place.folder is None:
                self.kept = KeptCache(place=place, claimed=None, shared=self._notices)
            elif before is not None:
                self.kept = before
            else:
                self.kept = self._claimed(place, place.folder, identity, say)
        return self.kept

    def _claimed(
        self,
        place: CachePlace,
        folder: Path,
        identity: Identity | None,
        say: Callable[[str, Level], None],
    ) -> KeptCache | None:
        try:
            worker = -1 if identity is None else identity.uid
            found = _claim(folder, worker, lambda text: say(text, "warning"))
        except StoreError as error:
            say(f"nothing is kept by the cache: {error}", "warning")
            return None
        problem = ready_cache(folder, identity)
        if problem:
            say(problem, "warning")
            settle(folder, found)
            return None
        return KeptCache(place=place, claimed=found, shared=Locks.make())

    def obstacle(self, loaded: Loaded) -> str:
        """Why a reload cannot put this in force, in a sentence; "" if it can."""
        if not caches(loaded) or self.kept is None or self.kept.place == cache_place(loaded):
            return ""
        return (
            "the store of the cache is open in all workers, and a reload starts none;"
            " porch upgrade puts this file in force, or a restart"
        )

    def hand_over(self) -> Handed:
        """For the next version of this door."""
        kept = self.kept
        if kept is None or kept.claimed is None:
            return []
        return [*kept.descriptors, kept.claimed.offset, str(kept.place.folder)]

    def close(self) -> None:
        """All workers have ended."""
        kept, self.kept = self.kept, None
        if kept is not None and kept.claimed is not None and kept.place.folder is not None:
            settle(kept.place.folder, kept.claimed)


def _claim(folder: Path, worker: int, say: Callable[[str], None]) -> Claim:
    until = clock.monotonic() + PATIENCE
    while True:
        try:
            return claim(folder, worker, say)
        except StoreError:
            if clock.monotonic() >= until:
                raise
        clock.sleep(PAUSE)


def _taken_over(place: CachePlace | None, handed: Handed) -> KeptCache | None:
    """What the version before had; None where answers are kept elsewhere from now on, or nowhere:
    its workers have the old place until they end."""
    locks, lock, board, offset, folder = handed
    if place is None or place.folder != Path(folder):
        for number in (locks, lock, board):
            os.close(number)
        return None
    for number in (locks, lock, board):
        os.set_inheritable(number, False)
    return KeptCache(place=place, claimed=Claim(lock, board, offset), shared=locks)


def caches(loaded: Loaded) -> bool:
    """Whether any route may keep answers."""
    layers = [loaded.config, *loaded.sites.values(), *(each.model for each in loaded.routes)]
    return any(each.cache for each in layers)


def shelf_of(
    kept: KeptCache | None, table: tuple[SharedTable, int], say: Callable[[str], None]
) -> Shelf | None:
    """What a worker keeps answers on, opened in it. table: where it counts, and in which row. None
    where nothing is kept; why was said."""
    if kept is None:
        return None
    store: Store
    forms = None
    if kept.claimed is None or kept.place.folder is None:
        store = MemoryStore(kept.place.size, Notices.of(kept.shared, table[1]))
        locks = Locks.make()  # nobody waits for a worker whose answers it will not see
    else:
        locks = kept.shared
        try:
            on_disk = store = open_store(kept.place.folder, kept.place.size, kept.claimed, say)
        except StoreError as error:
            say(f"nothing is kept by the cache: {error}")
            return None
        forms = CodedForms(lambda: on_disk.folder, kept.place.size)
    counts = cache_cells(*table).own
    shelf = Shelf(store, Locks(locks), Passes(locks), counts, kept.place.size // 2)
    shelf.forms = forms
    return shelf
