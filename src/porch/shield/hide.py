"""Hide: what answers tell of the origins behind the door, taken off or put in the door's own words.

Fields that name software, versions and machines go. URLs that lead to the origin's own address lead
to the host that was asked for. It stands before a cache, so that nothing of it is stored either.
"""

from dataclasses import dataclass, field

from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Field
from porch.shield.hide_address import AddressIn, authorities

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

_URLS = frozenset((b"location", b"content-location"))
_READ = _URLS | {b"set-cookie", b"link", b"refresh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HideRules:
    """names: lower-case, and prefixes with * behind. addresses: authorities of origins, lower-case,
    beside those of their endpoints."""

    names: frozenset[str] = field(default_factory=lambda: frozenset(TELLING))
    addresses: frozenset[bytes] = field(default_factory=frozenset)


class Hide(Filter):
    """Takes off what tells, and says the door's own name where there was one."""

    __slots__ = ("_known", "_names", "_prefixes", "rules")

    def __init__(self, rules: HideRules) -> None:
        self.rules = rules
        self._names = frozenset(each.encode() for each in rules.names if "*" not in each)
        prefixes = (each.rstrip("*").encode() for each in rules.names if "*" in each)
        self._prefixes = tuple(sorted(prefixes))
        self._known: dict[str, frozenset[bytes]] = {}

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response, endpoint = exchange.response, exchange.endpoint
        assert response is not None
        assert endpoint is not None
        own = self._known.get(endpoint.name)
        if own is None:
            if len(self._known) >= 1024:  # endpoints that are found come and go
                self._known.clear()
            own = self._known[endpoint.name] = authorities(endpoint.name) | self.rules.addresses
        outgoing, request = exchange.outgoing, exchange.request
        if outgoing is not None and outgoing.authority != request.authority:
            own |= {outgoing.authority.lower()}  # headers.request.host
        fields: list[Field] = []
        address = AddressIn(own, request.authority)
        names, prefixes, said_server = self._names, self._prefixes, False
        for each in response.fields:
            name = each[0]
            if name in names or name.startswith(prefixes):
                said_server = said_server or name == b"server"
            elif name in _READ:
                fields.append((name, self._public(name, each[1], address)))
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
            "the origin's address in Location, Content-Location, Refresh, Link and cookies",
        ]

    def _public(self, name: bytes, value: bytes, address: AddressIn) -> bytes:
        if name in _URLS:
            return address.in_url(value)
        if name == b"set-cookie":
            return address.in_cookie(value)
        if name == b"link":
            return address.in_link(value)
        return address.in_refresh(value) if name == b"refresh" else value
