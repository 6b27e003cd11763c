"""Fill: one request to the origin on behalf of the cache, and all who wait for its answer.

It is the client of an exchange of its own, which dials, retries and times out as any other: no
client that leaves or is slow has part in it. What can be stored is stored and read by all from
there, while it comes. What cannot goes to the first of them alone; the others ask for themselves.
"""

from collections.abc import Sequence

from porch import clock
from porch.cache.arriving import Arriving
from porch.cache.counts import FROM_ORIGIN, KEPT, NOT_KEPT, OTHER, VALIDATED
from porch.cache.entry import Entry
from porch.cache.giving import body_of
from porch.cache.joining import Joining, joining
from porch.cache.reader import Body, Part, Reader
from porch.cache.refusal import Refusal
from porch.cache.reuse import FAILED
from porch.cache.shelf import LASTING, FillKey, Shelf
from porch.cache.store import Stored
from porch.cache.update import appraised, updated
from porch.cache.validate import selected
from porch.cache.waiting import Waiting
from porch.errors import ClientGone, PorchError
from porch.exchange import Exchange
from porch.http.message import RequestHead, ResponseHead
from porch.http.stream import Head
from porch.keeper import Security

__all__ = ["WINDOW", "Fill"]

WINDOW = 1 << 20
"""Bytes of a body that is not stored which may wait for the slowest reader."""


class Fill:
    """See the module, and keeper.ClientStream.

    checks: what is being validated, if anything. body, entry: of the answer, None before its head.
    """

    __slots__ = (
        "_cache",
        "_claimed",
        "_error",
        "_exchange",
        "_is_full",
        "_joining",
        "_key",
        "_moment",
        "_readers",
        "_requested",
        "_shelf",
        "_waiting",
        "body",
        "checks",
        "entry",
        "peer",
        "port",
        "security",
    )

    interim = True
    trailers = False

    def __init__(
        self, shelf: Shelf, key: FillKey, first: Waiting, checks: Stored | None, *, claimed: bool
    ) -> None:
        """claimed: whether this worker has the lock of the key, which is let go of at the end.
        first: whose request it begins with."""
        client = first.exchange.client
        self._shelf = shelf
        self._cache = first.cache
        self._key = key
        self._claimed = claimed
        self._waiting: list[Waiting] = []
        self._readers: set[Reader] = set()
        self._moment = shelf.store.moment()
        self._requested = clock.wall()
        self._exchange: Exchange | None = None
        self._error: PorchError | None = None
        self._is_full = False
        self._joining: Joining | None = None
        self.checks = checks
        self.entry: Entry | None = None
        self.body: Arriving | None = None
        self.peer = client.peer
        self.port = client.port
        self.security: Security | None = client.security

    def __repr__(self) -> str:
        return f"<Fill {self.body!r} {len(self._waiting)} wait {len(self._readers)} read>"

    def start(self, template: Exchange, head: RequestHead, body: bytes = b"") -> None:
        """Ask. template: of the client whose request it is."""
        self._shelf.asked[self._key] = self
        keeper = self._shelf.keeper(template.keeper)
        keeper.running += 1
        self._exchange = Exchange(keeper, self, head, self._cache.route, template.client_ip)
        self._exchange.on_request(body, True)

    # --- those who wait --------------------------------------------------------------------------

    def join(self, waiting: Waiting) -> None:
        """See shelf.Asked."""
        self._shelf.members[waiting.exchange] = self
        if self.entry is None:
            self._waiting.append(waiting)
        else:
            self._give(waiting)

    def leave(self, exchange: Exchange) -> None:
        """See shelf.Asked."""
        self._waiting = [each for each in self._waiting if each.exchange is not exchange]

    def tell(self, exchange: Exchange) -> None:
        """See shelf.Asked."""
        asked = self._exchange
        if asked is not None and asked.endpoint is not None:
            exchange.endpoint = asked.endpoint
            exchange.attempts = asked.attempts
            exchange.connected = asked.connected
            exchange.first_byte = asked.first_byte
            exchange.reused = asked.reused

    def _reader(self, body: Body, parts: Sequence[Part]) -> Reader:
        """A source of parts of the body, as it comes. See giving.Makes."""
        reader = Reader(body, parts, self._on_moved)
        self._readers.add(reader)
        return reader

    def _on_moved(self, reader: Reader) -> None:
        body, exchange = self.body, self._exchange
        if reader.is_over:
            self._readers.discard(reader)
        if body is None or body.stores or exchange is None or exchange.ended:
            return
        if self._readers:
            self._let_go(body, exchange)
        else:
            exchange.fail(ClientGone("nobody waits for it any more"))

    # --- the answer: keeper.ClientStream ---------------------------------------------------------

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""
        if not isinstance(head, ResponseHead):
            self._on_data(data, end)
        elif head.status < 200:
            for each in self._waiting:
                if each.exchange.client.interim:
                    each.exchange.client.send(head, b"", False)
        elif self._error is not None:
            self._on_failed(self._error)
        elif head.status == 304 and self.checks is not None:
            self._on_valid(self.checks, head)
        else:
            if head.status in FAILED:
                self._stand_in(head.status)
            self._on_head(head, data, end)

    def fail(self, error: PorchError) -> None:
        """There is no answer: what follows is an error page."""
        self._error = error

    def _on_head(self, head: ResponseHead, data: bytes, end: bool) -> None:
        cache, exchange = self._cache, self._exchange
        assert exchange is not None
        if head.status == 206 and self.checks is not None:
            self._on_part(self.checks, head, data, end)
            return
        verdict = appraised(cache, exchange.request, head, self._requested, clock.wall())
        if isinstance(verdict, Refusal):
            self._pass(head, data, end, verdict)
            return
        self._keep(verdict, data, end)

    def _keep(self, entry: Entry, data: bytes, end: bool) -> None:
        """It is stored, and given to all who wait while it comes."""
        shelf, primary = self._shelf, self._key[0]
        self.entry = entry
        shelf.counts[KEPT] += 1
        shelf.hint(primary, [name for name, _ in entry.vary if name[:1] != b":"])
        most = self._cache.policy.max_object
        self.body = Arriving(shelf.store, primary, entry, self._moment, most)
        self.body.add(data)
        if end:
            self._finish()
        for each in self._leaving():
            if entry.held and not each.collapsed:
                assert self.body is not None
                stored = self.body.stores
                each.give(entry, self.body, self._reader, stored=stored, as_it_came=True)
            else:
                self._give(each)

    def _on_part(self, checked: Stored, head: ResponseHead, data: bytes, end: bool) -> None:
        """What completes a stored answer, if it is of the same bytes; else all is asked for."""
        exchange = self._exchange
        assert exchange is not None
        self._joining = joining(self._cache, exchange.request, checked, head, self._requested)
        if self._joining is not None:
            self._on_data(data, end)
            return
        self._shelf.store.remove(self._key[0], checked.ident)
        self._close()
        for each in self._leaving():
            each.again()
        if not end:
            exchange.fail(ClientGone("it completes nothing"))

    def _give(self, waiting: Waiting) -> None:
        """The answer that is being stored, if it is for this request too."""
        entry, body = self.entry, self.body
        assert entry is not None
        assert body is not None
        if waiting.fits(entry):
            waiting.give(entry, body, self._reader, stored=body.stores)
        elif self._shelf.asked.get(self._key) is self:
            waiting.let_go("vary")
        else:
            waiting.again()

    def _pass(self, head: ResponseHead, data: bytes, end: bool, why: Refusal) -> None:
        """It is for one alone."""
        self._close()
        self._shelf.let_pass(self._key[0], why, head.status)
        counts = self._shelf.counts
        counts[NOT_KEPT.get(why.word, OTHER)] += 1
        waiting = self._leaving()
        self.body = body = Arriving(self._shelf.store, self._key[0], None, self._moment, 0)
        body.add(data)
        if end:
            body.end()
        for each in waiting[:1]:
            each.pass_on(head, body, self._reader, why)
        for each in waiting[1:]:
            each.let_go(why.word)
        if not (end or self._readers) and self._exchange is not None:
            self._exchange.fail(ClientGone("nobody waits for it any more"))

    def _on_data(self, data: bytes, end: bool) -> None:
        if self._joining is not None:
            self._joining.add(data)
            if end:
                self._keep(self._joining.entry, self._joining.whole(), True)
            return
        body = self.body
        if body is None:
            return
        body.add(data)
        if end:
            self._finish()
        for each in tuple(self._readers):
            each.pump()

    def _on_valid(self, checked: Stored, head: ResponseHead) -> None:
        """What is stored is what the origin would give (RFC 9111 4.3.4)."""
        exchange, store, primary = self._exchange, self._shelf.store, self._key[0]
        assert exchange is not None
        entry, now = checked.entry, clock.wall()
        if not selected([entry], head, now):  # it speaks of something else
            store.remove(primary, checked.ident)
            self._close()
            for each in self._leaving():
                each.again()
            return
        found = updated(self._cache, exchange.request, entry, head, self._requested, now)
        self._shelf.counts[VALIDATED] += 1
        if not isinstance(found, Refusal):
            entry = found
            store.freshen(primary, checked.ident, entry, self._moment)
        elif found.word in LASTING:  # else it speaks of the request that has asked
            store.remove(primary, checked.ident)
        self._close()
        stored = not isinstance(found, Refusal)
        for each in self._leaving():
            if each.fits(entry):
                each.give(entry, body_of(checked), Reader, stored=stored, status=304)
            else:
                each.again()

    def _leaving(self) -> list[Waiting]:
        leaving, self._waiting = self._waiting, []
        return leaving

    def _on_failed(self, error: PorchError) -> None:
        self._stand_in(0)
        self._close()
        for each in self._leaving():
            each.exchange.give_up(error)

    def _stand_in(self, status: int) -> None:
        """Stale answers for those who may have them."""
        for each in self._leaving():
            if each.stored is None:
                self._waiting.append(each)
            else:
                each.give_stale(each.stored, Reader, self._error, status)

    def _finish(self) -> None:
        assert self.body is not None
        self.body.end()
        self._close()

    def _close(self) -> None:
        """From now on the store is asked, or another fill."""
        if self._shelf.asked.get(self._key) is self:
            del self._shelf.asked[self._key]
        if self._claimed:
            self._claimed = False
            self._shelf.release(self._key[0])

    def _let_go(self, body: Arriving, exchange: Exchange) -> None:
        """Of a body that is not stored only so much is held as the slowest has not read."""
        body.forget(min(each.at for each in self._readers))
        if body.held > WINDOW and not self._is_full:
            self._is_full = True
            exchange.on_client_full()
        elif body.held <= WINDOW // 2 and self._is_full:
            self._is_full = False
            exchange.on_client_drained()

    def abort(self, error: PorchError) -> None:
        """See Stream. The rest will not come."""
        self._close()
        if self.body is not None:
            self.body.abandon()
        for reader in tuple(self._readers):
            reader.fail(error)
        for each in self._leaving():
            each.exchange.give_up(error)

    def unsent(self) -> int:
        """See keeper.ClientStream."""
        return self.body.held if self.body is not None else 0

    def finish(self, request_done: bool) -> None:
        """See keeper.ClientStream."""
        if self._exchange is not None:
            self._shelf.counts[FROM_ORIGIN] += self._exchange.bytes_out

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        """See keeper.ClientStream: what comes is data."""
        return 0

    def accept(self, head: ResponseHead) -> None:
        """See keeper.ClientStream: nobody asks for a tunnel here."""

    def pause_reading(self) -> None:
        """See Stream: the request is whole."""

    def resume_reading(self) -> None:
        """See Stream."""
