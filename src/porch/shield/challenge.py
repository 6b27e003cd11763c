"""Challenge: a browser does a short calculation before it comes in, once a day.

It costs who reads pages a second, and who wants all pages, from many addresses, a second for each.
A browser is given a page (challenge_page.py), solves what stands in it, shows the solution in a
field at the same address, and gets a cookie. The door keeps nothing (challenge_seal.py).
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from porch import clock
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Response, Suspend
from porch.http.message import RequestHead
from porch.route.paths import readings
from porch.route.scheme import Trusts, client_scheme
from porch.shield.challenge_load import Load
from porch.shield.challenge_page import FIELDS, PROOF, page
from porch.shield.challenge_seal import Seal, network_of
from porch.shield.crawlers import Crawlers

__all__ = ["COOKIE", "OPEN", "Challenge", "ChallengeRequired", "Terms"]

COOKIE = b"porch-pass"
OPEN = ("/robots.txt", "/.well-known/*")
"""Paths that programs of good manners ask for, and that are always open."""
_PROOF = PROOF.encode()
_PORT = re.compile(rb":\d*\Z")
_MOST = 4
"""Cookies of that name that are looked at."""


class ChallengeRequired(PorchError):
    """Who comes without a pass, and is no browser that could get one by this request."""

    word = "http_request_denied"
    status = 403
    source = "client"
    sentence = (
        "Browsers have to do a calculation before they come in here, which this is none for; "
        "`exempt` of `challenge` names paths for programs."
    )

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.fields = ((b"cache-control", b"no-store"),)


class Terms(NamedTuple):
    """bits: of the calculation, each of which doubles it. lasts: seconds that a pass holds. exempt:
    paths that need none, `/x` or `/x/*`. contact: see challenge_page.page."""

    bits: int = 17
    lasts: float = 86400.0
    exempt: Sequence[str] = ()
    contact: str = ""


class Challenge(Filter):
    """load: None where it is always asked for. crawlers: that need no pass; None for nobody.
    trusts: see client_scheme."""

    __slots__ = ("_crawlers", "_exact", "_load", "_page", "_prefixes", "_seal", "_trusts", "terms")

    def __init__(
        self,
        terms: Terms,
        seal: Seal,
        load: Load | None = None,
        crawlers: Crawlers | None = None,
        trusts: Trusts = None,
    ) -> None:
        self.terms = terms
        self._seal = seal
        self._load = load
        self._crawlers = crawlers
        self._trusts = trusts
        self._page = page(terms.contact).replace(b"BITS", b"%d" % terms.bits, 1)
        paths = [each.encode() for each in (*OPEN, *terms.exempt)]
        stems = [each.removesuffix(b"/*") for each in paths if each.endswith(b"/*")]
        self._exact = frozenset((*stems, *(each for each in paths if not each.endswith(b"/*"))))
        self._prefixes = tuple(each + b"/" for each in stems)

    def described(self) -> list[str]:
        """What it does, in words."""
        when = "" if self._load is None else "while a worker is busy, "
        let = "" if self._crawlers is None else f"; not {', '.join(self._crawlers.names)}"
        return [f"{when}browsers do a calculation of {self.terms.bits} bits{let}"]

    def on_request(self, exchange: Exchange) -> Response | Suspend | None:
        """See Filter."""
        if self._load is not None and not self._load.look():
            return None
        request = exchange.request
        host = _PORT.sub(b"", request.authority).lower()
        network = network_of(exchange.client_ip)
        if self._has_pass(request, host, network) or self._is_open(request):
            return None
        proof = request.get(_PROOF)
        if proof is not None:
            return self._judge(exchange, proof, host, network)
        crawlers = self._crawlers
        if crawlers is not None and (name := crawlers.claimed(request)):
            known = crawlers.known(name, exchange.client_ip)
            if known:
                return None
            tell = partial(self._go_on, exchange, host, network)
            if known is None and crawlers.ask(name, exchange.client_ip, tell):
                return SUSPEND
        return self._ask(request, host, network)

    def _go_on(self, exchange: Exchange, host: bytes, network: bytes, is_crawler: bool) -> None:
        """It has been found out who it is."""
        if exchange.ended:
            return
        if is_crawler:
            exchange.resume()
            return
        try:
            exchange.resume(self._ask(exchange.request, host, network))
        except ChallengeRequired as error:
            exchange.on_raised(error)

    def _has_pass(self, request: RequestHead, host: bytes, network: bytes) -> bool:
        now, looked = clock.wall(), 0
        for field, content in request.fields:
            if field == b"cookie" and COOKIE in content:
                for pair in content.split(b";"):
                    name, _, value = pair.strip(b" \t").partition(b"=")
                    if name == COOKIE:
                        if self._seal.holds(value, now, self.terms.bits, host, network):
                            return True
                        looked += 1
                        if looked >= _MOST:
                            return False
        return False

    def _is_open(self, request: RequestHead) -> bool:
        """Whether nobody needs a pass for it. A path that may be read as another does."""
        if request.method == b"OPTIONS" and request.get(b"access-control-request-method"):
            return True  # a preflight has no cookies
        path = request.target.partition(b"?")[0]
        if path not in self._exact and not path.startswith(self._prefixes):
            return False
        return b"%" not in path and readings(path) == (path,)

    def _judge(self, exchange: Exchange, proof: bytes, host: bytes, network: bytes) -> Response:
        """A pass for who has solved the puzzle."""
        now, terms = clock.wall(), self.terms
        if not self._seal.is_solved(proof, now, terms.bits, host, network):
            raise ChallengeRequired("the proof is none, too old, or for another host or network")
        value = self._seal.grant(now + terms.lasts, terms.bits, host, network)
        cookie = b"%b=%b; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax" % (
            COOKIE,
            value,
            int(terms.lasts),
        )
        if client_scheme(exchange.request, exchange.client.peer, self._trusts) == b"https":
            cookie += b"; Secure"
        return Response(204, ((b"set-cookie", cookie), (b"cache-control", b"no-store")))

    def _ask(self, request: RequestHead, host: bytes, network: bytes) -> Response:
        """The page for a browser that goes somewhere; others are told."""
        if not _is_navigation(request):
            raise ChallengeRequired
        puzzle = self._seal.puzzle(clock.wall(), self.terms.bits, host, network)
        return Response(403, FIELDS, self._page.replace(b"PUZZLE", puzzle, 1))


def _is_navigation(request: RequestHead) -> bool:
    if request.method not in (b"GET", b"HEAD") or request.upgrade is not None:
        return False
    mode = request.get(b"sec-fetch-mode")
    if mode is not None and mode != b"navigate":
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in request.fields)
