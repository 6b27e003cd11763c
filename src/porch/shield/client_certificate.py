"""Client certificates on a route: whether one must have been shown, and what the origin is told.

That it is verified is the handshake's part (tls/profile.py), and that it was shown to the host of
the request the connection's (listen/secured.py). So no request comes by another way: not by the
connection of another host, by none that names no host, nor by plain HTTP.
"""

from collections.abc import Mapping
from typing import Literal

from porch.errors import CertificateRequired
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import RequestHead
from porch.route.host import normal_host
from porch.tls.client_certificate import ClientCertificate

__all__ = [
    "NEED_CERTIFICATE",
    "TELL_CERTIFICATE",
    "Demand",
    "Demands",
    "NeedCertificate",
    "NeedCertificateByHost",
    "TellCertificate",
]

Demand = Literal["required", "optional"]


class Demands:
    """What hosts ask of their clients; None for nothing. by_host: host or "*.host", which stands
    for any labels. other: of all other hosts."""

    __slots__ = ("_by_host", "_other")

    def __init__(self, by_host: Mapping[str, Demand | None], other: Demand | None = None) -> None:
        self._by_host = by_host
        self._other = other

    def __bool__(self) -> bool:
        return any((self._other, *self._by_host.values()))

    def of(self, host: str) -> Demand | None:
        """What one asks."""
        known = self._by_host
        if host in known:
            return known[host]
        while host:
            host = host.partition(".")[2]
            if f"*.{host}" in known:
                return known[f"*.{host}"]
        return self._other


class NeedCertificate(Filter):
    """Answers 403 to who has shown none."""

    __slots__ = ()

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        if _shown(exchange) is None:
            raise CertificateRequired(_why(exchange))


class NeedCertificateByHost(Filter):
    """The same on a route for several hosts, those that want one."""

    __slots__ = ("_demands",)

    def __init__(self, demands: Demands) -> None:
        self._demands = demands

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        wants = self._demands.of(_host(exchange.request)) == "required"
        if wants and _shown(exchange) is None:
            raise CertificateRequired(_why(exchange))


class TellCertificate(Filter):
    """Client-Cert and Client-Cert-Chain to the origin (RFC 9440). It comes behind the filter that
    drops those of the client."""

    __slots__ = ()

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter."""
        shown = _shown(exchange)
        outgoing = exchange.outgoing
        if shown is None or outgoing is None:
            return
        outgoing.fields.append((b"client-cert", shown.field))
        if shown.chain:
            outgoing.fields.append((b"client-cert-chain", shown.chain_field))


NEED_CERTIFICATE = NeedCertificate()
TELL_CERTIFICATE = TellCertificate()
"""Neither keeps anything of its route."""


def _shown(exchange: Exchange) -> ClientCertificate | None:
    security = exchange.client.security
    return None if security is None else security.certificate(exchange.request)


def _host(request: RequestHead) -> str:
    return normal_host(request.authority).decode("latin-1")


def _why(exchange: Exchange) -> str:
    if exchange.client.security is None:
        return "the request came by plain HTTP, where none can be shown; use https://"
    return f"none was shown in a handshake for {_host(exchange.request)}"
