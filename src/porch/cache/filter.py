"""Cache: the filter that answers from the store, and has the origin asked once for all.

What it decides is in the modules of rules beside it; here is the order in which they are asked.
"""

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b

from porch import clock
from porch.cache import reuse
from porch.cache.appraise import Refusal, appraise
from porch.cache.conditions import CONDITIONS, is_for_origin
from porch.cache.elsewhere import Elsewhere, Growing
from porch.cache.entry import Entry
from porch.cache.fill import Fill
from porch.cache.giving import Held, begun, given
from porch.cache.invalidation import invalidated
from porch.cache.key import KeyRules, make
from porch.cache.policy import Policy
from porch.cache.reader import OPEN, Body, Part, Reader
from porch.cache.reuse import How, Use
from porch.cache.shelf import FillKey, Shelf, Waiting
from porch.cache.status_field import CacheStatus, appended
from porch.cache.store import Stored
from porch.cache.validate import agrees, conditional, freshened, outdated, selected, updated
from porch.cache.vary import chosen, matches
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Kept, Response, Suspend
from porch.http.message import Field, RequestHead, ResponseHead
from porch.route.route import Route

__all__ = ["UNKEYED", "Cache"]

UNKEYED = frozenset(
    (
        *(b"x-forwarded-host", b"x-forwarded-scheme", b"x-forwarded-server", b"x-forwarded-port"),
        *(b"x-forwarded-prefix", b"x-forwarded-ssl", b"x-host", b"x-original-host", b"forwarded"),
        *(b"x-original-url", b"x-rewrite-url", b"x-http-method", b"x-http-method-override"),
        *(b"x-method-override", b"x-forwarded-path", b"x-original-uri", b"base-url"),
    )
)
"""Request fields by which an origin may make another answer for the same key, and that browsers do
not send: a request that is to be stored goes without them, or one client chooses what all get."""

_SAFE = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"QUERY"))
_NO_HINT: list[bytes] = []


class Cache(Filter):
    """See the module. route: of exchanges for the store, with the hooks that face the origin.

    policy, rules: of the configuration. suffix: what stands in the key for conditions of the route.
    """

    __slots__ = ("_notes", "_rules", "_shelf", "_suffix", "policy", "route")

    def __init__(
        self,
        shelf: Shelf,
        route: Route,
        policy: Policy,
        rules: KeyRules,
        suffix: bytes = b"",
    ) -> None:
        self._shelf = shelf
        self.route = route
        self.policy = policy
        self._rules = rules
        self._suffix = suffix
        self._notes: dict[Exchange, CacheStatus] = {}

    def __repr__(self) -> str:
        return f"<Cache of {self.route.key} {self._shelf!r}>"

    # --- the phases ------------------------------------------------------------------------------

    def on_request(self, exchange: Exchange) -> Response | Suspend | None:
        """See Filter."""
        request = exchange.request
        if request.method != b"GET" and request.method != b"HEAD":
            return self._past(exchange, "method")
        if request.length != 0 or request.upgrade is not None or is_for_origin(request):
            return self._past(exchange, "bypass")
        if self.policy.bypass and self.policy.passes_by(request, exchange.client_ip):
            return self._past(exchange, "bypass")
        return self._look(exchange)

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter. Of requests that went past: what they change is not served any more."""
        request, response = exchange.request, exchange.response
        assert response is not None
        if request.method == b"HEAD":
            if response.status == 200:
                self._on_head(exchange, response)
        elif request.method not in _SAFE and response.status < 400:
            for url in invalidated(request, response):
                self._shelf.store.forget(self.primary(url))

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        note = self._notes.pop(exchange, None)
        if note is not None and exchange.response is not None and exchange.endpoint is not None:
            exchange.response.fields = appended(exchange.response.fields, note)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._notes.pop(exchange, None)
        asked = self._shelf.members.pop(exchange, None)
        if asked is not None:
            asked.leave(exchange)
            asked.tell(exchange)

    # --- the store -------------------------------------------------------------------------------

    def primary(self, request: RequestHead) -> bytes:
        """What its answers are stored by."""
        key = make(request, self._rules) + self._suffix
        return blake2b(key, digest_size=16).digest()

    def _look(self, exchange: Exchange) -> Response | Suspend | None:
        shelf, request = self._shelf, exchange.request
        primary = self.primary(request)
        stored, fwd = self._select(primary, request)
        now = shelf.store.now()
        if stored is None:
            use = reuse.absent(request, self.policy, fwd)
        else:
            use = reuse.use(stored.entry, request, now, self.policy, is_purged=stored.is_purged)
            if use.how is How.FRESH or use.how is How.STALE:
                shelf.store.seen(stored.ident)
                if use.how is How.STALE:
                    self._refresh(exchange, primary, stored)
                return self._hit(request, stored, now)
        if use.how is How.REFUSE:
            return Response(504, ((b"cache-status", bytes(CacheStatus(detail=b"only-if-cached"))),))
        if not use.store or request.method == b"HEAD" or shelf.passes(primary):
            return self._past(exchange, use.fwd)
        return self._ask(exchange, primary, use, stored)

    def _select(self, primary: bytes, request: RequestHead) -> tuple[Stored | None, str]:
        """The stored answer that is for such a request (RFC 9111 4.1), or why there is none."""
        store = self._shelf.store
        variants = store.variants(primary)
        for variant in variants:
            if matches(variant.vary, request):
                stored = store.load(variant.ident)
                if stored is not None:
                    return stored, ""
        return None, "vary-miss" if variants else "uri-miss"

    def _hit(self, request: RequestHead, stored: Stored, now: float) -> Kept:
        entry = stored.entry
        status = CacheStatus(hit=True, ttl=entry.lifetime - entry.age_at(now))
        return given(request, entry, _body(stored), now, status)

    # --- the origin ------------------------------------------------------------------------------

    def _ask(self, exchange: Exchange, primary: bytes, use: Use, stored: Stored | None) -> Suspend:
        """Wait for the origin's answer, together with all who ask for the same."""
        shelf, request = self._shelf, exchange.request
        key = self._fill_key(primary, request)
        waiting = Waiting(self, exchange, use.fwd, stored if use.or_stale else None)
        asked = shelf.asked.get(key)
        if asked is not None:
            waiting.collapsed = True
            asked.join(waiting)
        elif shelf.locks.claim(primary):
            self._fill(key, waiting, stored if use.how is How.VALIDATE else None, claimed=True)
        elif any(other[0] == primary for other in shelf.asked):
            self._fill(key, waiting, stored if use.how is How.VALIDATE else None, claimed=False)
        else:
            waiting.collapsed = True
            patience = self.route.timeouts.connect + self.route.timeouts.response
            Elsewhere(shelf, key, exchange.keeper, patience).join(waiting)
        return SUSPEND

    def _fill_key(self, primary: bytes, request: RequestHead) -> FillKey:
        names = self._shelf.hints.get(primary, _NO_HINT)
        variant = repr(chosen(names, request)).encode() if names else b""
        return primary, variant, request.get(b"range") or b""

    def _fill(
        self, key: FillKey, waiting: Waiting, checks: Stored | None, *, claimed: bool
    ) -> None:
        exchange = waiting.exchange
        fill = Fill(self._shelf, key, waiting, checks, claimed=claimed)
        fill.join(waiting)
        fill.start(exchange, self._question(exchange.request, checks))

    def _refresh(self, exchange: Exchange, primary: bytes, stored: Stored) -> None:
        """Ask in the background, once."""
        key = self._fill_key(primary, exchange.request)
        if key in self._shelf.asked or not self._shelf.locks.claim(primary):
            return
        fill = Fill(self._shelf, key, Waiting(self, exchange, "stale"), stored, claimed=True)
        fill.start(exchange, self._question(exchange.request, stored))

    def _question(self, request: RequestHead, checks: Stored | None) -> RequestHead:
        """What the origin is asked: for all, without what only one client wants to know."""
        fields = [
            field
            for field in request.fields
            if field[0] not in CONDITIONS and field[0] not in UNKEYED
        ]
        asked = RequestHead(
            b"GET", request.target, request.authority, request.scheme, fields, version=b"1.1"
        )
        return asked if checks is None else conditional(asked, checks.entry)

    def appraise(
        self, request: RequestHead, response: ResponseHead, requested: float, received: float
    ) -> Entry | Refusal:
        """Whether an answer is stored, and as what. Times are by the wall."""
        verdict = appraise(request, response, requested, received, self.policy)
        if isinstance(verdict, Entry):
            verdict.received = self._shelf.store.now()
        return verdict

    def validated(
        self, request: RequestHead, entry: Entry, response: ResponseHead, requested: float
    ) -> Entry | Refusal | None:
        """What a stored answer is behind a 304: None where it speaks of something else, Refusal
        where it may be kept no longer. requested: by the wall."""
        received = clock.wall()
        if not selected([entry], response, received):
            return None
        return self._updated(request, entry, response, requested, received)

    def _updated(
        self,
        request: RequestHead,
        entry: Entry,
        response: ResponseHead,
        requested: float,
        received: float,
    ) -> Entry | Refusal:
        head = updated(entry, response, clock.date)
        verdict = self.appraise(request, head, requested, received)
        return freshened(entry, verdict) if isinstance(verdict, Entry) else verdict

    def _on_head(self, exchange: Exchange, response: ResponseHead) -> None:
        """What a HEAD says of the stored GET (RFC 9111 4.3.5)."""
        store, request = self._shelf.store, exchange.request
        primary = self.primary(request)
        stored, _ = self._select(primary, request)
        if stored is None:
            return
        entry = stored.entry
        if agrees(entry, response):
            now = clock.wall()
            verdict = self._updated(request, entry, response, now, now)
            if isinstance(verdict, Refusal):
                store.remove(primary, stored.ident)
                return
            entry = verdict
        else:
            entry = outdated(entry)
        store.freshen(primary, stored.ident, entry, store.moment())

    # --- what a fill gives -----------------------------------------------------------------------

    def give(self, waiting: Waiting, fill: Fill) -> None:
        """The answer that is being stored, if it is for this request too."""
        entry, body, exchange = fill.entry, fill.body, waiting.exchange
        assert entry is not None and body is not None
        if not matches(entry.vary, exchange.request):
            self.again(waiting)
            return
        status = CacheStatus(
            fwd=waiting.fwd,
            ttl=entry.lifetime - entry.age,
            stored=body.stores,
            collapsed=waiting.collapsed,
        )
        if body.is_whole():
            entry.length = body.size()
        self._give(
            waiting,
            given(exchange.request, entry, body, self._shelf.store.now(), status, fill.reader),
        )

    def give_growing(self, waiting: Waiting, entry: Entry, growing: Growing) -> bool:
        """What another worker is storing, if it is for this request."""
        if not matches(entry.vary, waiting.exchange.request):
            return False
        status = CacheStatus(fwd=waiting.fwd, ttl=entry.lifetime - entry.age, collapsed=True)
        now = self._shelf.store.now()
        self._give(
            waiting, given(waiting.exchange.request, entry, growing, now, status, growing.reader)
        )
        return True

    def give_stored(self, waiting: Waiting, entry: Entry, stored: Stored, status: int) -> None:
        """What is stored, which the origin has just said to be good."""
        now = self._shelf.store.now()
        told = CacheStatus(
            fwd=waiting.fwd,
            fwd_status=status,
            ttl=entry.lifetime - entry.age_at(now),
            stored=True,
            collapsed=waiting.collapsed,
        )
        if not matches(entry.vary, waiting.exchange.request):
            self.again(waiting)
            return
        self._give(waiting, given(waiting.exchange.request, entry, _body(stored), now, told))

    def give_stale(
        self, waiting: Waiting, stored: Stored, error: PorchError | None, status: int
    ) -> None:
        """A stale answer, since the origin has failed."""
        now, entry = self._shelf.store.now(), stored.entry
        waiting.exchange.error = error
        told = CacheStatus(
            hit=True,
            ttl=entry.lifetime - entry.age_at(now),
            detail=(error.word if error is not None else str(status)).encode(),
        )
        self._give(waiting, given(waiting.exchange.request, entry, _body(stored), now, told))

    def pass_on(self, waiting: Waiting, fill: Fill, head: ResponseHead, why: Refusal) -> None:
        """The origin's answer as it is, to the one it was asked for."""
        body = fill.body
        assert body is not None
        status = CacheStatus(fwd=waiting.fwd, detail=why.word.encode())
        fields = appended(head.fields, status)
        passed = ResponseHead(head.status, fields, head.length, head.reason)
        parts: list[Part] = [(0, OPEN)]
        self._give(waiting, begun(passed, body, parts, fill.reader))

    def let_go(self, waiting: Waiting, why: str) -> None:
        """It asks for itself."""
        exchange = waiting.exchange
        self._shelf.members.pop(exchange, None)
        self._notes[exchange] = CacheStatus(
            fwd=waiting.fwd, collapsed=waiting.collapsed, detail=why.encode()
        )
        exchange.resume()

    def again(self, waiting: Waiting) -> None:
        """Look once more: what was waited for has come, or will not."""
        exchange = waiting.exchange
        self._shelf.members.pop(exchange, None)
        if exchange.ended:
            return
        result = self._look(exchange)
        if result is None:
            exchange.resume()
        elif isinstance(result, Response):
            exchange.resume(result)

    def _give(self, waiting: Waiting, response: Response) -> None:
        waiting.exchange.resume(response)

    def _past(self, exchange: Exchange, fwd: str) -> None:
        """The origin is asked by this exchange itself, and nothing is stored."""
        self._notes[exchange] = CacheStatus(fwd=fwd)


def _body(stored: Stored) -> bytes | Body:
    return stored.body if isinstance(stored.body, bytes) else Held(stored.body)
