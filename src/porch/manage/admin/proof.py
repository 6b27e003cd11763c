"""Proof: what a request shows of who asks: a token, a session, a certificate.

One way a request: who shows a token that is wrong is not let in by a cookie beside it.
"""

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from porch.config.administering import Administered, Key
from porch.config.schema_admin import Role
from porch.http.message import RequestHead
from porch.manage.admin.offer import Caller
from porch.manage.admin.sessions import Session, Sessions

if TYPE_CHECKING:
    from porch.exchange import Exchange
    from porch.tls.client_certificate import ClientCertificate

__all__ = ["Proof", "Wrong", "cookie_name"]

_OWN_PORT = {b"http": b"80", b"https": b"443"}


class Wrong(Exception):
    """A token that is nobody's."""


class Proof:
    """settings: of now; a reload assigns others. sessions: those that are open."""

    __slots__ = ("_secret", "sessions", "settings")

    def __init__(self, settings: Administered) -> None:
        self.settings = settings
        self.sessions = Sessions()
        self._secret = secrets.token_bytes(32)

    def caller(self, exchange: "Exchange") -> Caller | None:
        """Who asks; None where nothing is shown. Raises Wrong."""
        request = exchange.request
        shown = [value for name, value in request.fields if name == b"authorization"]
        if shown:
            scheme, _, token = shown[0].partition(b" ")
            if len(shown) > 1 or scheme.lower() != b"bearer":
                raise Wrong
            key = self.key(token.strip())
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
        """The session of a browser."""
        name = session_id(request)
        return self.sessions.find(name) if name else None

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


def session_id(request: RequestHead) -> str:
    """What the browser sends for it; "" for nothing, or where it sends two: one is not ours."""
    name = cookie_name(request).encode()
    found = [
        value
        for field, cookies in request.fields
        if field == b"cookie"
        for each in cookies.split(b";")
        for key, _, value in [each.strip().partition(b"=")]
        if key == name
    ]
    return found[0].decode("latin-1") if len(found) == 1 else ""
