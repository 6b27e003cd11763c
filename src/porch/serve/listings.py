"""Listings: those that a worker is making. A step a turn of the loop, however many are asked for:
others are served meanwhile. In the order in which they were asked for."""

from collections.abc import Callable, Generator
from weakref import WeakSet

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import SUSPEND, Kept, Response, Suspend
from porch.reader import LITTLE, Reader
from porch.serve.file_errors import FileUnreadable
from porch.serve.listing import FIELDS

__all__ = ["AT_ONCE", "ROOM", "Listings"]

AT_ONCE = 3
"""Steps that are made without others between, if nobody else has a listing made: all of a small
one."""
ROOM = 16 << 20
"""Bytes of pages that clients are taking, from which on no further is made."""
_SIP = 64 * 1024
"""Bytes that are read for a client at once: it may take nothing, and then holds so much."""
_WAIT = 0.1
"""Seconds until it is looked again whether there is room."""

Steps = Generator[None, None, bytes]


class Listings:
    """Of one worker. Those who ask for the same page before its first step get the same one."""

    __slots__ = ("_current", "_is_turning", "_later", "_pages", "_waiting")

    def __init__(self) -> None:
        self._current: _Listing | None = None
        self._waiting: dict[object, _Listing] = {}
        self._pages: WeakSet[_Page] = WeakSet()
        self._is_turning = False
        self._later: Callable[[float, Callable[[], object]], object] | None = None

    def ask(
        self, exchange: Exchange, key: object, begins: Callable[[], Steps]
    ) -> Response | Suspend:
        """The page, or SUSPEND until it is made. key: of a page. begins: the first step of all, see
        listing. Raises what `begins` does, and FileUnreadable."""
        self._later = exchange.keeper.later
        if self._is_turning or not self._has_room():
            listing = self._waiting.setdefault(key, _Listing(key, begins))
            listing.exchanges.append(exchange)
            self._turn(_WAIT)
            return SUSPEND
        self._turn(0.0)
        listing = _Listing(key, begins)
        made = listing.go(AT_ONCE)
        if made is None:
            listing.exchanges.append(exchange)
            self._current = listing
            return SUSPEND
        return _answer(exchange, self._page(key, made))

    def _turn(self, seconds: float) -> None:
        if not self._is_turning and self._later is not None:
            self._is_turning = True
            self._later(seconds, self._on_turn)

    def _on_turn(self) -> None:
        self._is_turning = False
        listing = self._current = self._current or self._next()
        if listing is None:
            return
        self._turn(0.0)
        if not listing.is_wanted():
            listing.close()
            self._current = None
            return
        try:
            made = listing.go(1)
        except PorchError as error:
            self._current = None
            for each in listing.exchanges:
                each.on_raised(error)
            return
        if made is not None:
            self._current = None
            page = self._page(listing.key, made)
            for each in listing.exchanges:
                each.resume(_answer(each, page))

    def _next(self) -> "_Listing | None":
        """The one that has waited longest; None where none may begin now."""
        for key, listing in tuple(self._waiting.items()):
            if not listing.is_wanted():
                del self._waiting[key]
        if not self._waiting:
            return None
        if not self._has_room():
            self._turn(_WAIT)
            return None
        return self._waiting.pop(next(iter(self._waiting)))

    def _has_room(self) -> bool:
        return sum(each.size() for each in self._pages) < ROOM

    def _page(self, key: object, data: bytes) -> "_Page":
        """The same for the same bytes, as long as somebody takes them."""
        for each in self._pages:
            if each.key == key and each.data == data:
                return each
        page = _Page(key, data)
        self._pages.add(page)
        return page


class _Listing:
    """One that is being made, and for whom."""

    __slots__ = ("_begins", "_steps", "exchanges", "key")

    def __init__(self, key: object, begins: Callable[[], Steps]) -> None:
        self.key = key
        self.exchanges: list[Exchange] = []
        self._begins = begins
        self._steps: Steps | None = None

    def is_wanted(self) -> bool:
        """Whether anybody still waits."""
        self.exchanges = [each for each in self.exchanges if not each.ended]
        return bool(self.exchanges)

    def go(self, count: int) -> bytes | None:
        """Make so many steps. Returns the page, if these were the last."""
        try:
            if self._steps is None:
                self._steps = self._begins()
            for _ in range(count):
                next(self._steps)
        except StopIteration as over:
            made: bytes = over.value
            return made
        except OSError as error:
            raise FileUnreadable(str(error)) from error
        return None

    def close(self) -> None:
        """It is not wanted any more."""
        if self._steps is not None:
            self._steps.close()


class _Page:
    """One that clients are taking. See reader.Body."""

    __slots__ = ("__weakref__", "data", "key")

    def __init__(self, key: object, data: bytes) -> None:
        self.key = key
        self.data = data

    def size(self) -> int:
        return len(self.data)

    def is_whole(self) -> bool:
        return True

    def read(self, first: int, size: int) -> bytes:
        return self.data[first : first + min(size, _SIP)]

    def file(self, first: int, end: int) -> int:
        return -1


def _answer(exchange: Exchange, page: _Page) -> Response:
    whole = Response(200, FIELDS, page.data)
    if page.size() <= LITTLE or exchange.request.method == b"HEAD":
        return whole
    return Kept(whole.head(exchange), b"", Reader(page, [(0, page.size())]))
