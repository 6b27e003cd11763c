"""From models to what runs. The one place that knows every class.

Building binds nothing and dials nothing: it can be done beside a running door and thrown away.
What is built was reviewed before (review.py); only what files hold is seen here first. It goes in
steps (steps.py), since a worker builds while it serves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from porch.balance.sticky import Sticky
from porch.balance.upstream import Upstream
from porch.cache.pages import telling
from porch.certs.entry import Source
from porch.config.accessing import Peers, announced, trusted
from porch.config.address import parse_listen
from porch.config.buffering import buffering, pacing
from porch.config.busying import admitting, importance_of
from porch.config.caches import Caches
from porch.config.calling import NO_CALLS, Calling
from porch.config.certificates import Certificates
from porch.config.changing import Changing
from porch.config.connecting import bounds
from porch.config.loaded import Loaded, RouteEntry
from porch.config.logs import Logs
from porch.config.members import Members, Sought
from porch.config.retries import retrying
from porch.config.review_listen import review_listen
from porch.config.route_filters import RouteFilters
from porch.config.schema import RouteWords
from porch.config.serving import Servings
from porch.config.settings import (
    RouteSettings,
    merge_limits,
    merge_timeouts,
    site_of,
)
from porch.config.state import State
from porch.config.steps import Steps, complete
from porch.config.sticky import cookie_path
from porch.config.tracing import begin_traces
from porch.config.upstreams import Upstreams
from porch.errors import NoRoute, NoSite, PorchError
from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.http.h1 import HeadLimits
from porch.http.message import Field, RequestHead
from porch.listen.address import ListenAddress
from porch.listen.crowd_gate import Bounds
from porch.listen.trust import Trust
from porch.observe.error_page import Template, error_response
from porch.observe.request_id import RequestId
from porch.route.condition import NONE
from porch.route.entry import Entry
from porch.route.pattern import Pattern, parse_key
from porch.route.plan import Plan
from porch.route.rewrite import rewriter, stripped
from porch.route.route import HIGH, LOW, Limits, Route, Timeouts
from porch.route.router import Router
from porch.route.when import parse_when
from porch.serve.acme import CHALLENGES, AcmeAnswer
from porch.serve.redirect import Redirect
from porch.serve.respond import FailWith, Options
from porch.tls.presented import Presented

if TYPE_CHECKING:
    from porch.listen.door import Router as FindsRoutes  # with its loop, which takes time

__all__ = ["Built", "DoorSettings", "build", "building", "releasing"]

_WORDS = frozenset(RouteWords.model_fields)
_NO_PLAN = Plan()


@dataclass(slots=True, kw_only=True, eq=False)
class DoorSettings:
    """See listen.door.Settings."""

    router: "FindsRoutes"
    limits: HeadLimits
    streams: int
    timeouts: Timeouts
    malformed: Route
    error_page: Callable[[Exchange, PorchError], Response]
    report: Callable[[Exchange, Exception], None]
    client_ip: Callable[[bytes, RequestHead], bytes] | None
    announces: Callable[[bytes], bool] | None
    own_fields: tuple[Field, ...]
    bounds: Bounds
    min_rate: int
    h2c: bool


@dataclass(slots=True, kw_only=True, eq=False)
class Built:
    """All that a worker needs. router: of all routes, whoever comes in. entries: in the order
    of the file. files: to be watched. upstreams: all pools. base: the folder of the
    configuration. members: of pools whose endpoints are found. lists: of files, those that are
    noticed without `watch`: of networks, places and people. sought: by the names of their
    sources. needs_key: whether cookies are signed with `Loaded.signing_key`. trusts: whether a
    peer is in `trust`, by its address; None for nobody."""

    settings: DoorSettings
    router: Router
    lists: tuple[Path, ...]
    listen: tuple[ListenAddress, ...]
    certificates: Certificates
    needs_key: bool
    entries: list[Entry]
    logs: Logs
    grace: float
    watch: bool
    files: tuple[Path, ...]
    upstreams: list[Upstream]
    base: Path
    members: list[Members]
    sought: Mapping[str, Sought]
    trusts: Callable[[bytes], bool] | None


def build(loaded: Loaded, state: State, logs: Logs | None = None) -> Built | None:
    """What `loaded` describes, or None with its problems added to `loaded`.

    logs: those of a running door, to be taken over; None writes none, as check and explain want.
    """
    return complete(building(loaded, state, logs))


def building(loaded: Loaded, state: State, logs: Logs | None = None) -> Steps[Built | None]:
    """The same in steps."""
    if not loaded.ok:
        return None
    built = yield from _Builder(loaded, state, logs or Logs()).building()
    return built if loaded.ok else None


def releasing(done: Built | Loaded) -> Steps[None]:
    """Forget what is of no use any more in steps; to free ten thousand routes takes 50 ms.

    An exchange that still runs keeps its route, and with it all that it needs. What serves must
    have another router before.
    """
    if isinstance(done, Loaded):
        while done.routes:
            done.routes.pop()
            yield
        for table in (done.sites, done.site_paths, done.pools, done.contents, done.places):
            while table:
                table.popitem()
                yield
        return
    while done.upstreams:
        done.upstreams.pop()
        yield
    while done.entries:
        done.entries.pop()
        yield
    yield from done.router.releasing()


class _Builder:
    def __init__(self, loaded: Loaded, state: State, logs: Logs) -> None:
        self.loaded = loaded
        self.config = loaded.config
        self.logs = logs
        self.state = state
        self.files: list[Path] = []
        self.lists: list[Path] = []
        self.trust = self._trust(trusted(loaded))
        self.announced = self._trust(announced(loaded))
        limits = merge_limits([self.config])
        self.streams, self.min_rate = limits.streams, limits.min_rate
        self.limits = HeadLimits(
            request_line=limits.request_line, head=limits.head, fields=limits.fields
        )
        self.certificates = Certificates(Presented())
        self.listen: tuple[ListenAddress, ...] = ()
        self.pools: dict[str, tuple[Upstream | Sticky, str]] = {}
        self.trusts = self.trust.trusts if self.trust is not None else None
        self.upstreams = Upstreams(loaded, state, self.limits, limits.interim, self.trusts)
        self.changing = Changing(loaded, state, self.upstreams, self.pools)
        self.settings: dict[str, RouteSettings] = {}
        self.options = Options()
        self.calling = Calling()
        self.ids: list[Filter] = [RequestId(self.trusts)] if self.config.request_id else []
        self.ids += begin_traces(self.config, self.trusts)
        self.caches = Caches(loaded, state, self.trusts)
        self.servings = Servings(loaded)
        self.entries: list[Entry] = []
        self.no_site = Route(key="no-site", plan=_NO_PLAN, limits=Limits(), importance=LOW)
        self.no_route = Route(key="no-route", plan=_NO_PLAN, limits=Limits(), importance=LOW)
        self.router = Router(
            (),
            no_site=self.no_site,
            no_route=self.no_route,
        )

    def building(self) -> Steps[Built]:
        config = self.config
        listen = tuple(parse_listen(text) for text in config.listen)
        gets = any(each.tls for each in listen)
        self.certificates = yield from Certificates.loading(self.loaded, gets=gets)
        self.listen = self._open(listen)
        demands = bool(self.certificates.demands)
        review_listen(self.loaded, self.listen, demands=demands)
        https_port = next((each.port for each in self.listen if each.tls), 0)
        self.filters = RouteFilters(
            self.loaded, self.state, self.changing, self.certificates, https_port, self.trusts
        )
        for name, pool in self.loaded.pools.items():
            self.pools[name] = yield from self.upstreams.named(name, pool)
        yield from self._routes()
        server = config.server
        shown = "porch" if server is True else server
        own: tuple[Field, ...] = ((b"server", shown.encode()),) if shown else ()
        announces = self.announced.trusts if self.announced is not None else None
        settings = DoorSettings(
            router=admitting(self.loaded, self.state, self.router, self._plan),
            limits=self.limits,
            streams=self.streams,
            timeouts=merge_timeouts([config]),
            malformed=Route(key="-", plan=self._plan([])),
            error_page=self._error_page(),
            report=self.logs.report,
            client_ip=self.trust.client_ip if self.trust is not None else None,
            announces=announces,
            own_fields=own,
            bounds=bounds(self.loaded, self.trusts, announces),
            min_rate=self.min_rate,
            h2c=config.h2c,
        )
        lists = (*self.lists, *self.filters.accessing.files, *self.filters.people)
        return Built(
            settings=settings,
            router=self.router,
            lists=lists,
            listen=self.listen,
            certificates=self.certificates,
            needs_key=self.upstreams.sticky.needs_key or self.filters.needs_key,
            entries=self.entries,
            logs=self.logs,
            grace=config.grace,
            watch=config.watch,
            files=(*self._watched(), *lists),
            upstreams=self.upstreams.made,
            base=self.loaded.base,
            members=self.upstreams.members,
            sought=self.upstreams.sought,
            trusts=self.trusts,
        )

    def _watched(self) -> tuple[Path, ...]:
        """All that it is made of."""
        return (
            *self.loaded.files,
            *self.certificates.files,
            *self.upstreams.files,
            *self.changing.files,
            *self.filters.files,
            *self.files,
        )

    # --- routes ----------------------------------------------------------------------------------

    def _routes(self) -> Steps[None]:
        """All routes, and what `www` of the sites adds."""
        accessing = self.filters.accessing
        yield from accessing.opening()
        kept_out = yield from accessing.where_no_route_is()
        self.no_site.plan = self._plan([*kept_out, self.options, FailWith(NoSite)])
        self.no_route.plan = self._plan([*kept_out, self.options, FailWith(NoRoute)])
        www = {f"www.{host}": host for host, site in self.loaded.sites.items() if site.www}
        taken: set[Pattern] = set()
        for each in self.loaded.routes:
            entry = yield from self._entry(each)
            self._add(entry)
            if www and each.model.when is None and entry.pattern.host.decode() in www:
                taken.add(entry.pattern)
            yield
        for name, host in www.items():
            yield from self._add_www(name, host, taken)
        self.calling.review(self.loaded)
        yield from self._challenges()
        yield from self._logins()

    def _challenges(self) -> Steps[None]:
        """Where authorities ask whether a host is ours, unless a route is for that."""
        given = {entry.pattern for entry in self.entries}
        covered = self.certificates.covered
        hosts: dict[str, Source] = dict.fromkeys(covered.hosts if covered else (), "acme")
        for host, source in (hosts | dict(self.certificates.managed)).items():
            key = f"{host}{CHALLENGES.decode()}/*"
            pattern = parse_key(key)
            if source == "acme" and pattern not in given:
                # An authority asks from addresses that nobody is told of: no rule keeps it out.
                plan = self._plan([AcmeAnswer(self.state.acme_answer)])
                target = "an authority's challenge"
                route = Route(key=key, plan=plan, target=target, importance=HIGH)
                self._add(Entry(pattern=pattern, route=route))
            yield

    def _logins(self) -> Steps[None]:
        """Where logins come back to, and where they end. No route of the file goes before."""
        given = {entry.pattern: entry for entry in self.entries}
        logins = self.filters.logins
        for host, path, filter_ in logins.paths() if logins is not None else ():
            key = f"{host}{path}"
            pattern = parse_key(key)
            if pattern in given:
                text = f"a login of auth.oidc has this path ({key}); write another in its words"
                self.loaded.add(("routes", key), text)
            else:
                kept_out = yield from self.filters.accessing.of_host(host)
                plan = self._plan([*kept_out, filter_])
                route = Route(key=key, plan=plan, target="a login (auth.oidc)")
                self._add(Entry(pattern=pattern, route=route))
            yield

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.router.add(entry)

    def _entry(self, entry: RouteEntry) -> Steps[Entry]:
        model, pattern = entry.model, entry.pattern
        assert pattern is not None
        conditions = NONE
        if model.when is not None:
            hide = partial(self.loaded.without_secrets, entry.path)
            conditions = parse_when(model.when.model_dump(exclude_defaults=True), hide)
        host = pattern.host.decode()
        settings = self._settings(entry, host)
        rewrite = rewriter(pattern, strip=bool(model.strip), template=model.rewrite)
        route = Route(
            key=entry.key,
            plan=_NO_PLAN,
            rewrite=rewrite,
            timeouts=settings.timeouts,
            limits=settings.limits,
            upgrades=settings.upgrades,
            importance=importance_of(settings),
            where=entry.where,
        )
        demand = self.filters.demand(host, model.client_cert)
        rewritten = rewrite is not None and (entry.key, model.rewrite)
        files = str(sorted(settings.files.items()))
        protects = settings.maintenance, settings.shield
        route.guards = settings.guards
        if demand is not None:
            route.guards |= {("client_cert", str(demand))}
        route.access = (rewritten, settings.upgrades, demand, protects, files)
        prefix = stripped(pattern) if model.strip else b""
        name = f"{entry.key} {conditions}".rstrip() if model.when is not None else entry.key
        yield from self.filters.accessing.preparing(settings)
        is_internal = bool(model.internal)
        filters = self.filters.of(settings, name, host, demand, prefix, is_internal=is_internal)
        behind = yield from self._lead(name, entry, settings, route, filters)
        if isinstance(route.destination, Sticky):
            self.upstreams.sticky.take(host, route.destination, entry.path)
        if route.destination is not None:
            roster = self.state.roster(route.destination.name)
            behind[:0] = buffering(settings, self.filters.contents)
            takes_calls = yield from self._change(name, entry, settings, route, behind)
            route.retry, before = retrying(settings.retry, roster, calls=takes_calls)
            ordered = before, filters, behind
            filters = self.caches.among(ordered, (name, entry), settings, route, demand is not None)
            if takes_calls:
                filters[:0] = self.calling.filters(settings.timeouts, web=settings.grpc_web)
            elif model.grpc_web:
                self.loaded.add((*entry.path, "grpc_web"), NO_CALLS, warning=True)
        elif entry.targets[0].kind != "file":  # which takes no unsafe methods
            filters += self.caches.at_door(pattern)
        filters[:0] = pacing(settings, name, self.state)
        if is_internal:
            return self.filters.hiding.inside(route, entry, conditions, filters, self._plan)
        route.plan = self._plan(filters)
        return Entry(pattern=pattern, route=route, conditions=conditions, priority=model.priority)

    def _lead(
        self,
        name: str,
        entry: RouteEntry,
        settings: RouteSettings,
        route: Route,
        filters: list[Filter],
    ) -> Steps[list[Filter]]:
        """Where a route leads: an answer of the door is one more of `filters`; of a pool, what
        chooses and spares its endpoints is returned."""
        target = entry.targets[0]
        assert entry.pattern is not None
        answers = self.servings.at_door(entry, settings.files, route.rewrite)
        if answers is not None:
            route.target = target.text
            filters.append(answers)
            return []
        if target.kind == "pool":
            upstream, route.target = self.pools[target.name]
        else:
            upstream, route.target = yield from self.upstreams.of_targets(
                name,
                entry.targets,
                settings,
                settings.tls,
                (*entry.path, "tls"),
                cookie_path(entry.pattern),
            )
        route.destination = upstream
        return [*upstream.filters]

    def _change(
        self,
        name: str,
        entry: RouteEntry,
        settings: RouteSettings,
        route: Route,
        filters: list[Filter],
    ) -> Steps[bool]:
        """The canary and the mirror of a route that leads to a pool. Whether it may take gRPC."""
        model = entry.model
        assert route.destination is not None
        takes_calls = route.destination.name in self.upstreams.calls
        if model.canary is not None:
            canary = yield from self.changing.canary(
                name, entry, model.canary, settings, route.destination
            )
            if isinstance(canary.canary, Sticky):
                filters.append(canary.canary)
                host = entry.pattern.host.decode()  # type: ignore[union-attr]
                self.upstreams.sticky.take(host, canary.canary, entry.path)
            route.destination = canary
            takes_calls = takes_calls or canary.canary.name in self.upstreams.calls
        if model.mirror is not None:
            filters.append((yield from self.changing.mirror(name, entry, model.mirror, settings)))
        return takes_calls

    def _settings(self, entry: RouteEntry, host: str) -> RouteSettings:
        """Those of the route. Where it says nothing itself, as most, its host's are shared."""
        if not _WORDS.isdisjoint(entry.model.model_fields_set):
            return RouteSettings.of(self.loaded, entry, host)
        key = host if site_of(self.loaded, host) is not None else ""
        found = self.settings.get(key)
        if found is None:
            found = self.settings[key] = RouteSettings.of(self.loaded, entry, host)
        return found

    # --- the whole -------------------------------------------------------------------------------

    def _open(self, found: tuple[ListenAddress, ...]) -> tuple[ListenAddress, ...]:
        """HTTPS needs a certificate: an address of the default that has none stays closed."""
        if self.certificates or not any(each.tls for each in found):
            return found
        are_bad = any(each.cert for each in self.loaded.sites.values())  # which was said
        if "listen" in self.config.model_fields_set and not are_bad:
            text = 'HTTPS needs a certificate: [site."example.com"] cert = "…", key = "…"'
            self.loaded.add(("listen",), text)
        return tuple(each for each in found if not each.tls)

    def _trust(self, peers: Peers) -> Trust | None:
        self.lists += peers.files
        return Trust(peers.networks, peers.unix, self.state.warn) if peers.is_any else None

    def _plan(self, filters: Sequence[Filter]) -> Plan:
        """Of any route, whoever answers."""
        return self.logs.plan([*self.ids, *filters])

    def _add_www(self, name: str, host: str, taken: set[Pattern]) -> Steps[None]:
        """The redirect from www. A route of that host may stand beside it for a path."""
        pattern = parse_key(name)
        path = (*self.loaded.site_paths[host], "www")
        if pattern in taken:
            text = f'"{name}" has a route of its own already; keep one of them'
            self.loaded.add(path, text)
            return
        kept_out = yield from self.filters.accessing.of_host(host)
        route = Route(
            key=name,
            target=f"redirect://{host}{{port}}{{path}}",
            plan=self._plan([*kept_out, self.options, Redirect(f"//{host}{{port}}{{path}}")]),
            where=self.loaded.where(path),
        )
        self._add(Entry(pattern=pattern, route=route))

    def _error_page(self) -> Callable[[Exchange, PorchError], Response]:
        template: Template | None = None
        if self.config.error_page:
            file = self.loaded.base / self.config.error_page
            self.files.append(file)
            try:
                template = Template(self.loaded.read(file).decode("utf-8"))
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or str(error)
                self.loaded.add(("error_page",), f"{file} cannot be used: {why}")
        debug = self.config.debug

        def page(exchange: Exchange, error: PorchError) -> Response:
            return error_response(exchange, error, debug=debug, template=template)

        return telling(page, self.state.shelf)
