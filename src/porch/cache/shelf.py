"""Shelf: what all caching routes of a worker share: the store, who asks the origin for what, and
for which keys asking together has been of no use."""

from collections.abc import Callable, MutableSequence, Sequence
from hashlib import blake2b
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

from porch import clock
from porch.cache.asker import asker
from porch.cache.coded import CodedForms
from porch.cache.counts import KEPT, NOT_KEPT, WIDTH
from porch.cache.outcomes import Outcomes
from porch.cache.passes import Passes
from porch.cache.ready import Readies
from porch.cache.saving import Saving
from porch.cache.store import Store
from porch.cache.vary import chosen
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.keeper import Keeper, Timer

if TYPE_CHECKING:
    from porch.cache.arriving import Arriving
    from porch.cache.fill import Fill
    from porch.cache.status_field import CacheStatus
    from porch.cache.waiting import Waiting
    from porch.http.message import Field, RequestHead

__all__ = ["HINTS", "REST", "Asked", "FillKey", "Locks", "Shelf", "fill_key", "hinted", "name_of"]

HINTS = 4096
"""Keys of which it is remembered what chose between their answers, and which rest; with one more
all are forgotten."""
REST = 1.0
"""Seconds behind a refresh that has failed in which no other is tried: each hit would try one."""

_ASKER = b":asker"
_APART = frozenset((b"authorization", b"range"))
_NAME = itemgetter(0)

FillKey = tuple[bytes, bytes, bytes]
"""The primary key, what is known to choose between its variants, and the range that is asked."""


def name_of(key: FillKey) -> bytes:
    """By which all workers know what is asked: 16 bytes."""
    primary, variant, part = key
    if not (variant or part):
        return primary
    return blake2b(b"%b%d:%b%b" % (primary, len(variant), variant, part), digest_size=16).digest()


def hinted(vary: Sequence["Field"], whose: bytes = b"") -> list[bytes]:
    """What has chosen an answer: the names of Entry.vary, and whether it is for one asker, as
    Entry.asker says."""
    names = [name for name, _ in vary if name[:1] != b":"]
    if whose:
        names.append(_ASKER)
    return names


def fill_key(
    primary: bytes, names: Sequence[bytes] | None, request: "RequestHead", address: bytes
) -> FillKey:
    """Which requests are asked together. Those with Authorization are apart from those without:
    most answers to them are not for others, and nobody is to wait for such a one in vain. names:
    see `hinted`. request, address: see asker.asker."""
    variant = repr(chosen(names, request)).encode() if names else b""
    if names and names[-1] == _ASKER:
        variant += asker(request, address)
    if request.get(b"authorization") is not None:
        variant += b" authorization"
    return primary, variant, request.get(b"range") or b""


class Locks(Protocol):
    """Who of all workers asks the origin for what, by its `name_of` (locks.py)."""

    def claim(self, primary: bytes) -> bool:
        """Be the one, unless somebody is."""

    def release(self, primary: bytes) -> None:
        """Be it no longer."""

    def is_held(self, primary: bytes) -> bool:
        """Whether somebody is."""


class Asked(Protocol):
    """What clients wait for: a fill of this worker, or another's."""

    def join(self, waiting: "Waiting") -> None:
        """One more."""

    def is_behind(self) -> bool:
        """Whether it was asked before a purge, so that who comes now must not have it."""

    def retire(self) -> None:
        """Nobody joins any more."""

    def leave(self, exchange: Exchange) -> None:
        """One less: it has ended."""

    def sip(self) -> None:
        """One of those who wait or read wants little to be read at a time, or as ever again."""

    def tell(self, exchange: Exchange) -> None:
        """Note with an exchange that has ended who answered it, for the log."""


class Shelf:
    """See the module. asked: what is under way, by its key. members: who waits for or reads what.
    notes: what the answers of those will say that went past. standing: what stands in for them if
    the origin fails. passes: for which keys asking together has been of no use. outcomes: of what
    was asked and is not stored. hints: the names that Vary had, by primary key. readies: answers
    that need no look at the store. saving: what is about to be stored. counts: see counts.py.
    largest: bytes of a body that the store can take. forms: of what is stored, coded; None where
    each worker has its own alone."""

    __slots__ = (
        "_full",
        "_keeper",
        "_resting",
        "asked",
        "counts",
        "forms",
        "hints",
        "largest",
        "locks",
        "members",
        "notes",
        "outcomes",
        "passes",
        "readies",
        "saving",
        "standing",
        "store",
    )

    def __init__(
        self,
        store: Store,
        locks: Locks,
        passes: Passes,
        counts: MutableSequence[int] | None = None,
        largest: int = 1 << 62,
    ) -> None:
        self.store = store
        self.saving = Saving(store)
        self.largest = largest
        self.forms: CodedForms | None = None
        self.locks = locks
        self.passes = passes
        self.outcomes = Outcomes(passes.descriptor)
        self.readies = Readies()
        self.counts: MutableSequence[int] = [0] * WIDTH if counts is None else counts
        self.asked: dict[FillKey, Asked] = {}
        self.members: dict[Exchange, Asked] = {}
        self.notes: dict[Exchange, CacheStatus] = {}
        self.standing: dict[Exchange, Waiting] = {}
        self.hints: dict[bytes, list[bytes]] = {}
        self._full: dict[bool, bool] = {}  # in files, or in the database
        self._resting: dict[bytes, float] = {}
        self._keeper: FillKeeper | None = None

    def __repr__(self) -> str:
        return f"<Shelf {len(self.asked)} asked, {len(self.members)} wait>"

    def sweep(self) -> None:
        """A small step of looking for what is of no use any more: see Store, CodedForms."""
        store = self.store
        store.sweep()
        if self.forms is not None:
            self.forms.sweep(lambda ident: store.load(ident) is not None)

    def keeper(self, door: Keeper) -> "FillKeeper":
        """That of exchanges with the origin for the cache."""
        if self._keeper is None or self._keeper.door is not door:
            self._keeper = FillKeeper(door)
        return self._keeper

    def key(self, primary: bytes, request: "RequestHead", address: bytes) -> FillKey:
        """Which requests are asked together: see fill_key."""
        names = self.hints.get(primary)
        if not names and _APART.isdisjoint(map(_NAME, request.fields)):  # most
            return primary, b"", b""
        return fill_key(primary, names, request, address)

    def hint(self, primary: bytes, vary: Sequence["Field"], whose: bytes = b"") -> None:
        """What chose an answer of this key (Entry.vary), and whether it is for one asker
        (Entry.asker): requests that differ in it are asked apart."""
        names = hinted(vary, whose) if vary or whose else []
        if names:
            if len(self.hints) >= HINTS:
                self.hints.clear()
            self.hints[primary] = names
        else:
            self.hints.pop(primary, None)

    def stores(self, body: "Arriving") -> bool:
        """Whether the last that was to be kept where this one is to be found room there, so that
        nothing is said to be stored on a disk that is full."""
        return not self._full.get(body.in_file)

    def settled(self, fill: "Fill") -> None:
        """What it brings is stored, or will never be: that is counted, once."""
        body = fill.body
        if body is None or fill.entry is None or body.is_settled:
            return
        body.is_settled = True
        why = "" if body.stores else body.lost or ("purged" if fill.is_behind() else "no-room")
        self.counts[NOT_KEPT[why] if why else KEPT] += 1
        if why in ("", "no-room"):
            self._full[body.in_file] = bool(why)

    def rests(self, name: bytes) -> bool:
        """Whether a refresh of it has failed just now."""
        until = self._resting.get(name)
        if until is None:
            return False
        if until < clock.monotonic():
            del self._resting[name]
            return False
        return True

    def rest(self, name: bytes) -> None:
        """A refresh of it has failed."""
        if len(self._resting) >= HINTS:
            self._resting.clear()
        self._resting[name] = clock.monotonic() + REST


class FillKeeper:
    """Of exchanges that the cache has with origins. See keeper.Keeper. door: of those who wait."""

    own_fields: "tuple[Field, ...]" = ()

    def __init__(self, door: Keeper) -> None:
        self.door = door
        self.deadlines = door.deadlines
        self.running = 0

    @property
    def closing(self) -> bool:
        """See keeper.Keeper."""
        return self.door.closing

    def error_page(self, exchange: Exchange, error: PorchError) -> Response:
        """Each who waits gets a page of its own kind."""
        fill: Fill = exchange.client  # type: ignore[assignment]
        fill.fail(error)
        return Response(error.status or 502)

    def report(self, exchange: Exchange, error: Exception) -> None:
        """See keeper.Keeper."""
        self.door.report(exchange, error)

    def later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """See keeper.Keeper."""
        return self.door.later(seconds, call)
