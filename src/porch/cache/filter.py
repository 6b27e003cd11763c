"""Cache: the filter that answers from the store, and has the origin asked once for all.

What it decides is in the modules of rules beside it; here is the order in which they are asked.
"""

from collections.abc import Callable
from functools import partial

from porch import clock
from porch.cache import reuse
from porch.cache.answer import whole
from porch.cache.asker import is_for, may_check, told
from porch.cache.asking import ask, refresh
from porch.cache.conditions import is_for_origin
from porch.cache.counts import COLLAPSED, FORWARDED, FROM_STORE, HIT, HIT_STALE, NOT_KEPT
from porch.cache.entry import Entry
from porch.cache.giving import body_of, gaps, given
from porch.cache.headed import holds_for_all
from porch.cache.invalidation import SAFE
from porch.cache.joining import is_joinable
from porch.cache.key import KeyRules, NoKey, body_digest, digest, escaped, make
from porch.cache.policy import Policy
from porch.cache.queries import QUERY, Coming, body_of_query, mark, marked
from porch.cache.ready import Name, Whom, ready
from porch.cache.refusal import CLIMBS, Refusal
from porch.cache.reuse import How, Use
from porch.cache.shelf import Shelf, name_of
from porch.cache.siblings import Invalidate
from porch.cache.status_field import CacheStatus, appended
from porch.cache.store import Stored
from porch.cache.unkeyed import believing
from porch.cache.update import appraised, updated
from porch.cache.validate import agrees, outdated
from porch.cache.vary import matches
from porch.cache.waiting import Waiting
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Response, Suspend
from porch.http.message import Field, RequestHead, ResponseHead
from porch.http.ranges import Range
from porch.route.paths import climbs
from porch.route.route import Route

__all__ = ["TRIES", "Cache", "KeyFunction", "goes_past"]

TRIES = 3
"""How often a request waits in vain for an answer that it may have, before it asks for itself."""
KeyFunction = Callable[[Exchange], bytes | None]
"""What else counts of a request; None for nothing. What it cannot say it raises NoKey for: that
request goes past the cache."""


def goes_past(
    policy: Policy, request: RequestHead, client_ip: bytes, query: bytes | None = None
) -> str:
    """Why a request is not looked up, in the words of RFC 9211; "" if it is. query: the whole body
    of a QUERY."""
    if request.method != b"GET" and request.method != b"HEAD" and query is None:
        return "method"
    if (
        (request.length != 0 and query is None)
        or request.upgrade is not None
        or is_for_origin(request)
    ):
        return "bypass"
    if policy.bypass and policy.passes_by(request, client_ip):
        return "bypass"
    return ""


def _is_past(note: CacheStatus | None) -> bool:
    """Whether it was not looked up, or its answer has been stored already."""
    return note is None or note.fwd in ("bypass", "method")


def hit_fields(entry: Entry, now: float) -> list[Field]:
    """The fields of a hit at this time of the store."""
    told = CacheStatus(hit=True, ttl=entry.lifetime - entry.age_at(now))
    return appended(whole(entry, now).fields, told)


class Cache(Filter):
    """See the module.

    shelf: of the worker. route: of exchanges for the store, with the hooks that face the origin.
    policy, rules, function: of the configuration; the last is the operator's own part of the key.
    suffix: what stands in the key for conditions of the route. trusts: whether an origin is told
    what a peer with this address says of the client; None for nobody. changing: what lets go of
    the answers that requests past the cache have changed.
    """

    __slots__ = (
        "_anybody",
        "_believed",
        "_changing",
        "_coming",
        "_function",
        "_may_be_ready",
        "_notes",
        "_passing",
        "_standing",
        "_suffix",
        "_trusts",
        "policy",
        "route",
        "rules",
        "shelf",
    )

    def __init__(
        self,
        shelf: Shelf,
        route: Route,
        policy: Policy,
        rules: KeyRules,
        *,
        suffix: bytes = b"",
        function: KeyFunction | None = None,
        trusts: Callable[[bytes], bool] | None = None,
        changing: Invalidate | None = None,
    ) -> None:
        self.shelf = shelf
        self.route = route
        self.policy = policy
        self.rules = rules
        self._trusts = trusts
        self._changing = changing
        self._anybody = Whom(rules)
        self._believed = Whom(believing(rules))
        self._suffix = suffix
        self._function = function
        self._may_be_ready = function is None and not policy.bypass
        self._notes = shelf.notes
        self._standing = shelf.standing
        self._passing: dict[Exchange, bytes] = {}
        self._coming = Coming()

    def __repr__(self) -> str:
        return f"<Cache of {self.route.key} {self.shelf!r}>"

    # --- the phases ------------------------------------------------------------------------------

    def on_request(self, exchange: Exchange) -> Response | Suspend | None:
        """See Filter."""
        request, shelf = exchange.request, self.shelf
        found = shelf.readies.get(self._name(exchange))
        if (
            found is not None
            and not exchange.client_full
            and request.method == b"GET"
            and request.length == 0
            and request.upgrade is None
        ):
            if exchange.identity is not None:
                request = self.told(exchange)
            kept = found.answer(shelf.store, request, hit_fields)
            if kept is not None:
                counts = shelf.counts
                counts[HIT] += 1
                counts[FROM_STORE] += len(found.body)
                return kept
        query, is_coming = None, False
        if request.method == QUERY:
            query, is_coming = body_of_query(exchange), not exchange.request_done
        past = goes_past(self.policy, request, exchange.client_ip, b"" if is_coming else query)
        if is_coming and not past:
            if self._coming.begin(exchange):
                return SUSPEND
            past = "method"
        if past:
            self._past(exchange, past)
            return None
        return self.look(exchange)

    def on_request_data(self, exchange: Exchange, data: bytes) -> bytes:
        """See Filter. A QUERY is looked up when all of it is here."""
        if exchange in self._coming and self._coming.is_over(exchange, data):
            exchange.keeper.later(0.0, partial(self._enter_late, exchange))
        return data

    def on_upstream_response(self, exchange: Exchange) -> Response | None:
        """See Filter. Of requests that went past. What they change is not served any more either:
        see siblings.py."""
        request, response = exchange.request, exchange.response
        assert response is not None
        note, standing = self._notes.pop(exchange, None), self._standing.pop(exchange, None)
        if standing is not None and response.status in reuse.FAILED:
            stale = standing.stale(None, response.status)
            if stale is not None:
                return stale
        if exchange in self._passing:
            self._on_passed(exchange, response)
        elif request.method == b"HEAD" and response.status == 200 and not _is_past(note):
            self._on_head(exchange, response)
        if note is not None:
            response.fields = appended(response.fields, note)
        return None

    def on_damaged(self, exchange: Exchange) -> None:
        """See Filter. While it is on its way to the store, nothing of its key is kept."""
        store, request = self.shelf.store, self.told(exchange)
        try:
            key = self._key(request, self.rules_for(exchange), exchange)
        except NoKey:
            return
        if request.method == QUERY:  # whose body is not held any more
            store.forget(marked(key))
            return
        primary = digest(key)
        stored, _ = self.select(primary, request)
        if stored is None:
            store.forget(primary)
        else:
            store.remove(primary, stored.ident)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._notes.pop(exchange, None)
        self._standing.pop(exchange, None)
        self._passing.pop(exchange, None)
        self._coming.discard(exchange)
        if exchange.request.method not in SAFE and self._changing is not None:
            self._changing.settle(exchange)
        asked = self.shelf.members.pop(exchange, None)
        if asked is not None:
            asked.leave(exchange)
            asked.tell(exchange)

    def _enter_late(self, exchange: Exchange) -> None:
        """As much of a QUERY is here as is waited for; if that is not all, it is too long."""
        if exchange.ended:
            return
        try:
            result = self.on_request(exchange)
        except Exception as error:  # a defect, as a hook's is
            exchange.on_raised(error)
            return
        if result is None:
            exchange.resume()
        elif isinstance(result, Response):
            exchange.resume(result)

    def told(self, exchange: Exchange) -> RequestHead:
        """The request as the origin is told it: see asker.told."""
        identity = exchange.identity
        if identity is None:
            return exchange.request
        return told(exchange.request, identity, self.policy.told)

    # --- the store -------------------------------------------------------------------------------

    def rules_for(self, exchange: Exchange) -> KeyRules:
        """What counts of this client's requests: of one that is trusted, what it tells too."""
        return self._name(exchange)[0].rules

    def _name(self, exchange: Exchange) -> Name:
        """Whom it is for, and what its answer is ready under."""
        request, whom = exchange.request, self._anybody
        if self._trusts is not None and self._trusts(exchange.client.peer):
            whom = self._believed
        return whom, request.scheme, request.authority, request.target

    def look(
        self, exchange: Exchange, tries: int = 0, since: float = 0.0, fwd: str = ""
    ) -> Response | Suspend | None:
        """Answer from the store, or wait for the origin's answer, or go past the cache. tries: how
        often it has waited in vain. since: when it came, by the clock of the store, if it has. fwd:
        why another's request was waited for, if it was."""
        store, request = self.shelf.store, exchange.request
        if exchange.identity is not None:
            request = self.told(exchange)
        address = exchange.client_ip
        name = self._name(exchange)
        try:
            primary = self._primary(request, name[0].rules, exchange)
        except NoKey:
            self._past(exchange, "bypass", b"key")
            return None
        number, writes = store.generations[store.cell(primary)], store.writes[0]
        stored, why = self.select(primary, request)
        if stored is None:
            use = reuse.absent(request, self.policy, why)
            missing: list[Range] = []
        else:
            now = store.now()
            use, missing = self._use(stored, request, address, now)
            is_new = tries and stored.entry.received >= since
            if is_new and use.how is How.FRESH and fwd:
                return self._collapsed(exchange, stored, fwd, now)
            if use.how is How.FRESH or use.how is How.STALE:
                return self._hit(exchange, name, primary, number, stored, use.how, now)
            if is_new and use.how is How.VALIDATE and is_for(stored.entry, request, address):
                return self._collapsed(exchange, stored, fwd or use.fwd, now)
        if use.how is How.REFUSE:
            told = CacheStatus(fwd=use.fwd, detail=b"only-if-cached")
            return Response(504, ((b"cache-status", bytes(told)),))
        if not use.store or request.method == b"HEAD" or tries > TRIES:
            if use.or_stale:
                self._standing[exchange] = Waiting(self, exchange, use.fwd, stored)
            self._past(exchange, use.fwd)
            return None
        if climbs(request.target.partition(b"?")[0]):  # whatever is answered is not kept
            self.shelf.counts[NOT_KEPT[CLIMBS.word]] += 1
            self._past(exchange, use.fwd, CLIMBS.word.encode())
            return None
        stand_in = stored if use.or_stale else None
        since = since or store.now()
        waiting = Waiting(self, exchange, use.fwd, stand_in, tries, since)
        waiting.writes, waiting.found = writes, stored
        checks = stored if missing or use.how is How.VALIDATE else None
        if checks is not None and not may_check(checks.entry, request, address):
            checks, missing = None, []
        return self._wait(waiting, primary, stored, checks, missing)

    def _use(
        self, stored: Stored, request: RequestHead, address: bytes, now: float
    ) -> tuple[Use, list[Range]]:
        """What is done with what is stored, and what this request wants that is not."""
        is_purged, policy = stored.is_purged, self.policy
        use = reuse.use(stored.entry, request, now, policy, is_purged=is_purged, address=address)
        missing = gaps(stored.entry, request)
        if missing and use.how is not How.MISS:
            use = reuse.absent(request, self.policy, "partial")
        return use, missing

    def _hit(
        self,
        exchange: Exchange,
        name: Name,
        primary: bytes,
        number: int,
        stored: Stored,
        how: How,
        now: float,
    ) -> Response:
        """What is stored, as the answer; a fresh one is ready for the next from now on, a stale
        one is asked about. number: of the store, for this key, from before it was loaded."""
        shelf, request, body = self.shelf, exchange.request, body_of(stored)
        if exchange.identity is not None:
            request = self.told(exchange)
        shelf.store.seen(stored.ident)
        if how is How.STALE:
            shelf.hint(primary, stored.entry.vary, stored.entry.asker)
            waiting = Waiting(self, exchange, "stale")
            refresh(waiting, waiting.key(primary), stored, number)
        elif self._may_be_ready and request.method == b"GET":
            cell = shelf.store.cell(primary)
            found = ready(cell, number, stored, body, request, name[0].rules)
            if found is not None:
                shelf.readies.keep(name, found)
        shelf.counts[HIT if how is How.FRESH else HIT_STALE] += 1
        shelf.counts[FROM_STORE] += stored.entry.length
        told = CacheStatus(hit=True, ttl=stored.entry.lifetime - stored.entry.age_at(now))
        response = given(request, stored.entry, body, now, told, full=exchange.client_full)
        if response.status == 200:
            response.name = stored.ident
        return response

    def _collapsed(self, exchange: Exchange, stored: Stored, fwd: str, now: float) -> Response:
        """What another worker has asked for, or validated, since this one came."""
        self.shelf.counts[COLLAPSED] += 1
        ttl = stored.entry.lifetime - stored.entry.age_at(now)
        told = CacheStatus(fwd=fwd, ttl=ttl, collapsed=True)
        full = exchange.client_full
        return given(exchange.request, stored.entry, body_of(stored), now, told, full=full)

    def _wait(
        self,
        waiting: Waiting,
        primary: bytes,
        stored: Stored | None,
        checks: Stored | None,
        missing: list[Range],
    ) -> Suspend | None:
        """Wait for the origin's answer, or go past the cache where that has been of no use. stored:
        what there is. checks, missing: see `ask`."""
        shelf, exchange = self.shelf, waiting.exchange
        if stored is not None:
            shelf.hint(primary, stored.entry.vary, stored.entry.asker)
        key = shelf.key(primary, waiting.request, exchange.client_ip)
        name = name_of(key)
        if waiting.stored is None and shelf.passes.has(name):
            self._passing[exchange] = name
            shelf.counts[NOT_KEPT["passed"]] += 1
            self._past(exchange, waiting.fwd, b"passed")
            return None
        if stored is not None and missing and not is_joinable(stored.entry):
            checks, missing = None, []
        ask(waiting, key, checks, missing)
        return SUSPEND

    def _primary(
        self, request: RequestHead, rules: KeyRules, exchange: Exchange | None = None
    ) -> bytes:
        """What its answers are stored by."""
        key = self._key(request, rules, exchange)
        query = None
        if request.method == QUERY and exchange is not None:
            query = body_of_query(exchange)
        if query is not None:
            since = mark(self.shelf.store, key, request)
            key += b" body:" + body_digest(request, query) + b" since:" + since.hex().encode()
        return digest(key)

    def _key(self, request: RequestHead, rules: KeyRules, exchange: Exchange | None) -> bytes:
        """All that counts but the body of a QUERY."""
        key = make(request, rules) + self._suffix
        if self._function is not None and exchange is not None:
            key += b" py:" + escaped(self._function(exchange) or b"")
        return key

    def select(self, primary: bytes, request: RequestHead) -> tuple[Stored | None, str]:
        """The stored answer that is for such a request (RFC 9111 4.1), or why there is none."""
        store = self.shelf.store
        self.shelf.saving.settle(primary)
        variants = store.variants(primary)
        is_gone = False  # purged, say
        for variant in variants:
            if matches(variant.vary, request):
                stored = store.load(variant.ident)
                if stored is not None:
                    return stored, ""
                is_gone = True
        if variants:
            self.shelf.hint(primary, variants[0].vary)
        return None, "miss" if is_gone else "vary-miss" if variants else "uri-miss"

    def has_better(self, primary: bytes, request: RequestHead) -> bool:
        """Whether an answer is kept that stands in for an origin that fails: neither an outage nor
        one request that makes the origin fail takes it from all others."""
        kept, _ = self.select(primary, request)
        if kept is None:
            return False
        return reuse.stands(
            kept.entry, self.shelf.store.now(), self.policy, is_purged=kept.is_purged
        )

    def _on_passed(self, exchange: Exchange, response: ResponseHead) -> None:
        """Where it could have been stored, the next is asked for all again."""
        now = clock.wall()
        found = appraised(self, self.told(exchange), exchange.client_ip, response, now, now)
        if not isinstance(found, Refusal):
            self.shelf.passes.drop(self._passing[exchange])

    def _on_head(self, exchange: Exchange, response: ResponseHead) -> None:
        """What an answer to HEAD says of the stored one to GET (RFC 9111 4.3.5), if the origin was
        told nothing but what the key describes."""
        store, request = self.shelf.store, self.told(exchange)
        address, rules = exchange.client_ip, self.rules_for(exchange)
        try:
            primary = self._primary(request, rules, exchange)
        except NoKey:
            return
        stored, _ = self.select(primary, request)
        if stored is None or not is_for(stored.entry, request, address):
            return  # it says nothing of another's
        if not holds_for_all(request, rules, self.policy, stored.entry):
            return
        found: Entry | Refusal = outdated(stored.entry)
        if agrees(stored.entry, response):
            now = clock.wall()
            found = updated(self, request, address, stored.entry, response, now, now)
        if isinstance(found, Refusal):
            store.remove(primary, stored.ident)
        else:
            store.freshen(primary, stored.ident, found, store.moment())

    # --- past the cache --------------------------------------------------------------------------

    def note(self, exchange: Exchange, told: CacheStatus) -> None:
        """What its answer will say of the cache, which it went past."""
        self._notes[exchange] = told

    def _past(self, exchange: Exchange, fwd: str, detail: bytes = b"") -> None:
        """The origin is asked by this exchange itself, and nothing is stored."""
        self.shelf.counts[FORWARDED[fwd]] += 1
        self._notes[exchange] = CacheStatus(fwd=fwd, detail=detail)
