"""Pools of endpoints: those of routes, and those with a name."""

import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from porch.balance.admission import Admission
from porch.balance.endpoint import Endpoint
from porch.balance.ring import Ring
from porch.balance.standing import WHOLE
from porch.balance.sticky import Sticky
from porch.balance.upstream import Upstream
from porch.config.balancing import balancer, is_hash
from porch.config.calling import may_take_calls
from porch.config.care import care_of
from porch.config.finding import Source
from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.members import Arrange, Members, Share, Sought
from porch.config.pairs import load_pairs
from porch.config.providers import provider
from porch.config.review_route import parse_targets
from porch.config.schema import PoolModel, TlsModel
from porch.config.schema_balance import StickyModel
from porch.config.settings import RouteSettings
from porch.config.state import Ask, State
from porch.config.steps import Steps
from porch.config.sticky import StickyPools
from porch.config.target import Target
from porch.forward.address import BOTH, ONE, TWO, Address
from porch.http.h1 import HeadLimits
from porch.route.scheme import Trusts
from porch.tls.certificate import Pair
from porch.tls.origin import Authorities, OriginTls, system_authorities

__all__ = ["Upstreams"]


class Upstreams:
    """Makes pools of what `state` has. files: those that were needed, to be watched. made: all of
    them so far. sticky: makes those with sticky clients. members: of pools whose endpoints are
    found. sought: by the names of their sources. calls: names of pools that may take gRPC."""

    def __init__(
        self, loaded: Loaded, state: State, limits: HeadLimits, interim: int, trusts: Trusts = None
    ) -> None:
        """limits, interim: bounds on what endpoints answer. trusts: see client_scheme."""
        self.files: dict[Path, None] = {}
        self.made: list[Upstream] = []
        self.members: list[Members] = []
        self.sought: dict[str, Sought] = {}
        self.calls: set[str] = set()
        self.sticky = StickyPools(loaded, trusts)
        self._loaded = loaded
        self._state = state
        self._limits = limits
        self._interim = interim
        self._contexts: dict[tuple[TlsModel, tuple[str, ...]], ssl.SSLContext] = {}

    def named(self, name: str, pool: PoolModel) -> Steps[tuple[Upstream | Sticky, str]]:
        """A pool of the configuration, and its addresses in words."""
        path = ("pool", name)
        targets: list[Target] = []
        for each in pool.servers:
            targets += [target for _, target in parse_targets(self._loaded, [each], path)]
            yield
        settings = RouteSettings([self._loaded.config])
        settings.balance = pool.balance or settings.balance
        settings.look_after(pool)
        settings.sticky = settings.sticky if pool.sticky is None else pool.sticky
        settings.overload = pool.overload or settings.overload
        tls = pool.tls or settings.tls
        return (
            yield from self.of_targets(f"[pool.{name}]", targets, settings, tls, (*path, "tls"))
        )

    def of_targets(
        self,
        name: str,
        targets: Sequence[Target],
        settings: RouteSettings,
        tls: TlsModel,
        path: KeyPath,
        cookie_path: str = "/",
    ) -> Steps[tuple[Upstream | Sticky, str]]:
        """The pool, and its addresses in words. name: by which its endpoints outlive a reload.
        cookie_path: where it sets one."""
        words = ", ".join(map(_spelled, targets))
        if tls.verify is False and any(each.kind in _SECURE for each in targets):
            text = "the origin's certificate is not verified: anybody between can be the origin"
            self._loaded.add((*path, "verify"), text, warning=True)

        def ask(address: Address, weight: float, priority: int = 0) -> Ask:
            return Ask(
                address=address,
                pool=name,
                weight=weight,
                limits=self._limits,
                most_interim=self._interim,
                idle=settings.timeouts.upstream_idle,
                priority=priority,
            )

        endpoints: list[Endpoint] = []
        shares: list[Share] = []
        for each in targets:
            if endpoints:
                yield
            if each.source is not None:
                shares.append(Share(each.source, each.weight, each.priority))
                continue
            address = yield from self._address(each, tls, path)
            endpoints.append(self._state.endpoint(ask(address, each.weight, each.priority)))
        if any(map(may_take_calls, targets)):
            self.calls.add(name)
        pool, arrange = yield from self._balanced(name, endpoints, targets, settings)
        if shares:
            members = Members(pool, endpoints, shares, ask, arrange)
            yield from self._seek(members, tls, path)
        if settings.overload is not None:
            cells = self._state.counter((name, WHOLE))
            pool.filters = (Admission(pool, settings.overload.bounds(), cells),)
        if isinstance(settings.sticky, StickyModel):
            sticky = yield from self.sticky.of(pool, settings.sticky, cookie_path)
            return sticky, words
        return pool, words

    def _balanced(
        self,
        name: str,
        endpoints: Sequence[Endpoint],
        targets: Sequence[Target],
        settings: RouteSettings,
    ) -> Steps[tuple[Upstream, Arrange | None]]:
        """And what arranges others that are found."""
        word = settings.balance or "least-requests"
        ring = Ring()
        is_placed = self._state.serves and is_hash(word)
        if is_placed:
            yield from ring.placing(endpoints)
        sources = [each.source for each in targets if each.source is not None]
        has_tiers = len({each.priority for each in targets}) > 1
        has_tiers = has_tiers or any(each.kind != "dns" for each in sources)
        made = balancer(word, ring, self._state.load_key, self._loaded.base, has_tiers=has_tiers)
        is_one = len(endpoints) == 1 and not sources
        manner = "" if is_one else word + (" within a tier" if has_tiers else "")
        pool = Upstream(name, endpoints, made, self._state.roster(name), manner)
        pool.care = care_of(settings)
        self.made.append(pool)
        return pool, ring.placing if is_placed else None

    def _seek(self, members: Members, tls: TlsModel, path: KeyPath) -> Steps[None]:
        """Have the endpoints of a pool looked for, and put into it what is known already."""
        sources = [each.source for each in members.shares]
        if any(each.may_be_secure for each in sources):
            found = yield from self._address(_ANY, tls, path)
            members.secure = found
        for each in sources:
            if str(each) not in self.sought:
                self.sought[str(each)] = yield from self._sought(each)
        self.members.append(members)
        yield from members.refreshing(self._state, now=False)

    def _sought(self, source: Source) -> Steps[Sought]:
        context = None
        if source.name.startswith("https://"):
            context = (yield from self._address(_ANY, TlsModel(), ())).tls_one
        base = self._loaded.base
        return Sought(source=source, provider=lambda load: provider(source, base, context, load))

    def _address(self, target: Target, tls: TlsModel, path: KeyPath) -> Steps[Address]:
        if target.kind == "unix":
            return Address(path=target.path, announces=target.announces)
        plain = Address(host=target.host, port=target.port, announces=target.announces)
        if target.kind not in _SECURE:
            return replace(plain, protocols=TWO) if target.kind == "h2c" else plain
        protocols = TWO if target.kind == "h2" else BOTH
        try:
            context = yield from self._context(tls, protocols)
            alone = (yield from self._context(tls, ONE)) if protocols == BOTH else None
        except OSError as error:
            text = f"{self._loaded.base / (tls.ca or '')} cannot be used: "
            self._loaded.add((*path, "ca"), text + (error.strerror or str(error)))
            return plain
        except ValueError as error:
            self._loaded.add((*path, "cert"), str(error))
            return plain
        return replace(
            plain,
            tls=context,
            server_name=tls.server_name or "",
            protocols=protocols,
            tls_one=alone,
        )

    def _context(self, tls: TlsModel, protocols: tuple[str, ...]) -> Steps[ssl.SSLContext]:
        """The one there is, or a new one. Raises OSError if the file of the authorities is of no
        use, and ValueError with a sentence if those of the pair are."""
        key = tls.model_copy(update={"server_name": None}), protocols
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = yield from self._new_context(tls, protocols)
        return context

    def _new_context(self, tls: TlsModel, protocols: tuple[str, ...]) -> Steps[ssl.SSLContext]:
        verify = tls.verify is not False
        oldest = tls.min_version or "1.2"
        plain = OriginTls(verify=verify, pair=self._pair(tls), oldest=oldest, protocols=protocols)
        if tls.ca is not None:
            pem = Authorities(self._read(self._loaded.base / tls.ca))
            return (yield from self._state.context(replace(plain, authorities=pem)))
        if verify:
            with contextlib.suppress(ssl.SSLError):  # OpenSSL takes from it what it can
                system = system_authorities(self._loaded.read)
                return (yield from self._state.context(replace(plain, authorities=system)))
        return (yield from self._state.context(plain))

    def _pair(self, tls: TlsModel) -> Pair | None:
        if tls.cert is None:
            return None
        files = self._loaded.base / tls.cert, self._loaded.base / (tls.key or tls.cert)
        return load_pairs([files], tls.key_password, self._read).pairs[0]

    def _read(self, file: Path) -> bytes:
        self.files[file] = None
        return self._loaded.read(file)


_SECURE = ("https", "h2")
_ANY = Target(text="", kind="https", host="found", port=443)
"""Whatever is spoken to by HTTPS."""


def _spelled(target: Target) -> str:
    """The address of an endpoint, as `[[expect]]` and explain write it."""
    if target.kind == "found":
        return target.text
    if target.kind == "unix":
        return f"unix:{target.path}"
    host = f"[{target.host}]" if ":" in target.host else target.host
    if target.kind == "http":
        return f"{host}:{target.port}"
    if target.kind == "h2c":
        return f"h2c://{host}:{target.port}"
    return f"{target.kind}://{host}" + (f":{target.port}" if target.port != 443 else "")
