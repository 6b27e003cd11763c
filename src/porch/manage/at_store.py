"""What one worker does at the store of the cache because a command says so, and what it tells."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from porch.cache.entry import encoded
from porch.cache.named import Named
from porch.cache.shelf import Shelf
from porch.cache.store import Store

__all__ = ["NO_STORE", "at_store"]

NO_STORE = "no store is open; its messages say why"
"""Where a configuration has a cache, and the worker no store for it."""

Told = dict[str, object]


def at_store(shelf: Shelf | None, word: str, data: Any) -> Told:
    """The answer to "purge" with what is named and whether softly, to "cache" with how many urls
    are wanted, or to "kept" with a primary key, or a name (shelf.name_of) to hear whether those who
    ask by it go past. Plain data; `error` has why nothing was done."""
    if shelf is None:
        return {"error": NO_STORE}
    store = shelf.store
    if word == "purge":
        named, soft = data
        return _purge(store, named, soft=soft)
    if word == "kept":
        return _kept(store, data) | {"passed": shelf.passes.has(data)}
    return _shown(store, data)


def _purge(store: Store, named: Sequence[Named], *, soft: bool) -> Told:
    for each in named:
        store.purge(each.scope, each.value, soft=soft)
    return {}


def _kept(store: Store, primary: bytes) -> Told:
    """All that is stored under a key, the newest first, as entry.encoded has it in base64."""
    found = (store.load(each.ident) for each in store.variants(primary))
    kept = [(b64encode(encoded(each.entry)).decode(), each.is_purged) for each in found if each]
    return {"now": store.now(), "kept": kept}


def _shown(store: Store, most: int) -> Told:
    numbers: Mapping[str, object] = msgspec.structs.asdict(store.stat())
    top = [(url.decode("latin-1"), count) for url, count in store.top(most)]
    return {"store": numbers, "top": top}
