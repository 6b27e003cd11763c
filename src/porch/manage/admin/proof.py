"""Proof: what a request shows of who asks: a token, a session, a certificate.

One way a request: who shows a token that is wrong is not let in by a cookie beside it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from porch.config.administering import Administered, Key
from porch.config.schema_admin import Role
from porch.http.message import RequestHead
from porch.manage.admin.offer import Caller
from porch.manage.admin.sessions import Session, Sessions

if TYPE_CHECKING:
    from porch.exchange import Exchange
    from porch.tls.client_certificate import ClientCertificate

__all__ = ["MOST", "Proof", "Wrong", "cookie_name", "session_ids", "token_of"]

MOST = 4
"""Cookies of one name that are looked at: pages of other ports of the same host can set as many as
they like (RFC 6265 8.5), beside ours."""

_OWN_PORT = {b"http": b"80", b"https": b"443"}


class Wrong(Exception):
    """A token that is nobody's."""


class Proof:
    """settings: of now; a reload assigns others. sessions: those that are open."""

    __slots__ = ("_secret", "_warn", "sessions", "settings")

    def __init__(
        self, settings: Administered, warn: Callable[[str, str], None] = lambda text, about: None
    ) -> None:
        """warn: see Messages.warn."""
        self.settings = settings
        self._warn = warn
        self.sessions = Sessions()
        self._secret = secrets.token_bytes(32)

    def caller(self, exchange: "Exchange") -> Caller | None:
        """Who asks; None where nothing is shown. Raises Wrong."""
        request = exchange.request
        token = token_of(request)
        if token is not None:
            key = self.key(token)
            return Caller(key.name, "token", self._role(key.role))
        session = self.session(request)
        if session is not None:
            key = session.key
            return Caller(key.name, "session", self._role(key.role), session.csrf)
        return self._certified(exchange)

    def key(self, token: bytes) -> Key:
        """Whose token it is. Raises Wrong.

        All are compared, and each to its end: the time tells neither whose it is nor how much of
        it is right.
        """
        digest = hashlib.sha256(token).digest()
        found: Key | None = None
        for each in self.settings.keys:
            if hmac.compare_digest(each.digest, digest):
                found = each
        if found is None:
            raise Wrong
        return found

    def session(self, request: RequestHead) -> Session | None:
        """The session of a browser, whatever else has its cookie's name. None for none, and where
        two are of different tokens: one of them is not who sits there."""
        shown = session_ids(request)
        looked = [self.sessions.find(each) for each in shown[:MOST]]
        found = [each for each in looked if each is not None]
        if found and all(each.key == found[0].key for each in found):
            return found[0]
        if len(shown) > 1:
            self._warn(_trouble(request, shown), "cookies of one name keep a browser out")
        return None

    def trouble(self, request: RequestHead) -> str:
        """What is wrong where cookies keep out who may be logged in, and what to do; else ""."""
        shown = session_ids(request)
        return _trouble(request, shown) if len(shown) > 1 and not self.session(request) else ""

    def log_out(self, request: RequestHead) -> None:
        """End the session of a browser."""
        for each in session_ids(request)[:MOST]:
            self.sessions.end(each)

    def _certified(self, exchange: "Exchange") -> Caller | None:
        security = exchange.client.security
        if security is None or not self.settings.client_ca:
            return None
        shown = security.certificate(exchange.request)
        if shown is None:
            return None
        name, role = self._named(shown)
        if role is None:
            return None
        csrf = hmac.digest(self._secret, shown.der, "sha256").hex()
        return Caller(name, "certificate", self._role(role), csrf)

    def _named(self, shown: "ClientCertificate") -> tuple[str, Role | None]:
        """By what it is known, and what it may do; None for one that is not named."""
        names = [each for each in (*shown.names, shown.subject) if each and each.isprintable()]
        clients = self.settings.clients
        if not clients:
            return next(iter(names), "a certificate without a name"), "all"
        found = next((each for each in names if each in clients), None)
        return (found, clients[found]) if found is not None else ("", None)

    def _role(self, role: Role) -> Role:
        return "read" if self.settings.read_only else role


def token_of(request: RequestHead) -> bytes | None:
    """The token that a request shows; b"" for what is none, and None where nothing is shown."""
    shown = [value for name, value in request.fields if name == b"authorization"]
    if not shown:
        return None
    scheme, _, token = shown[0].partition(b" ")
    return token.strip() if len(shown) == 1 and scheme.lower() == b"bearer" else b""


def cookie_name(request: RequestHead) -> str:
    """Of the cookie that has a session's id.

    Browsers do not keep the ports of one host apart: with the port in its name two doors that are
    reached by two tunnels do not log each other out. `__Host-` under TLS: no other host and no
    plain HTTP can have set it (RFC 6265bis 4.1.3.2).
    """
    _, colon, port = request.authority.rpartition(b":")
    if not (colon and port.isdigit()):
        port = _OWN_PORT.get(request.scheme, b"80")
    start = "__Host-" if request.scheme == b"https" else ""
    return f"{start}porch-{port.decode()}"


def session_ids(request: RequestHead) -> list[str]:
    """What the browser sends for it, each once. Who may set a cookie for the host can have set
    others of that name: which is ours is known by what is in it."""
    name = cookie_name(request).encode()
    found = [
        value.decode("latin-1")
        for field, cookies in request.fields
        if field == b"cookie"
        for each in cookies.split(b";")
        for key, _, value in [each.strip().partition(b"=")]
        if key == name
    ]
    return list(dict.fromkeys(found))


def _trouble(request: RequestHead, shown: list[str]) -> str:
    return (
        f"the browser sends {len(shown)} cookies of the name {cookie_name(request)}, and which of "
        "them is its session cannot be told: another page of this host sets them; delete the "
        "cookies of this host, and come by a name or an address that no other page has"
    )
