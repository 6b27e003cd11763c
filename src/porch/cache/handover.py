"""Handover: the worker has died whose answer a client of this one was reading while it came.

The origin is asked for it once more, once for all who were left, and what it answers goes on where
the other has ended: if no byte of the body has left yet and the head that has left is that of the
new answer too, or if both have the same strong validator (RFC 9110 8.8.1), so that they are the
same bytes. Otherwise the client sees an end that is none.
"""

from collections.abc import Callable

from porch.cache.asker import is_for
from porch.cache.entry import Entry
from porch.cache.giving import body_of
from porch.cache.lost import FillLost
from porch.cache.refusal import Refusal
from porch.cache.shelf import FillKey, name_of
from porch.cache.store import Stored
from porch.cache.vary import matches
from porch.cache.waiting import Waiting
from porch.errors import PorchError
from porch.http.message import Field, ResponseHead
from porch.http.ranges import Range
from porch.reader import Body, InMemory, Makes, Part, Reader

__all__ = ["TRIES", "Ask", "Resumed", "is_same"]

TRIES = 3
"""How often an answer is gone on with, or waited for to do so."""

Ask = Callable[[Waiting, FillKey, Stored | None, list[Range]], None]
"""See asking.ask."""

_TELLING = frozenset((b"etag", b"last-modified", b"location", b"vary", b"link"))
"""Fields that tell of what is transferred, beside those whose names begin with content-: so that a
body stays with the nonces of its Content-Security-Policy."""


def is_same(old: Entry, new: Entry, *, has_begun: bool) -> bool:
    """Whether the body of `new` may go on behind the head of `old`, and, if it has begun, behind
    the first of its body."""
    tag = old.get(b"etag") or b""
    is_strong = tag[:1] == b'"'
    lengths = (-1, new.length, old.length if is_strong and new.length < 0 else -1)
    if old.status != new.status or old.held != new.held or old.length not in lengths:
        return False
    if is_strong or has_begun:
        return is_strong and tag == new.get(b"etag")
    return _telling(old) == _telling(new)


def _telling(entry: Entry) -> list[Field]:
    return sorted(
        field
        for field in entry.fields
        if field[0] in _TELLING or (field[0][:8] == b"content-" and field[0] != b"content-length")
    )


class Resumed(Waiting):
    """One that waits for the rest of an answer. entry: of what it has the head of. parts: that it
    has not got yet."""

    __slots__ = ("_ask", "_entry", "_has_begun", "_is_other", "_parts", "_primary")

    def __init__(
        self, first: Waiting, entry: Entry, parts: list[Part], primary: bytes, ask: Ask
    ) -> None:
        """first: who it was when it was given the head. primary: the key. ask: has it asked for."""
        super().__init__(first.cache, first.exchange, first.fwd, tries=first.tries)
        self._entry = entry
        self._parts = parts
        self._has_begun = first.exchange.bytes_out > 0
        self._is_other = False  # what was there for it at last
        self._ask = ask
        self._primary = primary

    def go_on(self) -> None:
        """Have what is stored by now, or have the origin asked, if that can be of use."""
        exchange, shelf, primary = self.exchange, self.cache.shelf, self._primary
        exchange.upstream = self
        self.tries += 1
        if exchange.ended:
            return
        if self.tries > TRIES or not is_same(self._entry, self._entry, has_begun=self._has_begun):
            self.fail(FillLost("the rest cannot be told to be of the same"))
            return
        shelf.saving.settle(primary)
        self.writes = shelf.store.writes[0]
        stored = self._stored()
        if stored is not None:
            self.give(stored.entry, body_of(stored), Reader, stored=True)
            return
        key = self.key(primary)
        if shelf.passes.has(name_of(key)):
            self.fail(FillLost("it is not kept any more"))
        else:
            self._ask(self, key, None, [])

    def _stored(self) -> Stored | None:
        """What it can go on with."""
        store = self.cache.shelf.store
        for variant in store.variants(self._primary):
            stored = store.load(variant.ident)
            if stored is not None and self.fits(stored.entry):
                return stored
        return None

    def has_come(self, primary: bytes) -> bool:
        """See Waiting."""
        return self._stored() is not None

    def fits(self, entry: Entry) -> bool:
        """See Waiting: it is the same answer."""
        request = self.request
        if not (matches(entry.vary, request) and is_for(entry, request, self.exchange.client_ip)):
            return False
        self._is_other = not is_same(self._entry, entry, has_begun=self._has_begun)
        return not self._is_other

    def give(
        self,
        entry: Entry,
        body: bytes | Body,
        makes: Makes,
        *,
        stored: bool,
        status: int = 0,
        as_it_came: bool = False,
    ) -> None:
        """See Waiting. It goes on where it was."""
        exchange = self.exchange
        if exchange.ended:
            return
        source = makes(InMemory(body) if isinstance(body, bytes) else body, self._parts)
        exchange.upstream = source.begin(exchange)
        if exchange.client_full:
            source.pause_reading()

    def give_stale(self, error: PorchError | None, status: int) -> bool:
        """See Waiting: what it waits for is no answer, but the rest of one."""
        return False

    def fail(self, error: PorchError) -> None:
        """See Waiting: it is cut."""
        if not self.exchange.ended:
            self.exchange.fail(error)

    def pass_on(self, head: ResponseHead, body: Body, makes: Makes, why: Refusal | None) -> None:
        """See Waiting: it is another answer."""
        self.let_go(why.word if why is not None else "other")

    def let_go(self, why: str) -> None:
        """See Waiting: it cannot ask for itself, with a head that it has already."""
        self.fail(FillLost(f"the origin was asked anew, and its answer is another ({why})"))

    def again(self) -> None:
        """See Waiting. Where there is another answer by now, one more would be no better."""
        self.cache.shelf.members.pop(self.exchange, None)
        if self._is_other:
            self.let_go("other")
        else:
            self.go_on()
