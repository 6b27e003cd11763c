"""Shelf: what all caching routes of a worker share: the store, who asks the origin for what, and
for which keys asking together has been of no use."""

from collections.abc import Callable, MutableSequence
from typing import TYPE_CHECKING, Protocol

from porch import clock
from porch.cache.counts import WIDTH
from porch.cache.ready import Readies
from porch.cache.refusal import Refusal
from porch.cache.store import Store
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.keeper import Keeper, Timer

if TYPE_CHECKING:
    from porch.cache.fill import Fill
    from porch.cache.waiting import Waiting
    from porch.http.message import Field

__all__ = [
    "BRIEF",
    "LASTING",
    "PASS",
    "PASSES",
    "PASS_BRIEFLY",
    "Asked",
    "FillKey",
    "Locks",
    "Shelf",
]

PASS = 60.0
"""Seconds for which nobody waits for another's answer of a key whose last could not be stored."""
PASS_BRIEFLY = 2.0
"""Seconds, where it may have been for the sake of one client."""
LASTING = frozenset(
    (
        *("no-store", "private", "vary", "too-large", "unsaid", "no-cache", "stale"),
        *("must-understand", "deception"),
    )
)
BRIEF = frozenset(("set-cookie",))
"""Words of refusal.py."""
PASSES = 4096
"""Keys of which that is remembered; with one more all are forgotten."""

FillKey = tuple[bytes, bytes, bytes]
"""The primary key, what is known to choose between its variants, and the range that is asked."""


class Locks(Protocol):
    """Who of all workers asks the origin for a key (locks.py)."""

    def claim(self, primary: bytes) -> bool:
        """Be the one, unless another is."""

    def release(self, primary: bytes) -> None:
        """Be it no longer."""

    def is_held(self, primary: bytes) -> bool:
        """Whether another is."""


class Asked(Protocol):
    """What clients wait for: a fill of this worker, or another's."""

    def join(self, waiting: "Waiting") -> None:
        """One more."""

    def leave(self, exchange: Exchange) -> None:
        """One less: it has ended."""

    def tell(self, exchange: Exchange) -> None:
        """Note with an exchange that has ended who answered it, for the log."""


class Shelf:
    """See the module. asked: what is under way, by its key. members: who waits for or reads what.
    claimed: the keys for which this worker asks. hints: the names that Vary had, by primary key.
    readies: answers that need no look at the store. counts: see counts.py."""

    __slots__ = (
        "_keeper",
        "_locks",
        "_passes",
        "asked",
        "claimed",
        "counts",
        "hints",
        "members",
        "readies",
        "store",
    )

    def __init__(
        self, store: Store, locks: Locks, counts: MutableSequence[int] | None = None
    ) -> None:
        self.store = store
        self.readies = Readies()
        self.counts: MutableSequence[int] = [0] * WIDTH if counts is None else counts
        self._locks = locks
        self.claimed: set[bytes] = set()
        self.asked: dict[FillKey, Asked] = {}
        self.members: dict[Exchange, Asked] = {}
        self.hints: dict[bytes, list[bytes]] = {}
        self._passes: dict[bytes, float] = {}
        self._keeper: FillKeeper | None = None

    def __repr__(self) -> str:
        return f"<Shelf {len(self.asked)} asked, {len(self.members)} wait>"

    def keeper(self, door: Keeper) -> "FillKeeper":
        """That of exchanges with the origin for the cache."""
        if self._keeper is None or self._keeper.door is not door:
            self._keeper = FillKeeper(door)
        return self._keeper

    def claim(self, primary: bytes) -> bool:
        """Be the one of all workers who asks for this key."""
        if not self._locks.claim(primary):
            return False
        self.claimed.add(primary)
        return True

    def release(self, primary: bytes) -> None:
        """Be it no longer."""
        self.claimed.discard(primary)
        self._locks.release(primary)

    def is_held(self, primary: bytes) -> bool:
        """Whether somebody asks for this key."""
        return self._locks.is_held(primary)

    def passes(self, primary: bytes) -> bool:
        """Whether its last answer could not be stored, lately."""
        until = self._passes.get(primary)
        if until is None:
            return False
        if until < clock.now:
            del self._passes[primary]
            return False
        return True

    def let_pass(self, primary: bytes, why: Refusal, status: int) -> None:
        """From now on for a while nobody waits for another's answer, if what came speaks of all:
        what one odd request has brought on itself must not keep a page from being stored."""
        seconds = PASS if why.word in LASTING else PASS_BRIEFLY if why.word in BRIEF else 0.0
        if not seconds or status >= 400:
            return
        if len(self._passes) >= PASSES:
            self._passes.clear()
        self._passes[primary] = clock.now + seconds

    def hint(self, primary: bytes, names: list[bytes]) -> None:
        """What chose an answer of this key: requests that differ in it are asked apart."""
        if names:
            if len(self.hints) >= PASSES:
                self.hints.clear()
            self.hints[primary] = names
        else:
            self.hints.pop(primary, None)


class FillKeeper:
    """Of exchanges that the cache has with origins. See keeper.Keeper. door: of those who wait."""

    own_fields: "tuple[Field, ...]" = ()

    def __init__(self, door: Keeper) -> None:
        self.door = door
        self.deadlines = door.deadlines
        self.running = 0

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
