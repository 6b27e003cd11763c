"""Fill: one request to the origin on behalf of the cache, and all who wait for its answer.

It is the client of an exchange of its own, which dials, retries and times out as any other: no
client that leaves or is slow has part in it. What can be stored is stored and read by all from
there, while it comes. What cannot goes to the first of them alone; the others ask for themselves.
Those who wait in other workers are told of what is not in the store (outcomes.py).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from porch import clock
from porch.cache.answered import Answered, tell
from porch.cache.arriving import Arriving
from porch.cache.asker import told
from porch.cache.counts import FROM_ORIGIN, NOT_KEPT, OTHER, VALIDATED
from porch.cache.entry import NO_CACHE, Entry
from porch.cache.giving import body_of
from porch.cache.joining import Joining, has_whole, joining
from porch.cache.key import port
from porch.cache.lost import FillNotStored
from porch.cache.outcomes import Outcome
from porch.cache.pacing import WATCH, Pace
from porch.cache.passes import LASTING, OF_REQUESTS, PASS, seconds_of
from porch.cache.refusal import STANDS, Refusal
from porch.cache.reuse import FAILED
from porch.cache.shelf import FillKey, Shelf, name_of
from porch.cache.spread import Spread
from porch.cache.store import Save, Stored
from porch.cache.update import appraised, updated
from porch.cache.validate import personal, selected
from porch.cache.waiting import Waiting
from porch.errors import ClientGone, InternalError, PorchError
from porch.exchange import Exchange
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.keeper import Security
from porch.nobody import Nobody
from porch.reader import Body, Part, Reader

if TYPE_CHECKING:
    from porch.http.stream import Head

__all__ = ["MOST_ALONE", "SHOW", "Fill"]

SHOW = 0.01
"""Seconds until a body that still comes is put where other workers can read it, however small."""
MOST_ALONE = 64
"""Fills under way in a worker above which those end that nobody waits for before their head."""


class Fill(Nobody):
    """See the module, and keeper.ClientStream.

    checks: what is being validated, if anything. body, entry: of the answer, None before its head.
    """

    __slots__ = (
        *("_answered", "_cache", "_cell", "_error", "_exchange", "_first", "_gives", "_is_open"),
        *("_joining", "_key", "_later", "_moment", "_number", "_pace", "_readers", "_requested"),
        *("_shelf", "_spread", "_told", "_valid", "_waiting"),
        *("body", "checks", "entry", "peer", "port", "security"),
    )

    interim = True
    trailers = False

    def __init__(self, shelf: Shelf, key: FillKey, first: Waiting, checks: Stored | None) -> None:
        """key: whose lock this worker has; it is let go of at the end. first: whose request it
        begins with."""
        client = first.exchange.client
        self._shelf = shelf
        self._first = first
        self._cache = first.cache
        self._key = key
        self._waiting: dict[Exchange, Waiting] = {}
        self._readers: set[Reader] = set()
        self._cell = shelf.store.cell(key[0])
        self._number = shelf.store.generations[self._cell]
        self._moment = shelf.store.moment()
        self._requested = clock.wall()
        self._exchange: Exchange | None = None
        self._answered: Answered | None = None
        self._error: PorchError | None = None
        self._spread: Spread | None = None
        self._pace = Pace(self._waiting, self._readers)
        self._later: Callable[[float, Callable[[], object]], object] = _never
        # _gives: some of those who have waited are still to be given the first of the body.
        self._is_open, self._gives = True, False
        self._joining: Joining | None = None
        self._valid: Entry | None = None
        self._told = first.request
        self.checks = checks
        self.entry: Entry | None = None
        self.body: Arriving | None = None
        self.peer = client.peer
        self.port = port(first.exchange.request)  # not by which it came: that is in no key
        self.security: Security | None = client.security

    def __repr__(self) -> str:
        return f"<Fill {self.body!r} {len(self._waiting)} wait {len(self._readers)} read>"

    def start(self, template: Exchange, head: RequestHead, body: bytes = b"") -> None:
        """Ask. template: of the client whose request it is."""
        self._shelf.asked[self._key] = self
        keeper = self._shelf.keeper(template.keeper)
        keeper.running += 1
        self._later = keeper.later
        self._spread = Spread(self._readers, keeper.later)
        self._exchange = Exchange(keeper, self, head, self._cache.route, template.client_ip)
        self._exchange.id = template.id
        self._exchange.trace = template.trace
        self._exchange.identity = identity = template.identity
        self._told = head if identity is None else told(head, identity, self._cache.policy.told)
        if template.sips or template.client_full:
            self.sip()
        self._exchange.on_request(body, True)

    # --- those who wait --------------------------------------------------------------------------

    def join(self, waiting: Waiting) -> None:
        """See shelf.Asked."""
        self._shelf.members[waiting.exchange] = self
        if self.entry is not None:
            self._give(waiting, self.entry)
        elif self._valid is not None:
            self._give_valid(waiting, self._valid)
        else:
            self._waiting[waiting.exchange] = waiting
            if self._exchange is not None:
                self.sip()

    def is_behind(self) -> bool:
        """See shelf.Asked. Any purge changes the moment, and the number of what it may be about."""
        store = self._shelf.store
        return store.moment() != self._moment and store.generations[self._cell] != self._number

    def retire(self) -> None:
        """See shelf.Asked."""
        self._close()

    def leave(self, exchange: Exchange) -> None:
        """See shelf.Asked. What nobody waits for is still asked for, for whoever comes next; not
        very much of it, or who asks and leaves could make the origin work without bound."""
        self._waiting.pop(exchange, None)
        if self.body is None or not self.body.stores:  # else it is read as fast as it comes
            self.sip()
        asked = self._exchange
        is_alone = self.entry is None and not (self._waiting or self._readers)
        if asked is None or asked.answer_done or not is_alone:
            return
        if len(self._shelf.asked) > MOST_ALONE:
            asked.fail(ClientGone("nobody waits for it any more"))

    def sip(self) -> None:
        """See shelf.Asked."""
        if self._exchange is not None:
            self._pace.sip(self._exchange, self.body)

    def tell(self, exchange: Exchange) -> None:
        """See shelf.Asked."""
        asked = self._answered or self._exchange
        if asked is not None:
            tell(asked, exchange)

    def _reader(self, body: Body, parts: Sequence[Part]) -> Reader:
        """A source of parts of the body, as it comes. See reader.Makes."""
        reader = Reader(body, parts, self._on_moved)
        self._readers.add(reader)
        return reader

    def _on_moved(self, reader: Reader) -> None:
        if reader.is_over:
            self._readers.discard(reader)
        if self.body is not None and not self._gives:
            self._settle(self.body)

    # --- the answer: keeper.ClientStream ---------------------------------------------------------

    def send(self, head: "Head | None", data: bytes, end: bool) -> None:
        """See Stream."""
        try:
            self._on_answer(head, data, end)
        except Exception as error:  # a defect: nobody is to wait for ever for its sake
            exchange = self._exchange
            if exchange is None:
                raise
            exchange.keeper.report(exchange, error)
            self.abort(InternalError(f"{type(error).__name__}: {error}"))
            if not (end or exchange.ended):
                exchange.fail(ClientGone("the cache has given it up"))

    def _on_answer(self, head: "Head | None", data: bytes, end: bool) -> None:
        if not isinstance(head, ResponseHead):
            self._on_data(head, data, end)  # type: ignore[arg-type]
        elif head.status < 200:
            self._on_interim(head)
        elif self._error is not None:
            self._on_failed(self._error)
        elif head.status == 304 and self.checks is not None:
            self._on_valid(self.checks, head)
        else:
            if head.status in FAILED:
                self._stand_in(None, head.status)
                if self._exchange is None:  # nobody waits any more: it was given up (leave)
                    return
            self._on_head(head, data, end)

    def _on_interim(self, head: ResponseHead) -> None:
        """It is for whose request was sent: nothing says that others may have it."""
        exchange = self._first.exchange
        if exchange in self._waiting and exchange.client.interim and not exchange.ended:
            exchange.client.send(head, b"", False)

    def fail(self, error: PorchError) -> None:
        """There is no answer: what follows is an error page."""
        self._error = error

    def _on_head(self, head: ResponseHead, data: bytes, end: bool) -> None:
        cache, exchange, checks = self._cache, self._exchange, self.checks
        assert exchange is not None
        if head.status == 206 and checks is not None:
            self._on_part(checks, head, data, end)
            return
        verdict = appraised(
            *(cache, self._told, exchange.client_ip, head, self._requested), clock.wall()
        )
        if isinstance(verdict, Refusal):
            self._pass(head, data, end, verdict)
        elif head.status in FAILED and cache.has_better(self._key[0], self._told):
            self._pass(head, data, end, STANDS)  # that one is not to lose its place
        elif verdict.held and has_whole(self._shelf, self._key[0], verdict):
            self._pass(head, data, end, None)
        else:
            self._keep(verdict, head, data, end)

    def _own(self, entry: Entry, head: ResponseHead) -> Entry:
        """An answer that is stored, as it came for the one whose request it is."""
        return personal(entry, head, says_cookies=b"set-cookie" not in self._cache.policy.ignore)

    def _keep(self, entry: Entry, head: ResponseHead, data: bytes, end: bool) -> None:
        """It is stored, and given to all who wait while it comes."""
        shelf, primary, exchange = self._shelf, self._key[0], self._exchange
        assert exchange is not None
        self.entry, most = entry, self._cache.policy.max_object
        shelf.hint(primary, entry.vary, entry.asker)
        self.body = body = Arriving(shelf.store, primary, entry, self._moment, most)
        body.add(data)
        if end:
            self._finish(body)
        elif body.stores:
            exchange.keeper.later(SHOW, body.show)
        is_joined = self._joining is not None
        has_all, self._gives = len(entry.fields) == len(head.fields) and not is_joined, True
        for each in self._leaving():
            own = entry if has_all or each is not self._first else self._own(entry, head)
            self._give(each, own, bool(entry.held) and not (is_joined or each.collapsed))
        self._gives = False
        if exchange.sips or not body.stores:
            self.sip()
        self._settle(body)

    def _on_part(self, checked: Stored, head: ResponseHead, data: bytes, end: bool) -> None:
        """What completes a stored answer, if it is of the same bytes; else all is asked for."""
        exchange = self._exchange
        assert exchange is not None
        self._joining = joining(
            *(self._cache, self._told, exchange.client_ip), checked, head, self._requested
        )
        if self._joining is not None:
            self._on_data(None, data, end)
            return
        self._look_again(checked)
        if not end:
            exchange.fail(ClientGone("it completes nothing"))

    def _look_again(self, checked: Stored) -> None:
        """What is stored is of no use: all who wait ask for what there is."""
        self._shelf.store.remove(self._key[0], checked.ident)
        self._close()
        for each in self._leaving():
            each.again()

    def _give(self, waiting: Waiting, entry: Entry, as_it_came: bool = False) -> None:
        """The answer that is being stored, if it is for this request too."""
        body = self.body
        assert body is not None
        if as_it_came or waiting.fits(entry):
            stores = body.stores and self._shelf.stores(body)  # what is full stays so
            waiting.give(entry, body, self._reader, stored=stores, as_it_came=as_it_came)
        else:
            self._turn_away(waiting, entry)

    def _turn_away(self, waiting: Waiting, entry: Entry) -> None:
        """The answer is not for this request."""
        if not self._is_open or self._key != waiting.key(self._key[0]):
            waiting.again()  # with others that want the same
        else:
            waiting.let_go(waiting.misfit(entry))

    def _pass(self, head: ResponseHead, data: bytes, end: bool, why: Refusal | None) -> None:
        """It is for the one alone whose request was sent, with all that says who he is; where he
        has left, for nobody. why: None where the others find what they want in the store."""
        if why is not None:
            self._shelf.passes.add(name_of(self._key), seconds_of(why, head.status))
            self._shelf.outcomes.tell(name_of(self._key), Outcome(head.status, why.word))
            self._shelf.counts[NOT_KEPT.get(why.word, OTHER)] += 1
        self._close()
        waiting = self._leaving()
        self.body = body = Arriving(self._shelf.store, self._key[0], None, self._moment, 0)
        body.add(data)
        if end:
            body.end()
        for each in waiting:
            if each is self._first:
                each.pass_on(head, body, self._reader, why)
        for each in waiting:
            if each is self._first:
                continue
            if why is not None:
                each.let_go(why.word)
            else:
                each.again()
        self._settle(body)  # at once: more of it may be there in this very turn

    def _on_data(self, head: Trailers | None, data: bytes, end: bool) -> None:
        if self._joining is not None:
            self._joining.add(data)
            if end:
                self._keep(self._joining.entry, self._joining.head, self._joining.whole(), True)
            return
        body = self.body
        if body is None:
            return
        body.add(data)
        if end:
            self._finish(body)
        if head is not None and self.entry is None:  # else it has none in the store, nor now
            for each in self._readers:
                each.trailers = head
        if self._spread is not None:
            self._spread.go()
        self._settle(body)

    def _on_valid(self, checked: Stored, head: ResponseHead) -> None:
        """What is stored is what the origin would give (RFC 9111 4.3.4)."""
        exchange, store, primary = self._exchange, self._shelf.store, self._key[0]
        assert exchange is not None
        entry, now = checked.entry, clock.wall()
        if not selected([entry], head, now):  # it speaks of something else
            self._look_again(checked)
            return
        found = updated(
            *(self._cache, self._told, exchange.client_ip, entry, head, self._requested), now
        )
        self._shelf.counts[VALIDATED] += 1
        if not isinstance(found, Refusal):
            self._valid = entry = found
            save = Save(primary, entry, b"", self._moment, checked.ident)
            self._shelf.saving.add(save, self._on_freshened, exchange.keeper.later)
        elif found.word in LASTING - OF_REQUESTS:  # else it speaks of the one that has asked
            store.remove(primary, checked.ident)
        is_kept = not isinstance(found, Refusal)
        if not is_kept:
            entry = msgspec.structs.replace(entry, asker=b"")  # the one who asks now
            self._shelf.outcomes.tell(name_of(self._key), Outcome(head.status, "refused"))
        if not is_kept or entry.must & NO_CACHE or entry.age >= entry.lifetime:
            self._close()
        for each in self._leaving():
            is_first = each is self._first
            if is_kept or is_first:
                self._give_valid(each, self._own(entry, head) if is_first else entry, is_kept)
            else:
                each.let_go("refused")  # it is for one alone from now on

    def _give_valid(self, waiting: Waiting, entry: Entry, is_kept: bool = True) -> None:
        """What was stored already, if it is for this request."""
        assert self.checks is not None
        if waiting.fits(entry):
            body = body_of(self.checks)
            waiting.give(entry, body, Reader, stored=is_kept, status=304)
        else:
            self._turn_away(waiting, entry)

    def _on_freshened(self, ident: bytes | None) -> None:
        """What is stored is fresh from now on for all workers."""
        self._close()

    def _leaving(self) -> list[Waiting]:
        leaving = [*self._waiting.values()]
        self._waiting.clear()
        return leaving

    def _on_failed(self, error: PorchError) -> None:
        self._stand_in(error, 0)
        self._shelf.outcomes.tell_error(name_of(self._key), error)
        self._close()
        for each in self._leaving():
            each.fail(error)

    def _stand_in(self, error: PorchError | None, status: int) -> None:
        """Stale answers for those who may have them; the others wait on."""
        if self.checks is not None:
            self._shelf.rest(name_of(self._key))
        for each in self._leaving():
            if not each.give_stale(error, status):
                self._waiting[each.exchange] = each

    def _finish(self, body: Arriving) -> None:
        save, exchange = body.end(), self._exchange
        if save is not None:
            assert exchange is not None
            self._shelf.saving.add(save, self._on_saved, exchange.keeper.later)
            return
        self._shelf.settled(self)
        if self._is_open and body.lent:  # others have yet to read it
            self._later(WATCH, self._watch)
        self._close()

    def _on_saved(self, ident: bytes | None) -> None:
        """What has come whole is written, and whoever looks now finds it."""
        assert self.body is not None
        self.body.stores = ident is not None
        self._shelf.settled(self)
        self._close()

    def _close(self) -> None:
        """From now on the store is asked, or another fill."""
        if self._is_open:
            self._is_open = False
            del self._shelf.asked[self._key]
            self._shelf.locks.release(name_of(self._key))

    def _settle(self, body: Arriving) -> None:
        """Of a body that is not stored, or not any more, only so much is held as is yet to be read,
        and nobody else joins. Who is slow holds up the others, within pacing.WINDOW."""
        exchange = self._exchange
        if body.stores or not (body.lent or self._comes(body)):
            return
        if self._is_open:
            self._shelf.passes.add(name_of(self._key), PASS)
            self._close()
            if body.lent:
                self._later(WATCH, self._watch)
        if not self._pace.forget(body):
            self._shelf.outcomes.tell_error(body.ident, FillNotStored("another worker stored it"))
            body.abandon()
        if exchange is None or not self._comes(body):
            return
        if self._readers or body.lent:
            self._pace.keep(exchange, body)
        else:
            exchange.fail(ClientGone("nobody waits for it any more"))

    def _comes(self, body: Arriving) -> bool:
        exchange = self._exchange
        return not (body.is_whole() or exchange is None or exchange.ended)

    def _watch(self) -> None:
        """See how far those in other workers are who read what is not stored any more."""
        body = self.body
        assert body is not None
        if body.lent:
            self._settle(body)
            self._later(WATCH, self._watch)

    def abort(self, error: PorchError) -> None:
        """See Stream. The rest will not come."""
        self.finish(True)  # those who read it leave now, and are not to end it once more
        self._close()
        if self.body is not None:
            if self.body.ident:
                self._shelf.outcomes.tell_error(self.body.ident, error)
            self.body.abandon()
            self._shelf.settled(self)
        for reader in tuple(self._readers):
            reader.fail(error)
        for each in self._leaving():
            each.fail(error)

    def is_read(self) -> bool:
        """See keeper.ClientStream: it sends nothing."""
        return False

    def unsent(self) -> int:
        """See keeper.ClientStream: while a client takes any of it, however slowly, it moves."""
        held = self.body.held if self.body is not None else 0
        return held + sum(each.behind for each in self._readers)

    def finish(self, request_done: bool) -> None:
        """See keeper.ClientStream. The two let go of each other: nothing collects cycles soon."""
        if self._exchange is not None:
            self._shelf.counts[FROM_ORIGIN] += self._exchange.bytes_out
            self._answered = Answered(self._exchange)
            self._exchange = None


def _never(seconds: float, call: Callable[[], object]) -> None:
    """Before it is started nothing is to be done later."""
