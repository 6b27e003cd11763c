"""Joining: parts of an answer that are stored, and the rest that has been asked for."""

from typing import TYPE_CHECKING

from porch import clock
from porch.cache.entry import Entry
from porch.cache.giving import body_of
from porch.cache.parts import Take, arrived, as_whole, can_grow, can_join, joined
from porch.cache.refusal import Refusal
from porch.cache.store import Stored
from porch.cache.update import updated
from porch.http.message import RequestHead, ResponseHead

if TYPE_CHECKING:
    from porch.cache.filter import Cache
    from porch.cache.shelf import Shelf

__all__ = ["MOST_JOINED", "Joining", "has_whole", "is_joinable", "joining"]

MOST_JOINED = 16 << 20
"""Bytes of an answer that is put together from parts: it is done in memory."""


class Joining:
    """A part on its way to others. entry: of what they make together. head: that it came with."""

    __slots__ = ("_came", "_kept", "_takes", "entry", "head")

    def __init__(self, entry: Entry, head: ResponseHead, kept: bytes, takes: list[Take]) -> None:
        self.entry = entry
        self.head = head
        self._kept = kept
        self._takes = takes
        self._came = bytearray()

    def add(self, data: bytes) -> None:
        """The next piece of the part."""
        self._came += data

    def whole(self) -> bytes:
        """All parts, one behind another."""
        kept, came = self._kept, self._came
        return b"".join(
            [(came if take.is_new else kept)[take.first : take.end] for take in self._takes]
        )


def is_joinable(entry: Entry) -> bool:
    """Whether what is missing of it is asked for alone, to be put together with what is there."""
    return entry.length <= MOST_JOINED and can_grow(entry, clock.wall())


def joining(
    cache: "Cache",
    request: RequestHead,
    address: bytes,
    stored: Stored,
    response: ResponseHead,
    requested: float,
) -> Joining | None:
    """A 206 as what completes `stored`; None where it does not. requested: on the wall."""
    entry, now = stored.entry, clock.wall()
    part = arrived(response)
    if part is None or not can_join(entry, response, now):
        return None
    fresh = updated(cache, request, address, entry, as_whole(response, part), requested, now)
    if isinstance(fresh, Refusal):
        return None
    made = joined(entry, fresh, part)
    kept = _bytes(stored)
    return None if made is None or kept is None else Joining(made[0], response, kept, made[1])


def has_whole(shelf: "Shelf", primary: bytes, part: Entry) -> bool:
    """Whether what `part` is a part of has been stored since it was asked for."""
    store = shelf.store
    shelf.saving.settle(primary)
    for variant in store.variants(primary):
        stored = store.load(variant.ident) if variant.vary == part.vary else None
        if stored is not None:
            whole, tag = stored.entry, part.get(b"etag")
            return not whole.held and tag is not None and whole.get(b"etag") == tag
    return False


def _bytes(stored: Stored) -> bytes | None:
    body = body_of(stored)
    if isinstance(body, bytes):
        return body
    found = bytearray()
    while len(found) < body.size():
        data = body.read(len(found), body.size() - len(found))
        if not data:
            return None
        found += data
    return bytes(found)
