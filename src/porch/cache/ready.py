"""Ready: answers as they go out just now, so that a hit neither asks the store nor the rules.

An answer is made ready by a hit. It goes out again as it is until the clock ticks, and is then
looked at anew; a number that all workers share tells when what is stored under its key has changed.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from porch import clock
from porch.cache.conditions import is_plain
from porch.cache.entry import NO_CACHE, ONLY_AUTHORIZED, Entry
from porch.cache.key import KeyRules
from porch.cache.store import Store, Stored
from porch.cache.vary import OF_ANSWER
from porch.filter import Kept
from porch.http.known import Known
from porch.http.message import Field, RequestHead, ResponseHead
from porch.reader import Body

__all__ = ["LARGEST", "ROOM", "SPARES", "Name", "Readies", "Ready", "Whom", "ready"]

LARGEST = 128 * 1024
"""Bytes of a body that is kept ready."""
ROOM = 64 << 20
"""Bytes of bodies and heads that a worker keeps ready."""
SPARES = 8
"""How many one more may spare at most: what it takes has a bound."""
_OVERHEAD = 2048


class Whom:
    """The clients of one route that are believed the same. rules: what their keys are made by."""

    __slots__ = ("rules",)

    def __init__(self, rules: KeyRules) -> None:
        self.rules = rules


Name = tuple[Whom, bytes, bytes, bytes]
"""For whom, and the scheme, authority and target as they were sent."""


class Ready:
    """One answer. number: of the store, for its key, from before it was loaded. said: what its
    request said of the fields that chose it, as it was sent. size: bytes that it takes, about.
    is_used: whether it has gone out."""

    __slots__ = (
        *("_at", "_cell", "_entry", "_ident", "_known", "_number"),
        *("body", "is_used", "said", "size"),
    )

    def __init__(
        self,
        cell: int,
        number: int,
        stored: Stored,
        body: bytes,
        said: Sequence[tuple[bytes, list[bytes]]],
    ) -> None:
        self._cell = cell
        self._number = number
        self._ident = stored.ident
        self._entry: Entry = stored.entry
        self._known = Known(())
        self._at = -1.0
        self.is_used = False
        self.body = body
        self.said = said
        size = _OVERHEAD + len(body) + 2 * len(stored.entry.url)
        for name, value in stored.entry.fields:
            size += len(name) + len(value) + 100
        self.size = size

    def __repr__(self) -> str:
        return f"<Ready {self._entry.url!r} {len(self.body)} bytes>"

    def answer(
        self, store: Store, request: RequestHead, made: Callable[[Entry, float], list[Field]]
    ) -> Kept | None:
        """The answer to a GET of this target; None where the store and the rules are to be asked.
        made: the fields of an entry at a time of the store."""
        if store.generations[self._cell] != self._number or not is_plain(request):
            return None
        for name, values in self.said:
            if values != [value for found, value in request.fields if found == name]:
                return None
        if self._at != clock.now:
            now = store.now()
            if self._entry.age_at(now) >= self._entry.lifetime:
                return None
            store.seen(self._ident)
            self.is_used = True
            self._known = Known(made(self._entry, now))
            self._at = clock.now
        body, known = self.body, self._known
        head = ResponseHead(self._entry.status, [*known.fields], len(body), b"", None, known)
        return Kept(head, body, None, self._ident)


class Readies(OrderedDict[Name, Ready]):
    """All of a worker, in the order in which they go: what has gone out again since it was made
    ready, or was last spared, is spared (CLOCK)."""

    __slots__ = ("_size",)

    def __init__(self) -> None:
        super().__init__()
        self._size = 0

    def keep(self, name: Name, ready: Ready) -> None:
        """One more, in place of one of the same name."""
        before = self.pop(name, None)
        self._size += ready.size - (0 if before is None else before.size)
        self[name] = ready
        spares = SPARES
        while self._size > ROOM:
            first, oldest = self.popitem(last=False)
            if oldest.is_used and spares:
                spares -= 1
                oldest.is_used = False
                self[first] = oldest
            else:
                self._size -= oldest.size


def ready(
    cell: int,
    number: int,
    stored: Stored,
    body: bytes | Body,
    request: RequestHead,
    rules: KeyRules,
) -> Ready | None:
    """A fresh answer to this request, a GET, that may go out again as it is; None if it may not.
    rules: that its key was made by."""
    entry = stored.entry
    if entry.held or entry.must & (NO_CACHE | ONLY_AUTHORIZED):
        return None
    if not isinstance(body, bytes):
        found = body.read(0, body.size()) if body.size() <= LARGEST else None
        if found is None or len(found) != entry.length:
            return None
        body = found
    names = [*(name for name, _ in entry.vary if name not in OF_ANSWER), *rules.fields]
    if rules.cookies:
        names.append(b"cookie")
    said = [(name, [value for found, value in request.fields if found == name]) for name in names]
    return Ready(cell, number, stored, body, said)
