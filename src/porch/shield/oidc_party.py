"""Party: one OpenID client of this door, shared by all routes that name it, and its sessions.

Nothing of a login or a session is kept here: both stand sealed in the browser's cookies, so that
any worker goes on with them, after a reload or a restart too. Only renewals are known for a while,
so that requests that come at once have one, and which sessions were ended.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from porch import clock
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.http.message import Field
from porch.route.host import normal_host
from porch.route.scheme import Trusts, client_scheme
from porch.shield.auth_ended import Ended
from porch.shield.auth_errors import CannotTell
from porch.shield.auth_memory import Remembered
from porch.shield.fetched import Spawn
from porch.shield.oidc_cookies import (
    cookies_of,
    ended,
    joined,
    prefix,
    set_cookie,
    set_pieces,
)
from porch.shield.oidc_discovery import Discovery
from porch.shield.oidc_errors import LoginFailed, LoginRefused
from porch.shield.oidc_grants import Granted, Grants
from porch.shield.oidc_seal import Sealer, b64
from porch.shield.oidc_session import Session, begun, claims_kept, renewed

__all__ = ["NO_STORE", "Outcome", "Party", "PartyRules", "Sealers"]

LOGIN = 600
"""Seconds that somebody may take to log in."""
MOST_LOGINS = 6
"""Logins that a browser may have begun at a time, a tab each; those begun first end."""
LONGEST_TARGET = 2048
"""Bytes of a path that is come back to; for a longer one it is `/`."""
_AGAIN = 5.0
"""Seconds until a provider that gave no answer is asked again for the same session."""
_REMEMBERED = 60.0
"""Seconds for which a renewal answers whoever still comes with what was before it."""
NO_STORE = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)

Outcome = Session | PorchError
"""Of a renewal. CannotTell: the provider gave no answer. Another error: it has refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRules:
    """name: by which its cookies are told from others', of letters and digits. kept: names of
    claims that a session has; groups: the claim that it has as `groups`. holds, lifetime: see
    oidc_session.py. https: whether clients come by HTTPS, whatever anybody says. trusts: see
    client_scheme. more: parameters for the authorization endpoint. paths are the host's own."""

    name: str
    issuer: str
    client_id: str
    scopes: Sequence[str] = ("openid",)
    kept: frozenset[str] = frozenset(("sub",))
    groups: str = "groups"
    holds: float = 300.0
    lifetime: float = 43200.0
    https: bool = False
    trusts: Trusts = None
    callback: str = "/.porch/oidc/callback"
    logout: str = "/.porch/logout"
    after_logout: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


class Sealers:
    """What a party seals with: logins and sessions, so that neither passes for the other."""

    __slots__ = ("login", "session")

    def __init__(self, key: bytes, name: str) -> None:
        self.login = Sealer(key, f"oidc login {name}")
        self.session = Sealer(key, f"oidc session {name}")


class Party:
    """See the module."""

    __slots__ = (
        *("_done", "_ended", "_grants", "_sealers", "_spawn", "_waiting"),
        *("discovery", "rules"),
    )

    def __init__(
        self,
        rules: PartyRules,
        discovery: Discovery,
        grants: Grants,
        sealers: Sealers,
        spawn: Spawn,
        ended: Ended,
    ) -> None:
        self.rules = rules
        self._ended = ended
        self.discovery = discovery
        self._grants = grants
        self._sealers = sealers
        self._spawn = spawn
        self._done: Remembered[Outcome] = Remembered()
        self._waiting: dict[bytes, list[Callable[[Outcome], None]]] = {}

    def __repr__(self) -> str:
        return f"<Party {self.rules.client_id} at {self.rules.issuer}>"

    # --- where and how a client came -------------------------------------------------------------

    def is_secure(self, exchange: Exchange) -> bool:
        """Whether its cookies go over HTTPS alone."""
        rules, peer = self.rules, exchange.client.peer
        return rules.https or client_scheme(exchange.request, peer, rules.trusts) == b"https"

    def base(self, exchange: Exchange) -> str:
        """The origin that a client sees: scheme, host and port."""
        scheme = "https" if self.is_secure(exchange) else "http"
        return f"{scheme}://{exchange.request.authority.decode('latin-1').lower()}"

    def cookie(self, exchange: Exchange) -> bytes:
        """The name of the session's."""
        return prefix(is_secure=self.is_secure(exchange)) + self.rules.name.encode()

    # --- a login begins --------------------------------------------------------------------------

    def begin(self, exchange: Exchange) -> Response | CannotTell:
        """To the provider, with the means to know that who comes back is the one who left: state
        (RFC 6749 10.12), nonce and PKCE (RFC 7636), sealed in a cookie."""
        rules, metadata = self.rules, self.discovery.metadata
        if metadata is None:
            return CannotTell(f"{rules.issuer} cannot be had: {self.discovery.why or 'not yet'}")
        state = f"{rules.name}.{_drawn()}"
        nonce, verifier = _drawn(), _drawn() + _drawn()
        target = exchange.request.target.decode("latin-1")
        is_kept = len(target) <= LONGEST_TARGET and target.startswith("/")
        login = {
            "s": state,
            "n": nonce,
            "v": verifier,
            "t": target if is_kept else "/",
            "b": clock.wall(),
        }
        asked = dict(rules.more) | {
            "response_type": "code",
            "client_id": rules.client_id,
            "redirect_uri": self.base(exchange) + rules.callback,
            "scope": " ".join(rules.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": b64(sha256(verifier.encode()).digest()).decode(),
            "code_challenge_method": "S256",
        }
        mark = "&" if "?" in metadata.authorization else "?"
        location = f"{metadata.authorization}{mark}{urlencode(asked)}"
        is_secure = self.is_secure(exchange)
        sealed = self._sealers.login.seal(login, normal_host(exchange.request.authority))
        own = set_cookie(self._login_cookie(exchange, state), sealed, LOGIN, is_secure=is_secure)
        fields = [(b"location", location.encode()), own, *self._too_many(exchange), *NO_STORE]
        return Response(303, fields)

    def _login_cookie(self, exchange: Exchange, state: str) -> bytes:
        return self.cookie(exchange) + b"-" + state.rpartition(".")[2][:8].encode("ascii")

    def _too_many(self, exchange: Exchange) -> list[Field]:
        """Those that were begun first and never ended; browsers send the oldest first."""
        start = self.cookie(exchange) + b"-"
        shown = [key for key, _ in cookies_of(exchange.request.fields) if key.startswith(start)]
        over = shown[: max(0, len(shown) - MOST_LOGINS + 1)]
        return ended(over, is_secure=self.is_secure(exchange))

    # --- and comes back --------------------------------------------------------------------------

    async def finish(self, exchange: Exchange, told: Mapping[str, str]) -> Response:
        """told: the parameters of the callback. Raises LoginFailed or CannotTell."""
        login = self._login(exchange, told)
        await self._grants.ready()
        name = self._login_cookie(exchange, login["s"])
        is_secure = self.is_secure(exchange)
        over = ended([name], is_secure=is_secure)
        try:
            code = self._code(told)
            redirect = self.base(exchange) + self.rules.callback
            granted = await self._grants.redeem(code, login["v"], redirect, login["n"])
        except LoginFailed as error:
            raise type(error)(error.detail, over) from None
        rules, now = self.rules, clock.wall()
        assert granted.claims is not None
        claims = claims_kept(granted.claims, rules.kept, rules.groups)
        holds = self._holds(granted)
        session = begun(claims, granted.refresh, now, holds, rules.lifetime)
        cookies = self.cookies(exchange, session)
        if cookies is None:
            raise LoginFailed(
                "what is known of this one does not fit into cookies; have the provider send fewer"
                " groups",
                over,
            )
        location = (self.base(exchange) + login["t"]).encode("latin-1")
        return Response(303, [(b"location", location), *cookies, *over, *NO_STORE])

    def _login(self, exchange: Exchange, told: Mapping[str, str]) -> dict[str, Any]:
        """The login that this browser has begun with this state."""
        state = told.get("state", "")
        if not (state.isascii() and state.isprintable()):
            raise LoginFailed("its state was not made here")
        name = self._login_cookie(exchange, state)
        sealed = joined(cookies_of(exchange.request.fields), name)
        host = normal_host(exchange.request.authority)
        login = self._sealers.login.open(sealed, host) if sealed else None
        if login is None:
            raise LoginFailed("this browser has begun no such login")
        if not hmac.compare_digest(login["s"].encode(), state.encode()):
            raise LoginFailed("its state is not that of the login that was begun")
        if not 0 <= clock.wall() - login["b"] + 1 <= LOGIN + 1:
            raise LoginFailed(f"the login took more than {LOGIN} s")
        return login

    def _code(self, told: Mapping[str, str]) -> str:
        metadata = self.discovery.metadata
        issuer = told.get("iss")
        is_told = metadata is not None and metadata.tells_issuer
        if issuer != self.rules.issuer and (issuer is not None or is_told):
            raise LoginFailed("another provider has answered (iss, RFC 9207)")
        if "error" in told:
            word = told["error"]
            is_word = word.replace("_", "").isalpha() and word.isascii() and len(word) <= 40
            raise LoginRefused(f"the provider says {word if is_word else 'no'}")
        code = told.get("code", "")
        if not code:
            raise LoginFailed("there is no code in it")
        return code

    def _holds(self, granted: Granted) -> float:
        holds = self.rules.holds
        return holds if granted.seconds is None else min(holds, granted.seconds)

    # --- a session -------------------------------------------------------------------------------

    def opened(self, sealed: bytes, host: bytes) -> Session | None:
        """What stands in a cookie; None where it is none of ours, or over."""
        found = self._sealers.session.open(sealed, host)
        if found is None:
            return None
        session = Session.unpacked(found)
        return session if clock.wall() < session.ends else None

    def cookies(self, exchange: Exchange, session: Session) -> list[Field] | None:
        """What has a browser keep it; without what renews it where only that makes it too long, and
        None where that does not help either."""
        host = normal_host(exchange.request.authority)
        shown = [key for key, _ in cookies_of(exchange.request.fields)]
        name, seconds = self.cookie(exchange), max(1, int(session.ends - clock.wall()))
        found: list[Field] | None = None
        for each in (session, session._replace(refresh="", due=session.until)):
            if found is None:
                sealed = self._sealers.session.seal(each.packed(), host)
                found = set_pieces(name, sealed, seconds, shown, is_secure=self.is_secure(exchange))
        return found

    def outcome(self, session: Session) -> Outcome | None:
        """Of a renewal that was just now; None where there was none."""
        return self._done.get(self._done.digest(session.refresh.encode()))

    def renew(self, session: Session, tell: Callable[[Outcome], None]) -> None:
        """Have `tell` called with what comes of it: one request to the provider for all that come
        meanwhile."""
        key = self._done.digest(session.refresh.encode())
        waiting = self._waiting.setdefault(key, [])
        waiting.append(tell)
        if len(waiting) == 1:
            self._spawn(self._renew(session, key))

    def has_ended(self, session: Session) -> bool:
        """Whether a logout has ended it, at any worker."""
        return self._ended.has(session.name.encode())

    def end(self, session: Session) -> None:
        """Whoever has a copy is not let in by it any more, nor does the provider renew it."""
        if session.name:
            self._ended.add(session.name.encode(), session.ends - clock.wall())
        if session.refresh:
            self._spawn(self._revoke(session.refresh))

    async def _revoke(self, refresh: str) -> None:
        with suppress(PorchError):  # it ends by itself, if later
            await self._grants.revoke(refresh)

    async def _renew(self, session: Session, key: bytes) -> None:
        outcome: Outcome = CannotTell("the provider was not asked to the end")
        try:
            await self._grants.ready()
            granted = await self._grants.renew(session.refresh, session.claims["sub"])
            claims = granted.claims
            if claims is not None:
                claims = claims_kept(claims, self.rules.kept, self.rules.groups)
            holds = self._holds(granted)
            outcome = renewed(session, claims, granted.refresh, clock.wall(), holds)
        except PorchError as error:
            outcome = error
        finally:
            seconds = _AGAIN if isinstance(outcome, CannotTell) else _REMEMBERED
            self._done.put(key, outcome, seconds)
            for tell in self._waiting.pop(key):
                tell(outcome)


def _drawn() -> str:
    """256 bits that nobody can guess, as text."""
    return secrets.token_urlsafe(32)
