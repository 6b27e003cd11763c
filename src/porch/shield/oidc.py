"""Logging in at an OpenID provider (OpenID Connect Core 1.0): who a client is by its session.

Who has none is sent to the provider, if it is a person before a page; a script is told 401, for
nobody sees a login that a fetch is led to.
"""

from porch import clock
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.identity import Identity
from porch.route.host import normal_host
from porch.shield.auth import Judge, Later, Verdict
from porch.shield.auth_answer import Telling
from porch.shield.auth_claims import claim
from porch.shield.auth_errors import CannotTell, Unauthorized
from porch.shield.auth_memory import Remembered
from porch.shield.oidc_cookies import cookies_of, joined, without
from porch.shield.oidc_party import Outcome, Party
from porch.shield.oidc_session import Session

__all__ = ["WITHOUT_LOGINS", "Oidc", "WithoutLogins", "is_navigation"]

_LONGEST = 60.0
"""Seconds for which what a cookie says is known without a look into it."""
_ENDED = "a logout has ended the session"


class Oidc:
    """See auth.Way. name: the claim that is the name."""

    __slots__ = ("_judge", "_kept", "_name", "_party", "challenge")

    def __init__(self, party: Party, judge: Judge, name: str, realm: str) -> None:
        self._party = party
        self._judge = judge
        self._name = name
        self._kept: Remembered[tuple[Session, Verdict]] = Remembered()
        shown = realm.encode("ascii", "replace").replace(b"\\", b"").replace(b'"', b"")
        self.challenge = b'Cookie realm="%b"' % shown

    def identify(self, exchange: Exchange) -> Verdict | Later:
        """See auth.Way."""
        cookies = cookies_of(exchange.request.fields)
        sealed = joined(cookies, self._party.cookie(exchange)) if cookies else b""
        if not sealed:
            return self._nobody(exchange, "nobody is logged in")
        host = normal_host(exchange.request.authority)
        digest = self._kept.digest(host, sealed)
        found = self._kept.get(digest)
        if found is not None and not self._party.has_ended(found[0]):
            return found[1]
        session = self._party.opened(sealed, host)
        if session is None:
            return self._nobody(exchange, "the session is over, or not of this host")
        if self._party.has_ended(session):
            return self._nobody(exchange, _ENDED)
        now = clock.wall()
        if session.refresh and now >= session.due:
            return self._aged(exchange, session)
        if now >= session.until:
            return self._nobody(exchange, "the session is over")
        verdict = self._judged(session)
        self._kept.put(digest, (session, verdict), min(session.due - now, _LONGEST))
        return verdict

    def _judged(self, session: Session) -> Identity | PorchError:
        return self._judge.judge(claim(session.claims, self._name), "oidc", session.claims)

    def _aged(self, exchange: Exchange, session: Session) -> Verdict | Later:
        """One that is to be renewed."""
        outcome = self._party.outcome(session)
        if outcome is not None:
            return self._behind(exchange, session, outcome)
        later = Later()
        self._party.renew(
            session, lambda outcome: later.tell(self._behind(exchange, session, outcome))
        )
        return later

    def _behind(self, exchange: Exchange, session: Session, outcome: Outcome) -> Verdict:
        """Once the provider was asked. What it had granted before holds for its time, even if
        another worker has used up what renews it."""
        if self._party.has_ended(session):  # meanwhile
            return Unauthorized(_ENDED)
        if isinstance(outcome, Session):
            verdict = self._judged(outcome)
            cookies = self._party.cookies(exchange, outcome)
            if isinstance(verdict, Identity) and cookies is not None:
                return Telling(verdict, cookies)
            return verdict
        if clock.wall() < session.until:
            return self._judged(session)
        if isinstance(outcome, CannotTell):
            return outcome
        if is_navigation(exchange):
            return self._party.begin(exchange)
        return Unauthorized("the provider has not renewed the session")

    def _nobody(self, exchange: Exchange, why: str) -> Verdict | Later:
        if not is_navigation(exchange):
            return Unauthorized(why)
        party = self._party
        if party.discovery.metadata is None:
            later = Later()
            if party.discovery.when_known(lambda: later.tell(party.begin(exchange))):
                return later
        return party.begin(exchange)


def is_navigation(exchange: Exchange) -> bool:
    """Whether it is for a person who looks at the answer, and may be led elsewhere. Browsers say so
    (Fetch Metadata); of others it is known by what they accept."""
    request = exchange.request
    is_asking = request.method in (b"GET", b"HEAD") and request.upgrade is None
    if not is_asking or not request.authority:  # of HTTP/1.0, which cannot come back
        return False
    mode = request.get(b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate" and request.get(b"sec-fetch-dest") in (None, b"document")
    accept = request.get(b"accept") or b""
    return b"text/html" in accept and request.get(b"x-requested-with") is None


class WithoutLogins(Filter):
    """Keeps the cookies of logins from origins, on each route of a door that has such: what an
    origin has it could show to the door."""

    __slots__ = ()

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        request = exchange.request
        request.fields = without(request.fields)


WITHOUT_LOGINS = WithoutLogins()
"""It keeps nothing of its route."""
