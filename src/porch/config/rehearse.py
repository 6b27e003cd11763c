"""A request walked through a built configuration without a network: for check and explain.

The same router and the same hooks as in service are asked, so what is said is what happens.
"""

import ipaddress
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from porch.cache.key import port
from porch.clock import Deadlines
from porch.config.build import Built
from porch.config.finding import SOURCES
from porch.errors import InternalError, PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.http.h1 import HeadLimits
from porch.http.h1_request import RequestDecoder
from porch.http.message import Field, RequestHead
from porch.http.stream import Head
from porch.keeper import Security, Timer
from porch.nobody import Nobody
from porch.route.host import normal_host
from porch.route.route import Route
from porch.tls.client_certificate import ClientCertificate
from porch.tls.pem import CERTIFICATE

__all__ = [
    "Rehearsal",
    "client_ip_of",
    "client_of",
    "exchange_of",
    "rehearse",
    "request_of",
    "security_of",
    "shown_in",
]

_URL = re.compile(r"https?://[^/?#]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What would happen.

    route: None if the request is refused before it has one. status: answered at the door, else 0.
    sent: the head that would go out, else None. error: why the door answers, if it fails.
    location: of a redirect.
    """

    request: RequestHead
    route: Route | None
    status: int = 0
    sent: RequestHead | None = None
    error: PorchError | None = None
    location: str = ""

    @property
    def sends(self) -> list[str]:
        """The URL that goes out, one for each endpoint of the pool. That of a Unix socket is
        "unix:/run/x.sock:/path"."""
        if self.sent is None or self.route is None:
            return []
        target = self.sent.target.decode("latin-1")
        return [_start(each) + target for each in self.route.target.split(", ")]


class _Rehearsed(Nobody):
    """A client of whom only notes are taken."""

    def __init__(self, peer: bytes, port: bytes) -> None:
        self.peer = peer
        self.port = port
        self.interim = self.trailers = True
        self.security: Security | None = None


class _Recording(_Rehearsed):
    """An upstream's stream that keeps the head. See keeper.UpstreamStream."""

    def __init__(self) -> None:
        super().__init__(b"", b"")
        self.reused = False
        self.head: RequestHead | None = None

    def sip(self, little: bool) -> None:
        """Nothing is read."""

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """Kept, not sent."""
        assert isinstance(head, RequestHead)
        self.head = head


class _Shown:
    """The security of a client that has shown a certificate, which is taken to verify. See
    keeper.Security."""

    def __init__(self, built: Built, shown: ClientCertificate | None) -> None:
        self._presented = built.certificates.presented
        self._shown = shown

    passed = None

    def check(self, request: RequestHead) -> None:
        """The handshake was for this very host."""

    def certificate(self, request: RequestHead) -> ClientCertificate | None:
        """None where the host asks for none."""
        host = normal_host(request.authority).decode("latin-1")
        return self._shown if self._presented.kind_of(host).client_ca else None


class _Never:
    """See keeper.Timer."""

    def cancel(self) -> None:
        """It would not be called anyway."""


_NEVER = _Never()


class _Keeper:
    """See keeper.Keeper. closing: nothing is to end before its time."""

    closing = False

    def __init__(self, built: Built) -> None:
        self.deadlines = Deadlines()
        self.running = 0
        self.own_fields: tuple[Field, ...] = ()
        self._built = built

    def error_page(self, exchange: Exchange, error: PorchError) -> Response:
        """The running one's."""
        return self._built.settings.error_page(exchange, error)

    def report(self, exchange: Exchange, error: Exception) -> None:
        """A defect ends the rehearsal."""
        raise error

    def later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Nothing comes later."""
        return _NEVER


def request_of(method: str, url: str, headers: list[tuple[str, str]]) -> RequestHead:
    """The head that a client sends for a URL, decoded by the codec itself.

    Raises ValueError for what is no URL, and PorchError for what the door refuses.
    """
    if _URL.match(url) is None:
        raise ValueError(f"'{url}' is not a URL; write http://example.com/path")
    scheme, _, start = url.partition("://")
    authority = re.split(r"[/?#]", start, maxsplit=1)[0]
    target = start[len(authority) :].partition("#")[0] or "/"
    if target.startswith("?"):
        target = "/" + target
    lines = [f"{method} {target} HTTP/1.1"]
    if not any(name.lower() == "host" for name, _ in headers):
        lines.append(f"Host: {authority}")
    lines += [f"{name}: {value}" for name, value in headers]
    decoder = RequestDecoder(HeadLimits(), scheme.lower().encode())
    piece = decoder.decode("\r\n".join(lines).encode("utf-8") + b"\r\n\r\n")
    assert piece is not None
    assert isinstance(piece[0], RequestHead)
    return piece[0]


def client_of(text: str) -> bytes:
    """The address of a client, "192.0.2.1" or "unix". Raises ValueError with a sentence."""
    if text == "unix":
        return b"unix"
    try:
        return str(ipaddress.ip_address(text)).encode()
    except ValueError:
        raise ValueError(f"'{text}' is not the address of a client; write 192.0.2.1") from None


def shown_in(content: bytes) -> ClientCertificate:
    """The first certificate of a PEM file. Raises ValueError with a sentence if there is none."""
    found = CERTIFICATE.search(content)
    if found is None:
        raise ValueError("there is no certificate in it, in PEM")
    return ClientCertificate(ssl.PEM_cert_to_DER_cert(found[0].decode("ascii")))


def client_ip_of(built: Built, request: RequestHead, client: bytes) -> bytes:
    """The client's address after `trust`, as the door sees it for a connection from `client`."""
    trusted = built.settings.client_ip
    return trusted(client, request) if trusted is not None else client


def security_of(
    built: Built, request: RequestHead, shown: ClientCertificate | None
) -> Security | None:
    """Of the connection that a request comes by; None for plain HTTP. shown: by the client."""
    return _Shown(built, shown) if request.scheme == b"https" else None


def exchange_of(
    built: Built, request: RequestHead, client: bytes, shown: ClientCertificate | None = None
) -> Exchange:
    """What `request` would be on its route, of which nothing has been asked yet: to look at it
    changes nothing, in a door that runs either. Raises PorchError for one that has no route."""
    security = security_of(built, request, shown)
    client_ip = client_ip_of(built, request, client)
    route = built.router.find(request, client_ip, security)
    stream = _Rehearsed(client, b"%d" % _port(built, request.scheme == b"https"))
    stream.security = security
    return Exchange(_Keeper(built), stream, request, route, client_ip)


def rehearse(
    built: Built,
    request: RequestHead,
    client: bytes,
    shown: ClientCertificate | None = None,
    asked: RequestHead | None = None,
) -> Rehearsal:
    """Walk `request` of a client at address `client` through what was built.

    shown: its certificate. That it verifies is not looked into. asked: what a cache asks the
    origin in place of the request, by no port that is not in its key (fill.py).
    """
    try:
        exchange = exchange_of(built, request, client, shown)
    except PorchError as error:
        return Rehearsal(request=request, route=None, status=error.status, error=error)
    route = exchange.route
    try:
        for hook in route.plan.on_request:
            result = hook(exchange)
            if isinstance(result, Response):
                location = next((v.decode() for n, v in result.fields if n == b"location"), "")
                return Rehearsal(
                    request=request, route=route, status=result.status, location=location
                )
        if route.destination is None:  # the listing of a large folder takes a while
            return Rehearsal(request=request, route=route, status=200)
        if asked is not None:
            security = security_of(built, request, shown)
            stream = _Rehearsed(client, port(request))
            stream.security = security
            exchange = Exchange(exchange.keeper, stream, asked, route, exchange.client_ip)
        return Rehearsal(request=request, route=route, sent=_outgoing(exchange))
    except PorchError as error:
        return Rehearsal(request=request, route=route, status=error.status, error=error)


def _port(built: Built, tls: bool) -> int:
    """Where the request would have come in."""
    ports = (each.port for each in built.listen if each.port and each.tls == tls)
    return next(ports, 443 if tls else 80)


def _start(address: str) -> str:
    """What stands before the path in the URL of an endpoint (see build)."""
    if address.startswith(("unix:", *SOURCES)):
        return f"{address}:"
    return address if "://" in address else f"http://{address}"


def _outgoing(exchange: Exchange) -> RequestHead:
    upstream = _Recording()
    exchange.on_connected(upstream)
    if upstream.head is None:
        raise exchange.error or InternalError("the request never left")
    return upstream.head
