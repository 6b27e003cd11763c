"""What one worker does at the store of the cache because a command says so, and what it tells."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from porch.cache.named import Named
from porch.cache.store import Store

__all__ = ["NO_STORE", "at_store"]

NO_STORE = "no store is open; its messages say why"
"""Where a configuration has a cache, and the worker no store for it."""

Told = dict[str, object]


def at_store(store: Store | None, word: str, data: Any) -> Told:
    """The answer to "purge" with what is named and whether softly, or to "cache" with how many
    urls are wanted. Plain data; `error` has why nothing was done."""
    if store is None:
        return {"error": NO_STORE}
    if word == "purge":
        named, soft = data
        return _purge(store, named, soft=soft)
    return _shown(store, data)


def _purge(store: Store, named: Sequence[Named], *, soft: bool) -> Told:
    for each in named:
        store.purge(each.scope, each.value, soft=soft)
    return {}


def _shown(store: Store, most: int) -> Told:
    numbers: Mapping[str, object] = msgspec.structs.asdict(store.stat())
    top = [(url.decode("latin-1"), count) for url, count in store.top(most)]
    return {"store": numbers, "top": top}
