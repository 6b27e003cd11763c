"""What a supervisor holds of the cache: its folder is claimed, and workers are forked with that."""

import os
from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from porch import clock
from porch.cache.locks import Locks
from porch.cache.memory_store import MemoryStore
from porch.cache.opening import Claim, claim, open_store, settle
from porch.cache.passes import Passes
from porch.cache.shelf import Shelf
from porch.cache.store import Store, StoreError
from porch.config.loaded import Loaded
from porch.manage.cache_place import CachePlace, cache_place, ready_cache
from porch.manage.user import Identity
from porch.observe.messages import Level

__all__ = ["CacheKeeping", "Handed", "KeptCache", "caches", "shelf_of"]

PATIENCE = 2.0
"""Seconds that the workers of a killed supervisor have to let go of the folder."""
PAUSE = 0.05

Handed = list[Any]
"""Over an upgrade: the descriptors of locks, lock and board, the clock's offset and the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCache:
    """For a worker. claimed: None for a cache in memory. locks: a descriptor, see Locks."""

    place: CachePlace
    claimed: Claim | None
    locks: int


class CacheKeeping:
    """kept: for workers; None where nothing is kept."""

    def __init__(self) -> None:
        self.kept: KeptCache | None = None
        self._place: CachePlace | None = None

    def begin(
        self,
        loaded: Loaded,
        identity: Identity | None,
        say: Callable[[str, Level], None],
        handed: Handed | None = None,
    ) -> None:
        """Claim what the configuration needs. Without it all else is served, and the operator told
        why. handed: of before an upgrade."""
        before = _taken(handed) if handed else None
        self._place = place = cache_place(loaded) if caches(loaded) else None
        if before is not None and (place is None or place.folder != before.place.folder):
            _drop(before)
            before = None
        if place is None:
            return
        if place.folder is None:
            self.kept = KeptCache(place=place, claimed=None, locks=Locks.make())
            return
        if before is not None:
            self.kept = replace(before, place=place)
            return
        try:
            found = self._claim(place, -1 if identity is None else identity.uid)
        except StoreError as error:
            say(f"nothing is kept by the cache: {error}", "warning")
            return
        problem = ready_cache(place.folder, identity)
        if problem:
            say(problem, "warning")
            settle(place.folder, found)
            return
        self.kept = KeptCache(place=place, claimed=found, locks=Locks.make())

    def obstacle(self, loaded: Loaded) -> str:
        """Why a reload cannot put this in force, in a sentence; "" if it can."""
        if not caches(loaded) or self._place == cache_place(loaded):
            return ""
        return (
            "where the cache keeps answers is settled when workers start, and a reload starts none;"
            " porch upgrade puts this file in force, or a restart"
        )

    def hand_over(self) -> Handed:
        """For the next version of this door."""
        kept = self.kept
        if kept is None or kept.claimed is None:
            return []
        return [kept.locks, *kept.claimed, str(kept.place.folder)]

    def close(self) -> None:
        """All workers have ended."""
        kept, self.kept = self.kept, None
        if kept is not None and kept.claimed is not None and kept.place.folder is not None:
            settle(kept.place.folder, kept.claimed)

    def _claim(self, place: CachePlace, worker: int) -> Claim:
        assert place.folder is not None
        until = clock.monotonic() + PATIENCE
        while True:
            try:
                return claim(place.folder, worker)
            except StoreError:
                if clock.monotonic() >= until:
                    raise
            clock.sleep(PAUSE)


def _taken(handed: Handed) -> KeptCache:
    """What the version before has kept answers by."""
    locks, lock, board, offset, folder = handed
    for number in (locks, lock, board):
        os.set_inheritable(number, False)
    return KeptCache(
        place=CachePlace(folder=Path(folder), size=0),
        claimed=Claim(lock, board, offset),
        locks=locks,
    )


def _drop(kept: KeptCache) -> None:
    """Answers are kept elsewhere from now on. Workers of before have theirs until they end."""
    assert kept.claimed is not None
    for number in (kept.locks, kept.claimed.lock, kept.claimed.board):
        os.close(number)


def caches(loaded: Loaded) -> bool:
    """Whether any route may keep answers."""
    layers = [loaded.config, *loaded.sites.values(), *(each.model for each in loaded.routes)]
    return any(each.cache for each in layers)


def shelf_of(
    kept: KeptCache | None, counts: MutableSequence[int], say: Callable[[str], None]
) -> Shelf | None:
    """What a worker keeps answers on, opened in it. None where nothing is kept; why was said."""
    if kept is None:
        return None
    store: Store
    if kept.claimed is None or kept.place.folder is None:
        store = MemoryStore(kept.place.size)
        locks = Locks.make()  # nobody waits for a worker whose answers it will not see
    else:
        locks = kept.locks
        try:
            store = open_store(kept.place.folder, kept.place.size, kept.claimed, say)
        except StoreError as error:
            say(f"nothing is kept by the cache: {error}")
            return None
    return Shelf(store, Locks(locks), Passes(locks), counts)
