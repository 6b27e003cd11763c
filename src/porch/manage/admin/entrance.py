"""Entrance: what is looked at of every request to the admin door before anything is done for it.

In this order: for which host it is, so that no name of somebody else's leads here (DNS rebinding);
whether there is such a thing; whether a page of another site sends it; who asks, and whether that
one may; what a change must say where a browser shows by itself who it is (CSRF); its content.
"""

import hmac
from collections.abc import Callable, Collection
from math import ceil

from porch.exchange import Exchange
from porch.filter import Filter, Response, Suspend
from porch.http.message import RequestHead
from porch.manage.admin.guesses import Guesses, is_drawn
from porch.manage.admin.offer import API, Caller, Offer, Offers, refusal
from porch.manage.admin.proof import Proof, Wrong, token_of
from porch.manage.admin.sessions import Session
from porch.manage.seated import Seated
from porch.route.host import normal_host
from porch.shield.origins import is_own, origin_of

__all__ = [
    "CSRF",
    "LOGIN",
    "METHODS",
    "Entrance",
    "Reception",
    "allowed",
    "cross_site",
    "most",
    "offered",
]

CSRF = b"x-porch-csrf"
LOGIN = b"/login"
METHODS = (b"GET", b"POST")
"""Of the door as a whole, `*` (RFC 9110 9.3.7). It has no OPTIONS, neither for that nor a path."""
_OWN = (b"same-origin", b"none")
_BEARER = (b"www-authenticate", b'Bearer realm="porch"')
_WRONG = "the token is nobody's; tokens of the configuration's admin let in"
_NO_HOST = (
    "no Host is sent, by which this door knows that it is meant; send one, as HTTP/1.1 does by "
    "itself"
)
_NOBODY = (
    "who asks? send Authorization: Bearer TOKEN, with a token of the configuration's admin, or log "
    "in at /login"
)


class Entrance(Filter):
    """offers: what there is. proof: of who asks. guesses: at tokens. seated: holds
    what runs for who is known."""

    __slots__ = ("_guesses", "_offers", "_proof", "_running", "_seated")

    def __init__(self, offers: Offers, proof: Proof, guesses: Guesses, seated: Seated) -> None:
        self._offers = offers
        self._proof = proof
        self._guesses = guesses
        self._seated = seated
        self._running: dict[Exchange, Session] = {}

    def on_request(self, exchange: Exchange) -> Response | None:
        """See Filter."""
        request = exchange.request
        settings = self._proof.settings
        if not request.authority:
            return refusal(exchange, 400, _NO_HOST)
        host = normal_host(request.authority)
        if not settings.knows(host):
            shown = host.decode("latin-1")
            text = f"no door of this name ({shown}) is here; name it in hosts of admin if it is one"
            return refusal(exchange, 421, text)
        path = path_of(request)
        methods = METHODS if path == b"*" else self._offers.get(path)
        if methods is None:
            return refusal(exchange, 404, "nothing is here; /v1/openapi.json says what there is")
        offer = offered(self._offers, request)
        if offer is None:
            allow = allowed(methods)
            return refusal(exchange, 405, f"only {allow} is here", [(b"allow", allow.encode())])
        if (request.target.startswith(API) or offer.changes) and (why := cross_site(request)):
            return refusal(exchange, 403, f"a page of another site sent it ({why}); come from ours")
        return self._admit(exchange, offer) or _content(exchange, offer)

    def _admit(self, exchange: Exchange, offer: Offer) -> Response | None:
        """None where it may go on; `exchange.identity` is the caller then."""
        token = token_of(exchange.request)
        wait = 0.0 if token is None else self._guesses.wait(exchange.client_ip)
        if wait and not is_drawn(token or b""):
            return _too_many(exchange, wait)
        try:
            caller = self._proof.caller(exchange)
        except Wrong:
            if wait:
                return _too_many(exchange, wait)
            self._guesses.note(exchange.client_ip)
            return refusal(exchange, 401, _WRONG, [_BEARER])
        exchange.identity = caller
        if caller is not None:
            self._seated.on_request(exchange)
        if offer.is_open:
            return None
        if caller is None:
            if exchange.request.target.startswith(API):
                text = self._proof.trouble(exchange.request) or _NOBODY
                return refusal(exchange, 401, text, [_BEARER])
            return Response(303, [(b"location", LOGIN)])
        why = self._why_not(exchange, caller, offer)
        if why:
            if offer.on_refused is not None:
                offer.on_refused(exchange, caller, why)
            return refusal(exchange, 403, why)
        self._watch(exchange, offer)
        return None

    def _why_not(self, exchange: Exchange, caller: Caller, offer: Offer) -> str:
        """Why who is known may not have it; "" where he may."""
        if not caller.may(offer.needs):
            if self._proof.settings.read_only:
                return "the admin door is read only (read_only of admin); a command can do it"
            return f"{caller.name} has the role {caller.role}, and this wants {offer.needs}"
        if offer.changes and caller.csrf and not _has_csrf(exchange.request, caller):
            return "a change by a browser needs X-Porch-Csrf; /v1/session says what is in it"
        return ""

    def _watch(self, exchange: Exchange, offer: Offer) -> None:
        """What may run for long, such as a stream of events, ends with its session."""
        caller = exchange.identity
        if offer.changes or caller is None or caller.kind != "session":
            return
        session = self._proof.session(exchange.request)
        if session is not None:
            self._running[exchange] = session
            session.running.add(exchange)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        session = self._running.pop(exchange, None)
        if session is not None:
            session.running.discard(exchange)
        self._seated.on_end(exchange)


class Reception(Filter):
    """The last: what was asked for, of who may have it. body_of: all of a request's body."""

    __slots__ = ("_body_of", "_offers")

    def __init__(self, offers: Offers, body_of: Callable[[Exchange], bytes]) -> None:
        self._offers = offers
        self._body_of = body_of

    def on_request(self, exchange: Exchange) -> Response | Suspend:
        """See Filter."""
        offer = offered(self._offers, exchange.request)
        assert offer is not None
        caller = exchange.identity
        assert caller is None or isinstance(caller, Caller)
        return offer.answer(exchange, caller, self._body_of(exchange))

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        offer = offered(self._offers, exchange.request)
        if offer is not None and offer.on_end is not None:
            offer.on_end(exchange)


def most(offers: Offers, exchange: Exchange) -> int:
    """Bytes of a body that are waited for."""
    offer = offered(offers, exchange.request)
    return offer.most if offer is not None else 0


def path_of(request: RequestHead) -> bytes:
    """The path, as it was sent."""
    return request.target.partition(b"?")[0]


def offered(offers: Offers, request: RequestHead) -> Offer | None:
    """What is there by this method."""
    method = b"GET" if request.method == b"HEAD" else request.method
    return offers.get(path_of(request), {}).get(method)


def allowed(methods: Collection[bytes]) -> str:
    """Of one path, for the field Allow (RFC 9110 10.2.1): what has GET has HEAD too."""
    both = {*methods, b"HEAD"} if b"GET" in methods else {*methods}
    return ", ".join(sorted(each.decode() for each in both))


def cross_site(request: RequestHead) -> str:
    """Why it is not from a page of this door, nor from no page at all; "" if it is.

    Fetch Metadata says it of every request, where the door is reached in a way that browsers trust;
    Origin of all that could change something, everywhere. `null` is anybody's.
    """
    sites = [value for name, value in request.fields if name == b"sec-fetch-site"]
    if any(each not in _OWN for each in sites):
        return f"Sec-Fetch-Site: {sites[0][:20].decode('latin-1')!a}"
    origin = origin_of(request)
    if origin is None or is_own(origin, request, request.scheme):
        return ""
    return f"Origin: {origin[:200].decode('latin-1')!a}"


def _too_many(exchange: Exchange, wait: float) -> Response:
    text = f"too many wrong tokens came from your address; try again in {ceil(wait)} s"
    return refusal(exchange, 429, text, [(b"retry-after", b"%d" % ceil(wait))])


def _has_csrf(request: RequestHead, caller: Caller) -> bool:
    shown = [value for name, value in request.fields if name == CSRF]
    return len(shown) == 1 and hmac.compare_digest(shown[0], caller.csrf.encode())


def _content(exchange: Exchange, offer: Offer) -> Response | None:
    """A form of another site can send neither JSON nor a field of its own name without asking
    first, and nobody here answers that."""
    request = exchange.request
    if request.length == 0:
        return None
    if (request.length or 0) > offer.most:
        return refusal(exchange, 413, f"a body here has at most {offer.most} bytes")
    kinds = [value for name, value in request.fields if name == b"content-type"]
    if len(kinds) != 1 or kinds[0].partition(b";")[0].strip().lower() != offer.media:
        return refusal(exchange, 415, f"a body here is {offer.media.decode()}")
    if request.get(b"content-encoding") is not None:
        return refusal(exchange, 415, "a body here is not coded; leave Content-Encoding out")
    return None
