"""Hide: what answers tell of the origins behind the door, taken off or put in the door's own words.

Fields that name software, versions and machines go. URLs that lead to the origin's own address lead
to the host that was asked for. It stands before a cache, so that nothing of it is stored either.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Field
from porch.route.scheme import Trusts, client_scheme
from porch.shield.hide_address import AddressIn, Own, authorities, own_of

__all__ = ["TELLING", "Hide", "HideRules"]

TELLING = (
    *("server", "via", "alt-svc", "x-powered-by", "x-powered-by-plesk", "x-aspnet-version"),
    *("x-aspnetmvc-version", "x-sourcefiles", "x-owa-version", "x-feserver", "x-beserver"),
    *("x-diaginfo", "x-calculatedbetarget", "x-backendhttpstatus", "x-server", "x-server-name"),
    *("x-server-ip", "x-host", "x-hostname", "x-node", "x-pod", "x-backend", "x-backend-server"),
    *("x-upstream", "x-upstream-addr", "x-served-by", "x-handled-by", "x-instance-id"),
    *("x-generator", "x-runtime", "x-version", "x-app-version", "x-application-context"),
    *("x-php-version", "x-django-version", "x-rails-version", "x-framework", "x-cms"),
    *("x-drupal-cache", "x-drupal-dynamic-cache", "x-mod-pagespeed", "x-page-speed"),
    *("x-varnish", "x-varnish-backend", "x-varnish-server", "x-cache-server", "x-proxy-cache"),
    *("x-envoy-upstream-service-time", "x-envoy-decorator-operation", "x-envoy-attempt-count"),
    *("x-kong-upstream-latency", "x-kong-proxy-latency", "x-kong-upstream-status"),
    *("x-turbo-charged-by", "x-litespeed-cache", "x-cf-powered-by", "x-redirect-by"),
    *("x-jenkins", "x-jenkins-session", "x-hudson", "x-b3-*", "x-debug-*", "x-debug-token"),
    *("x-accel-*", "x-sendfile", "liferay-portal", "microsoftsharepointteamservices"),
    *("proxy-status", "x-cache", "x-cache-lookup", "x-backend-host", "x-real-server"),
    *("x-forwarded-server", "x-powered-cms", "x-rack-cache", "server-timing"),
    *("sprequestguid", "product", "powered-by", "servlet-engine", "x-nextjs-*", "x-django-*"),
)
"""Names that tell what runs behind the door; one that ends with * stands for all that begin so."""

_READ: Mapping[bytes, Callable[[AddressIn, bytes], bytes]] = {
    b"location": AddressIn.in_url,
    b"content-location": AddressIn.in_url,
    b"sourcemap": AddressIn.in_url,
    b"x-sourcemap": AddressIn.in_url,
    b"set-cookie": AddressIn.in_cookie,
    b"link": AddressIn.in_link,
    b"refresh": AddressIn.in_refresh,
    b"report-to": AddressIn.in_strings,
    b"nel": AddressIn.in_strings,
    b"reporting-endpoints": AddressIn.in_strings,
}
"""Fields that stay, but for the addresses in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HideRules:
    """names: lower-case, and prefixes with * behind. addresses: authorities of origins, lower-case,
    beside those of the endpoints of a route."""

    names: frozenset[str] = field(default_factory=lambda: frozenset(TELLING))
    addresses: frozenset[bytes] = field(default_factory=frozenset)


class Hide(Filter):
    """Takes off what tells, and says the door's own name where there was one."""

    __slots__ = ("_known", "_names", "_own", "_pool", "_prefixes", "_trusts", "rules")

    def __init__(self, rules: HideRules, trusts: Trusts = None) -> None:
        """trusts: see client_scheme."""
        self.rules = rules
        self._trusts = trusts
        self._names = frozenset(each.encode() for each in rules.names if "*" not in each)
        prefixes = (each.rstrip("*").encode() for each in rules.names if "*" in each)
        self._prefixes = tuple(sorted(prefixes))
        self._known: dict[str, frozenset[bytes]] = {}
        self._pool: Sequence[object] = ()
        self._own = own_of(rules.addresses)

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response = exchange.response
        assert response is not None
        outgoing, request, sent = exchange.outgoing, exchange.request, b""
        if outgoing is not None and outgoing.authority != request.authority:
            sent = outgoing.authority.lower()  # headers.request.host
        scheme = client_scheme(request, exchange.client.peer, self._trusts)
        fields: list[Field] = []
        address = AddressIn(self._own_of(exchange), (scheme, request.authority), sent)
        names, prefixes, said_server = self._names, self._prefixes, False
        for each in response.fields:
            name = each[0]
            if name in names or name.startswith(prefixes):
                said_server = said_server or name == b"server"
            elif name in _READ:
                fields.append((name, _READ[name](address, each[1])))
            else:
                fields.append(each)
        if said_server:
            fields += (each for each in exchange.keeper.own_fields if each[0] == b"server")
        response.fields = fields

    def described(self) -> list[str]:
        """What it does, in words."""
        more = sorted(self.rules.names - set(TELLING))
        also = f", and {', '.join(more)}" if more else ""
        return [
            f"removes what names software and machines (server, via, x-powered-by, …{also})",
            "addresses of the pool in Location, Link, Refresh, Report-To, cookies and the like",
        ]

    def _own_of(self, exchange: Exchange) -> Own:
        """Of all that the route may lead to, and of whom it has led to, which may be of the pool no
        more."""
        destination, endpoint = exchange.route.destination, exchange.endpoint
        assert endpoint is not None
        pool = destination.endpoints if destination is not None else ()
        if pool is not self._pool and pool != self._pool:
            names = (authorities(each.name) for each in pool)
            self._pool, self._own = pool, own_of(self.rules.addresses.union(*names))
        answered = self._known.get(endpoint.name)
        if answered is None:
            if len(self._known) >= 1024:  # endpoints that are found come and go
                self._known.clear()
            answered = self._known[endpoint.name] = authorities(endpoint.name)
        own = self._own
        return own if answered <= own.authorities else own_of(own.authorities | answered)
