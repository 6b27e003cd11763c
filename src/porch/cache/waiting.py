"""Waiting: one client that waits for the origin's answer, and what it is given.

It is the upstream of its exchange as long as that has no other: what a full client wants of one is
told to who asks for it (shelf.Asked).
"""

from typing import TYPE_CHECKING

from porch.cache.asker import is_for
from porch.cache.counts import COLLAPSED, FORWARDED, HIT_STALE
from porch.cache.entry import Entry
from porch.cache.giving import body_of, gaps, given
from porch.cache.refusal import Refusal
from porch.cache.reuse import How, use
from porch.cache.status_field import CacheStatus, appended
from porch.cache.store import Stored
from porch.cache.vary import matches
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.http.message import ResponseHead
from porch.http.stream import Head
from porch.reader import OPEN, Body, Makes, begun

if TYPE_CHECKING:
    from porch.cache.filter import Cache
    from porch.cache.shelf import FillKey

__all__ = ["Waiting"]

_SERVES = (How.FRESH, How.STALE)


class Waiting:
    """fwd: why it could not be served from the store, in the words of RFC 9211. stored: what may
    stand in if the origin fails, or None. collapsed: whether another's request had gone out.
    tries: how often it has waited before, in vain. since: when it came, by the store's clock.
    writes: of the store, before it was looked up (see Store). found: what was found then.
    request: as the origin is told it (asker.told)."""

    __slots__ = (
        "cache",
        "collapsed",
        "exchange",
        "found",
        "fwd",
        "request",
        "since",
        "stored",
        "tries",
        "writes",
    )

    reused = False

    def __init__(
        self,
        cache: "Cache",
        exchange: Exchange,
        fwd: str,
        stored: Stored | None = None,
        tries: int = 0,
        since: float = 0.0,
    ) -> None:
        self.tries = tries
        self.since = since
        self.cache = cache
        self.exchange = exchange
        self.request = exchange.request if exchange.identity is None else cache.told(exchange)
        self.fwd = fwd
        self.stored = stored
        self.collapsed = False
        self.writes = -1
        self.found: Stored | None = None

    def __repr__(self) -> str:
        return f"<Waiting {self.fwd} {self.exchange!r}>"

    def key(self, primary: bytes) -> "FillKey":
        """With whom it is asked together."""
        return self.cache.shelf.key(primary, self.request, self.exchange.client_ip)

    def has_come(self, primary: bytes) -> bool:
        """Whether there is another answer for it by now than was found."""
        found, before = self.cache.select(primary, self.request)[0], self.found
        if found is None or before is None:
            return found is not None
        return (found.ident, found.entry.received) != (before.ident, before.entry.received)

    def fits(self, entry: Entry) -> bool:
        """Whether an answer that others wait for too is one for this request."""
        return not self.misfit(entry)

    def misfit(self, entry: Entry) -> str:
        """Why an answer that others wait for too is none for this request: "vary", also of one that
        is for another asker alone, or "range", where bytes that it wants are not there; or ""."""
        request = self.request
        if entry.vary and not matches(entry.vary, request):
            return "vary"
        if entry.asker and not is_for(entry, request, self.exchange.client_ip):
            return "vary"
        return "range" if entry.held and gaps(entry, request) else ""

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
        """The origin's answer, or what it has said to be good with this other status. makes: how
        the body is read. stored: whether it is kept. as_it_came: see `given`."""
        now = self.cache.shelf.store.now()
        told = CacheStatus(
            fwd=self.fwd,
            fwd_status=status,
            ttl=entry.lifetime - entry.age_at(now),
            stored=stored,
            collapsed=self.collapsed,
        )
        self._count()
        request = self.request
        self._resume(
            given(
                request,
                entry,
                body,
                now,
                told,
                makes,
                as_it_came=as_it_came,
                full=self.exchange.client_full,
            )
        )

    def stale(self, error: PorchError | None, status: int) -> Response | None:
        """What is stored, since the origin has failed, or answered with this status; None where it
        may not stand in now, however long the origin has taken to fail."""
        store, request = self.cache.shelf.store, self.request
        stored = store.load(self.stored.ident) if self.stored is not None else None
        if stored is None:
            return None
        now, entry = store.now(), stored.entry
        policy, address = self.cache.policy, self.exchange.client_ip
        found = use(entry, request, now, policy, is_purged=stored.is_purged, address=address)
        if not (found.or_stale or found.how in _SERVES) or gaps(entry, request):
            return None
        self.exchange.error = error
        told = CacheStatus(  # no hit: the request was forwarded (RFC 9211 2.1)
            fwd=self.fwd,
            fwd_status=status,
            ttl=entry.lifetime - entry.age_at(now),
            collapsed=self.collapsed,
            detail=(error.word if error is not None else f"status-{status}").encode(),
        )
        return given(request, entry, body_of(stored), now, told, full=self.exchange.client_full)

    def give_stale(self, error: PorchError | None, status: int) -> bool:
        """The same, given to who waits; False where there is none."""
        found = self.stale(error, status)
        if found is None:
            return False
        self.cache.shelf.counts[HIT_STALE] += 1
        self._resume(found)
        return True

    def fail(self, error: PorchError) -> None:
        """There is no answer: an error page of its own, which says that it was asked for."""
        exchange = self.exchange
        exchange.upstream = None
        if exchange.ended:
            return
        if not error.status:
            exchange.give_up(error)
            return
        exchange.error = error
        page = exchange.keeper.error_page(exchange, error)
        told = CacheStatus(fwd=self.fwd, collapsed=self.collapsed, detail=error.word.encode())
        page.fields = appended([*page.fields], told)
        exchange.answer(page)

    def pass_on(self, head: ResponseHead, body: Body, makes: Makes, why: Refusal | None) -> None:
        """The origin's answer as it is, for this client alone."""
        self._count()
        told = CacheStatus(fwd=self.fwd, detail=why.word.encode() if why is not None else b"")
        fields = appended(head.fields, told)
        passed = ResponseHead(head.status, fields, head.length, head.reason)
        self._resume(begun(passed, body, [(0, OPEN)], makes, full=self.exchange.client_full))

    def let_go(self, why: str) -> None:
        """It asks for itself."""
        self.cache.shelf.members.pop(self.exchange, None)
        self.cache.shelf.counts[FORWARDED[self.fwd]] += 1
        told = CacheStatus(fwd=self.fwd, collapsed=self.collapsed, detail=why.encode())
        self.cache.note(self.exchange, told)
        self._resume()

    def _resume(self, response: Response | None = None) -> None:
        self.exchange.upstream = None
        self.exchange.resume(response)

    def _count(self) -> None:
        self.cache.shelf.counts[COLLAPSED if self.collapsed else FORWARDED[self.fwd]] += 1

    def again(self) -> None:
        """Look once more: what was waited for has come, or will not."""
        exchange = self.exchange
        self.cache.shelf.members.pop(exchange, None)
        exchange.upstream = None
        if exchange.ended:
            return
        try:
            fwd = self.fwd if self.collapsed else ""
            result = self.cache.look(exchange, self.tries + 1, self.since, fwd)
        except Exception as error:  # a defect; others wait behind this one
            exchange.on_raised(error)
            return
        if result is None:
            exchange.resume()
        elif isinstance(result, Response):
            exchange.resume(result)

    # --- keeper.UpstreamStream -------------------------------------------------------------------

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream: the request is whole."""

    def pause_reading(self) -> None:
        """See Stream: others may wait too, so that it is read on, but less at a time."""
        self.sip(True)

    def resume_reading(self) -> None:
        """See Stream."""
        self.sip(False)

    def abort(self, error: PorchError) -> None:
        """See Stream: the end of the exchange is told to the cache."""

    def unsent(self) -> int:
        """See keeper.UpstreamStream: nothing is sent here."""
        return 0

    def turn_to(self, exchange: Exchange) -> None:
        """See keeper.UpstreamStream: nobody comes between."""

    def sip(self, little: bool) -> None:
        """See keeper.UpstreamStream: the exchange itself says how it is by now."""
        asked = self.cache.shelf.members.get(self.exchange)
        if asked is not None:
            asked.sip()
