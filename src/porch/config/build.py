"""From models to what runs. The one place that knows every class.

Building binds nothing and dials nothing: it can be done beside a running door and thrown away.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from porch.balance.least_requests import LeastRequests
from porch.balance.round_robin import RoundRobin
from porch.balance.upstream import Upstream
from porch.config.address import parse_listen
from porch.config.certificates import Certificates
from porch.config.load import Loaded, RouteEntry
from porch.config.logs import Logs
from porch.config.schema import PoolModel, ServerModel, TlsModel
from porch.config.settings import RouteSettings, changes, merge_limits, merge_timeouts
from porch.config.state import State
from porch.config.target import Target, parse_target
from porch.errors import NoRoute, NoSite, PorchError
from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.forward.dial import Address
from porch.forward.headers import Forwarding, ForwardingHeaders
from porch.http.h1 import HeadLimits
from porch.http.message import Field, RequestHead
from porch.listen.listener import ListenAddress
from porch.listen.trust import Network, Trust
from porch.observe.error_page import Template, error_response
from porch.route.condition import NONE
from porch.route.entry import Entry
from porch.route.pattern import Pattern, parse_key
from porch.route.rewrite import rewriter, stripped
from porch.route.route import Limits, Route, Timeouts
from porch.route.router import Router
from porch.route.ties import ties, unreachable
from porch.route.when import parse_when
from porch.serve.redirect import HttpsRedirect, Redirect
from porch.serve.respond import FailWith, Options, Respond
from porch.shield.body_limit import BodyLimit
from porch.shield.headers import RequestHeaders, ResponseHeaders
from porch.shield.prefix import PutBack

__all__ = ["Built", "DoorSettings", "build"]


@dataclass(slots=True, kw_only=True, eq=False)
class DoorSettings:
    """See listen.door.Settings."""

    router: Router
    limits: HeadLimits
    timeouts: Timeouts
    malformed: Route
    error_page: Callable[[Exchange, PorchError], Response]
    report: Callable[[Exchange, Exception], None]
    client_ip: Callable[[bytes, RequestHead], bytes] | None
    own_fields: tuple[Field, ...]


@dataclass(slots=True, kw_only=True, eq=False)
class Built:
    """All that a worker needs. entries: for explain, in the order of the file."""

    settings: DoorSettings
    listen: tuple[ListenAddress, ...]
    certificates: Certificates
    entries: list[Entry]
    logs: Logs
    grace: float
    watch: bool
    files: tuple[Path, ...]


def build(loaded: Loaded, state: State, logs: Logs | None = None) -> Built | None:
    """What `loaded` describes, or None with its problems added to `loaded`.

    logs: those of a running door, to be taken over; None writes none, as check and explain want.
    """
    if not loaded.ok:
        return None
    builder = _Builder(loaded, state, logs or Logs())
    built = builder.build()
    return built if loaded.ok else None


class _Builder:
    def __init__(self, loaded: Loaded, state: State, logs: Logs) -> None:
        self.loaded = loaded
        self.config = loaded.config
        self.state = state
        self.logs = logs
        self.trust = self._trust()
        limits = merge_limits([self.config])
        self.limits = HeadLimits(
            request_line=limits.request_line, head=limits.head, fields=limits.fields
        )
        self.interim = limits.interim
        self.listen = self._listen()
        self.certificates = Certificates.of(loaded)
        self.listen = self._without_closed_tls(self.listen)
        self.https_port = next((each.port for each in self.listen if each.tls), 0)
        self.pools = {name: self._named_pool(name, pool) for name, pool in loaded.pools.items()}
        self.settings: dict[int, RouteSettings] = {}

    def build(self) -> Built:
        config = self.config
        entries = [each for entry in self.loaded.routes if (each := self._entry(entry))]
        entries += self._www_entries()
        self._report_clashes(entries)
        if not entries and self.loaded.ok:
            self.loaded.add(
                (), 'there is no route; add [routes] with one line such as "*" = "127.0.0.1:3000"'
            )
        server = config.server
        name = "porch" if server is True else server
        own: tuple[Field, ...] = ((b"server", name.encode()),) if name else ()
        settings = DoorSettings(
            router=Router(
                entries,
                no_site=self._fallback("no-site", FailWith(NoSite)),
                no_route=self._fallback("no-route", FailWith(NoRoute)),
            ),
            limits=self.limits,
            timeouts=merge_timeouts([config]),
            malformed=Route(key="-", plan=self.logs.plan([])),
            error_page=self._error_page(),
            report=self.logs.report,
            client_ip=self.trust.client_ip if self.trust is not None else None,
            own_fields=own,
        )
        return Built(
            settings=settings,
            listen=self.listen,
            certificates=self.certificates,
            entries=entries,
            logs=self.logs,
            grace=config.grace,
            watch=config.watch,
            files=(*self.loaded.files, *self.certificates.files),
        )

    # --- routes ----------------------------------------------------------------------------------

    def _entry(self, entry: RouteEntry) -> Entry | None:
        """The entry of a route, or None with a problem noted."""
        model = entry.model
        try:
            pattern = parse_key(entry.key)
        except ValueError as error:
            self.loaded.add(entry.path, f"'{entry.key}': {error}")
            return None
        word = "when"
        try:
            conditions = NONE
            if model.when is not None:
                conditions = parse_when(model.when.model_dump(exclude_defaults=True))
            host = pattern.host.decode()
            settings = RouteSettings.of(self.loaded, entry, host)
            word = "rewrite" if model.rewrite else "strip"
            prefix = stripped(pattern) if model.strip else b""
            rewrite = rewriter(pattern, strip=bool(model.strip), template=model.rewrite)
            word = "headers"
            filters = self._filters(settings, host, prefix)
        except ValueError as error:
            self.loaded.add((*entry.path, word), str(error))
            return None
        self._check_words(entry, settings)
        targets = self._targets(entry)
        if not targets:
            return None
        route = Route(
            key=entry.key,
            target=", ".join(each.text for each in targets),
            rewrite=rewrite,
            timeouts=settings.timeouts,
            limits=settings.limits,
            retries=settings.retries,
            upgrades=settings.upgrades,
            where=entry.where,
            access=(rewrite is not None and (entry.key, model.rewrite), settings.upgrades),
        )
        answer = self._answer(targets[0], model.status, pattern)
        if answer is not None:
            filters.append(answer)
        else:
            route.destination = self._destination(entry, settings, targets)
        route.plan = self.logs.plan(filters)
        return self._make_entry(entry, pattern, route, conditions)

    def _make_entry(
        self, entry: RouteEntry, pattern: Pattern, route: Route, conditions: object
    ) -> Entry | None:
        try:
            return Entry(
                pattern=pattern,
                route=route,
                conditions=conditions,  # type: ignore[arg-type]
                priority=entry.model.priority,
            )
        except ValueError as error:
            self.loaded.add(entry.path, str(error))
            return None

    def _filters(self, settings: RouteSettings, host: str, prefix: bytes) -> list[Filter]:
        """Filters of every route, in the order of the phases."""
        filters: list[Filter] = []
        if self.https_port and self.certificates.covers(host):
            filters.append(HttpsRedirect(self.https_port))
        filters.append(Options())
        if settings.limits.body is not None:
            filters.append(BodyLimit(settings.limits.body))
        request = changes(settings.headers, "request")
        response = changes(settings.headers, "response")
        filters.append(
            ForwardingHeaders(
                Forwarding(
                    trusts=self.trust.trusts if self.trust is not None else None,
                    underscores=settings.underscores,
                    forwarded=settings.forwarded,
                    via=settings.via.encode(),
                    prefix=prefix,
                )
            )
        )
        if request is not None:
            filters.append(RequestHeaders(request))
        if prefix:
            filters.append(PutBack(prefix))
        if response is not None:
            filters.append(ResponseHeaders(response))
        return filters

    def _check_words(self, entry: RouteEntry, settings: RouteSettings) -> None:
        """Words that cannot mean anything where they stand."""
        model = entry.model
        for table, words in (
            (model.timeouts, ("head", "keep_alive")),
            (model.limits, ("request_line", "head", "fields", "interim")),
        ):
            name = "timeouts" if table is model.timeouts else "limits"
            for word in words:
                if table is not None and word in table.model_fields_set:
                    self.loaded.add(
                        (*entry.path, name, word),
                        f"'{word}' is read before a route is known; write it at the top, [{name}]",
                    )
        for protocol in settings.upgrades:
            if protocol.startswith(b"h2"):
                self.loaded.add(
                    (*entry.path, "upgrade"), "h2c is never switched to: it would hide requests"
                )

    def _targets(self, entry: RouteEntry) -> list[Target]:
        path = (*entry.path, "to")
        targets = self._parse_targets(entry.model.to, path)
        alone = [each for each in targets if each.kind in ("redirect", "respond", "pool")]
        if alone and len(targets) > 1:
            self.loaded.add(path, f"'{alone[0].text}' stands alone, not in a list")
            return []
        if not entry.model.to:
            self.loaded.add(path, "'to' is empty; name a target")
        for each in alone:
            if each.kind == "pool" and each.name not in self.pools:
                self.loaded.add(
                    path,
                    f'there is no [pool.{each.name}]; an address has a port: "{each.name}:8000"',
                )
                return []
        return targets

    def _parse_targets(
        self, to: list[str | ServerModel], path: tuple[str | int, ...]
    ) -> list[Target]:
        targets: list[Target] = []
        for number, each in enumerate(to):
            text, weight = (each, 1) if isinstance(each, str) else (each.to, each.weight)
            try:
                targets.append(parse_target(text, weight))
            except ValueError as error:
                self.loaded.add((*path, number), str(error))
        return targets

    def _answer(self, target: Target, status: int | None, pattern: Pattern) -> Filter | None:
        if target.kind == "respond":
            return Respond(target.status)
        if target.kind == "redirect":
            return Redirect(target.url, status or 308, pattern.regex)
        return None

    # --- pools -----------------------------------------------------------------------------------

    def _destination(
        self, entry: RouteEntry, settings: RouteSettings, targets: list[Target]
    ) -> Upstream:
        if targets[0].kind == "pool":
            return self.pools[targets[0].name]
        name = entry.key
        path = (*entry.path, "tls")
        idle = settings.timeouts.upstream_idle
        return self._upstream(name, targets, settings.balance, settings.tls, path, idle)

    def _named_pool(self, name: str, pool: PoolModel) -> Upstream:
        targets = self._parse_targets(pool.servers, ("pool", name, "servers"))
        settings = RouteSettings([self.config])
        tls = pool.tls or settings.tls
        idle = settings.timeouts.upstream_idle
        path = ("pool", name)
        for each in targets:
            if each.kind in ("redirect", "respond", "pool"):
                self.loaded.add(path, f"'{each.text}' cannot be an endpoint of a pool")
                targets = []
                break
        return self._upstream(name, targets, pool.balance or settings.balance, tls, path, idle)

    def _upstream(
        self,
        name: str,
        targets: list[Target],
        balance: str | None,
        tls: TlsModel,
        path: tuple[str | int, ...],
        idle: float,
    ) -> Upstream:
        if tls.verify is False:
            text = "the origin's certificate is not verified: anybody between can be the origin"
            self.loaded.add((*path, "verify") if path[-1] == "tls" else path, text, warning=True)
        endpoints = []
        for target in targets:
            address = self._address(target, tls, path)
            endpoint = self.state.endpoint(
                address, name, target.weight, self.limits, self.interim, idle
            )
            endpoints.append(endpoint)
        return Upstream(
            name, endpoints, RoundRobin() if balance == "round-robin" else LeastRequests()
        )

    def _address(self, target: Target, tls: TlsModel, path: tuple[str | int, ...]) -> Address:
        if target.kind == "unix":
            return Address(path=target.path)
        if target.kind == "http":
            return Address(host=target.host, port=target.port)
        ca = self.loaded.base / tls.ca if tls.ca else None
        try:
            context = self.state.context(tls.verify is not False, ca)
        except OSError as error:
            self.loaded.add((*path, "ca"), f"{ca} cannot be used: {error.strerror or error}")
            return Address(host=target.host, port=target.port)
        return Address(
            host=target.host, port=target.port, tls=context, server_name=tls.server_name or ""
        )

    # --- the whole -------------------------------------------------------------------------------

    def _listen(self) -> tuple[ListenAddress, ...]:
        found: list[ListenAddress] = []
        for number, text in enumerate(self.config.listen):
            try:
                address = parse_listen(text)
            except ValueError as error:
                self.loaded.add(("listen", number), str(error))
                continue
            if address in found and address.port:
                self.loaded.add(("listen", number), f"{address} stands there twice")
            found.append(address)
        if not self.config.listen:
            self.loaded.add(("listen",), "'listen' is empty; a door needs an address")
        return tuple(found)

    def _without_closed_tls(self, found: tuple[ListenAddress, ...]) -> tuple[ListenAddress, ...]:
        """HTTPS needs a certificate: an address of the default that has none stays closed."""
        if self.certificates.by_host or not any(each.tls for each in found):
            return found
        if "listen" in self.config.model_fields_set:
            text = 'HTTPS needs a certificate: [site."example.com"] cert = "…", key = "…"'
            self.loaded.add(("listen",), text)
        return tuple(each for each in found if not each.tls)

    def _trust(self) -> Trust | None:
        networks: list[Network] = []
        unix = False
        for number, text in enumerate(self.config.trust):
            if text == "unix":
                unix = True
                continue
            try:
                networks.append(ipaddress.ip_network(text))
            except ValueError as error:
                why = "has host bits set" if "host bits" in str(error) else "is not a network"
                self.loaded.add(("trust", number), f"'{text}' {why}; write 10.0.0.0/8 or 10.0.0.1")
        return Trust(networks, unix) if networks or unix else None

    def _fallback(self, key: str, filter_: Filter) -> Route:
        return Route(key=key, plan=self.logs.plan([Options(), filter_]), limits=Limits())

    def _www_entries(self) -> list[Entry]:
        entries = []
        for host, site in self.loaded.sites.items():
            if site.www == "redirect":
                key = f"www.{host}"
                route = Route(key=key, target=f"redirect to {host}")
                route.plan = self.logs.plan([Redirect(f"//{host}{{path}}")])
                entries.append(Entry(pattern=parse_key(key), route=route))
        return entries

    def _report_clashes(self, entries: list[Entry]) -> None:
        paths = {entry.where: entry.path for entry in self.loaded.routes}
        for clash in ties(entries):
            self.loaded.add(paths.get(clash.second.route.where, ()), clash.sentence)
        for clash in unreachable(entries):
            self.loaded.add(paths.get(clash.second.route.where, ()), clash.sentence)

    def _error_page(self) -> Callable[[Exchange, PorchError], Response]:
        template: Template | None = None
        if self.config.error_page:
            file = self.loaded.base / self.config.error_page
            try:
                template = Template(file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or str(error)
                self.loaded.add(("error_page",), f"{file} cannot be used: {why}")
        debug = self.config.debug

        def page(exchange: Exchange, error: PorchError) -> Response:
            return error_response(exchange, error, debug=debug, template=template)

        return page
