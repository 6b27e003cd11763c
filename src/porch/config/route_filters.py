"""The filters that any route may have, in the order of the phases."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from porch.compress.filter import Compress
from porch.compress.requests import DecodeRequests
from porch.config.certificates import Certificates
from porch.config.changing import Changing
from porch.config.compressing import compressing
from porch.config.hiding import Hiding
from porch.config.loaded import Loaded
from porch.config.schema_compress import CompressModel
from porch.config.settings import RouteSettings, changes, host_word
from porch.config.shielding import Shielding
from porch.config.state import State
from porch.filter import Filter
from porch.forward.headers import Forwarding, ForwardingHeaders
from porch.observe.tracing import NAMES, TELL_TRACE
from porch.route.scheme import Trusts
from porch.serve.redirect import HttpsRedirect
from porch.serve.respond import Options
from porch.shield.body_limit import BodyLimit
from porch.shield.client_certificate import (
    NEED_CERTIFICATE,
    TELL_CERTIFICATE,
    Demand,
    Demands,
    NeedCertificateByHost,
)
from porch.shield.headers import RequestHeaders, ResponseHeaders
from porch.shield.hsts import StrictTransport
from porch.shield.prefix import PutBack

if TYPE_CHECKING:
    from porch.config.logins import Logins

__all__ = ["RouteFilters"]


class RouteFilters:
    """Of one configuration. hiding: what keeps its internal routes. accessing: what decides by
    addresses, to be prepared before. contents: what looks at bodies that were gathered."""

    def __init__(
        self,
        loaded: Loaded,
        state: State,
        changing: Changing,
        certificates: Certificates,
        https_port: int,
        trusts: Trusts,
    ) -> None:
        """https_port: 0 where none is listened at. trusts: see client_scheme."""
        self._loaded = loaded
        self._state = state
        self._changing = changing
        self._certificates = certificates
        self._https_port = https_port
        self._trusts = trusts
        self._options = Options()
        self.hiding = Hiding(loaded, trusts)
        self._shielding = Shielding(loaded, state, trusts)
        self.accessing = self._shielding.accessing
        self.contents = self._shielding.contents
        self._forwarding_of: dict[object, ForwardingHeaders] = {}

    @property
    def files(self) -> Iterable[Path]:
        """Those that filters are made of, to be watched."""
        return (*self._shielding.authing.files, *self.contents.files)

    @property
    def logins(self) -> "Logins | None":
        """Those at OpenID providers, which have paths of their own on hosts."""
        return self._shielding.authing.logins

    @property
    def people(self) -> Iterable[Path]:
        """Those of them that say who may come in."""
        return self._shielding.authing.people

    @property
    def needs_key(self) -> bool:
        """Whether any of them signs with the door's own key."""
        logins = self.logins
        return self._shielding.botting.needs_key or (logins is not None and logins.needs_key)

    def demand(self, host: str, said: Demand | None) -> Demand | Demands | None:
        """What a route asks of its clients. On one for any host of a kind each host has its say:
        a request comes here too where a narrower route has not its path."""
        demands = self._certificates.demands
        if said == "required" or not demands:
            return said
        return said or (demands if host.startswith("*") else demands.of(host))

    def of(
        self,
        settings: RouteSettings,
        name: str,
        host: str,
        demand: Demand | Demands | None,
        prefix: bytes,
        *,
        is_internal: bool = False,
    ) -> list[Filter]:
        """Filters of every route, in the order of the phases.

        One that keeps nothing of its route is shared; one that counts for a route is made here.
        """
        filters = self._shielding.network(settings)
        if settings.maintenance is not None:
            filters.append(self._changing.maintenance(settings.maintenance))
        filters += self._https(host)
        filters += self._shielding.of(settings, name, host, _shown(demand))
        filters.append(self._options)
        if settings.limits.body is not None:
            filters.append(BodyLimit(settings.limits.body))
        filters.append(self._forwarding(settings, prefix, is_internal=is_internal))
        if self._loaded.config.traces:
            filters.append(TELL_TRACE)
        filters += self._shielding.authing.telling(settings)
        if demand is not None:
            filters.append(TELL_CERTIFICATE)
        if settings.headers:
            request = changes(settings.headers, "request")
            if request is not None:
                filters.append(RequestHeaders(request))
        filters += self.hiding.of(settings, host)
        if prefix:
            filters.append(PutBack(prefix))
        if settings.headers:
            response = changes(settings.headers, "response")
            if response is not None:
                filters.append(ResponseHeaders(response))
        if settings.compress is not None:
            filters += self._compress(settings.compress)
        return filters

    def _https(self, host: str) -> Iterable[Filter]:
        """What has browsers come by HTTPS: to this door, or to a trusted proxy before it."""
        port, trusts, state = self._https_port, self._trusts, self._state
        if port and self._certificates.is_given(host):
            yield HttpsRedirect(port, None, trusts, state.warn)
        elif port and host in self._certificates.managed:
            is_there = partial(state.has_certificate, host)
            yield HttpsRedirect(port, is_there, trusts, state.warn)
        hsts = host_word(self._loaded, host, "hsts")
        if hsts is not None and (port or trusts is not None):
            yield StrictTransport(hsts.max_age, hsts.subdomains, hsts.preload, trusts)

    def _compress(self, words: CompressModel) -> list[Filter]:
        """Behind whatever changes answers, and before a cache."""
        found: list[Filter] = []
        if words.decode_request is not None:
            found.append(DecodeRequests(words.decode_request))
        rules = compressing(words)
        if rules is not None:
            found.append(Compress(rules, self._state.workshop))
        return found

    def _forwarding(
        self, settings: RouteSettings, prefix: bytes, *, is_internal: bool
    ) -> ForwardingHeaders:
        withheld = self._shielding.authing.withheld(settings, is_internal=is_internal)
        if self._loaded.config.traces:
            withheld |= NAMES
        said = changes(settings.headers, "request")
        if said is not None:
            withheld |= said.decided
        key = (settings.underscores, settings.forwarded, settings.via, prefix, withheld)
        found = self._forwarding_of.get(key)
        if found is None:
            forwarding = Forwarding(
                trusts=self._trusts,
                underscores=settings.underscores,
                forwarded=settings.forwarded,
                via=settings.via.encode(),
                prefix=prefix,
                identifies=self._shielding.authing.identifies,
                withheld=withheld,
                tells_id=self._loaded.config.request_id,
            )
            found = self._forwarding_of[key] = ForwardingHeaders(forwarding)
        return found


def _shown(demand: Demand | Demands | None) -> list[Filter]:
    """What lets in only whose certificate was verified."""
    if isinstance(demand, Demands):
        return [NeedCertificateByHost(demand)]
    return [NEED_CERTIFICATE] if demand == "required" else []
