"""What no single table can tell: addresses, files, names that must agree, ties.

Everything that can be known without a network is found here, so that all problems come at once.
"""

from collections.abc import Iterable
from typing import Any

from porch.config.address import parse_listen
from porch.config.care import review_health
from porch.config.headers import parse_name, parse_value
from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.pairs import BUNDLES
from porch.config.review_access import review_access, review_peers
from porch.config.review_acme import review_acme
from porch.config.review_admin import review_admin
from porch.config.review_auth import review_auth
from porch.config.review_balance import review_servers, review_sticky
from porch.config.review_bots import review_bots
from porch.config.review_browser import review_browser
from porch.config.review_busy import review_busy
from porch.config.review_cache import review_cache
from porch.config.review_change import also_leads_to, review_maintenance
from porch.config.review_clients import review_clients
from porch.config.review_compress import review_compress
from porch.config.review_content import review_content
from porch.config.review_files import review_file, review_folders, review_pair, review_rights
from porch.config.review_hide import review_hide
from porch.config.review_limit import review_claims, review_limits
from porch.config.review_log import review_log
from porch.config.review_route import parse_targets, review_routes
from porch.config.schema import TOP_ONLY, HeadersModel, HstsModel, RouteWords, SiteModel, TlsModel
from porch.config.suggest import nearest
from porch.config.target import is_pool_name
from porch.config.tracing import review_traces
from porch.route.host import parse_host
from porch.shield.hsts import YEAR

__all__ = ["review"]


def review(loaded: Loaded, data: dict[str, Any]) -> None:
    """Look over all models of `loaded`, made from `data`. Reads keys and targets of routes."""
    _review_listen(loaded)
    review_peers(loaded)
    review_traces(loaded)
    review_admin(loaded, data)
    review_file(loaded, loaded.config.error_page, ("error_page",))
    if loaded.config.group is not None and loaded.config.user is None:
        loaded.add(("group",), "'group' stands beside 'user'; name the user too")
    _review_words(loaded, loaded.config, ())
    for file in loaded.config.client_ca or ():
        review_file(loaded, file, ("client_ca",))
    _review_hsts(loaded, loaded.config.hsts, ("hsts",))
    review_acme(loaded)
    _review_sites(loaded)
    review_folders(loaded)
    _review_pools(loaded)
    review_routes(loaded, data)
    review_clients(loaded)
    for entry in loaded.routes:
        _review_words(loaded, entry.model, entry.path)
    review_log(loaded)
    review_auth(loaded, data)
    review_claims(loaded)
    review_browser(loaded)
    review_hide(loaded)
    review_cache(loaded)
    review_compress(loaded)
    _review_use(loaded, data)
    _review_expects(loaded, data)


def _review_listen(loaded: Loaded) -> None:
    known: dict[object, int] = {}
    for number, text in enumerate(loaded.config.listen):
        try:
            address = parse_listen(text)
        except ValueError as error:
            loaded.add(("listen", number), str(error))
            continue
        key = address.path or (address.host, address.port)
        if key in known and (address.path or address.port):
            first = loaded.config.listen[known[key]]
            loaded.add(("listen", number), f"'{text}' is the same address as '{first}'")
        known.setdefault(key, number)
    if not loaded.config.listen:
        loaded.add(("listen",), "'listen' is empty; a door needs an address, such as \":8080\"")


def _review_words(loaded: Loaded, model: RouteWords, path: KeyPath) -> None:
    """Words that may stand at the top, in a site and in a route alike."""
    for name, words in TOP_ONLY.items() if path else ():
        table = getattr(model, name)
        for word in words:
            if table is not None and word in table.model_fields_set:
                text = f"'{word}' is read before a route is known; write it at the top, in [{name}]"
                loaded.add((*path, name, word), text)
    review_access(loaded, model, path)
    if model.tls is not None:
        _review_tls(loaded, model.tls, (*path, "tls"))
    review_sticky(loaded, model.sticky, (*path, "sticky"))
    review_bots(loaded, model, path)
    review_content(loaded, model, path)
    review_limits(loaded, model, path)
    review_busy(loaded, model, path)
    if model.maintenance:
        review_maintenance(loaded, model.maintenance, (*path, "maintenance"))
    if model.headers is not None:
        _review_headers(loaded, model.headers, (*path, "headers"))
    if model.health:
        review_health(loaded, model.health, (*path, "health"))


def _review_tls(loaded: Loaded, tls: TlsModel, path: KeyPath) -> None:
    for word in ("ca", "cert", "key"):
        review_file(loaded, getattr(tls, word), (*path, word))
    is_both = tls.cert is not None and tls.cert.lower().endswith(BUNDLES)
    word, key = ("cert", tls.cert) if is_both else ("key", tls.key)
    if key is not None:
        review_rights(loaded, loaded.base / key, (*path, word))
    if (tls.cert is None) != (tls.key is None) and not is_both:
        there, missing = ("key", "cert") if tls.cert is None else ("cert", "key")
        loaded.add((*path, there), f"'{missing}' is missing beside '{there}'; both are files")


def _review_headers(loaded: Loaded, headers: HeadersModel, path: KeyPath) -> None:
    for direction, fields in (("request", headers.request), ("response", headers.response)):
        for name, value in fields.items():
            at = (*path, name) if (*path, name) in loaded.places else (*path, direction, name)
            try:
                parse_name(name)
                for each in [value] if isinstance(value, str) else value or ():
                    parse_value(each)
            except ValueError as error:
                loaded.add(at, str(error))


def _review_sites(loaded: Loaded) -> None:
    """Keys of sites in normal form, their certificates, and www."""
    written = loaded.sites
    loaded.sites = {}
    for name, site in written.items():
        path: KeyPath = ("site", name)
        try:
            host = parse_host(name).decode("ascii")
        except ValueError as error:
            loaded.add(path, str(error))
            loaded.lacks_sites = True
            continue
        if host in loaded.sites:
            loaded.lacks_sites = True
            first = loaded.where(loaded.site_paths[host])
            loaded.add(path, f'the site "{host}" stands in {first} already')
        loaded.site_paths[host] = path
        loaded.sites[host] = _review_site(loaded, host, site, path)
        _review_words(loaded, site, path)


def _review_site(loaded: Loaded, host: str, site: SiteModel, path: KeyPath) -> SiteModel:
    """The site, without what is of no use in it."""
    for file in site.client_ca or ():
        review_file(loaded, file, (*path, "client_ca"))
    _review_hsts(loaded, site.hsts, (*path, "hsts"))
    if site.www and (host.startswith(("*", "www.", "[")) or host[-1].isdigit()):
        loaded.add((*path, "www"), f"there is no www.{host} to redirect from")
    return review_pair(loaded, site, path)


def _review_hsts(loaded: Loaded, hsts: HstsModel | None, path: KeyPath) -> None:
    """What browsers' lists want of who asks to be built in."""
    if hsts is not None and hsts.preload and not (hsts.subdomains and hsts.max_age >= YEAR):
        text = 'preload wants subdomains = true and max_age = "1y" at least'
        loaded.add((*path, "preload"), text)


def _review_pools(loaded: Loaded) -> None:
    for name, pool in loaded.pools.items():
        path: KeyPath = ("pool", name)
        if not is_pool_name(name):
            text = f"'{name}' cannot name a pool: a name has letters, digits, - and _"
            loaded.add(path, text)
        if not pool.servers:
            loaded.add((*path, "servers"), "'servers' is empty; name an endpoint")
        found = parse_targets(loaded, pool.servers, (*path, "servers"))
        for at, target in found:
            if target.is_alone:
                loaded.add(at, _no_endpoint(target.text, target.kind == "pool"))
        review_servers(loaded, found, (*path, "servers"))
        review_sticky(loaded, pool.sticky, (*path, "sticky"))
        if pool.tls is not None:
            _review_tls(loaded, pool.tls, (*path, "tls"))
        if pool.health:
            review_health(loaded, pool.health, (*path, "health"))


def _no_endpoint(text: str, is_name: bool) -> str:
    if is_name:
        return f"'{text}' has no port; write \"{text}:8000\""
    return f"'{text}' is no endpoint; write it as `to` of a route"


def _review_use(loaded: Loaded, data: dict[str, Any]) -> None:
    """Sites and pools that nothing leads to: most often a typing error in their name."""
    if not loaded.ok:
        return
    hosts = {each.pattern.host.decode("ascii") for each in loaded.routes if each.pattern}
    for host, path in loaded.site_paths.items():
        site = loaded.sites[host]
        if host not in hosts and not _is_inherited(host, site, hosts):
            text = f'no route is for the host "{host}", so that this does nothing'
            loaded.add(path, text + _meant(host, hosts), warning=True)
    used = {target.name for each in loaded.routes for target in each.targets}
    used.update(text for each in loaded.routes for text in also_leads_to(each.model))
    for name in loaded.pools.keys() - used:
        loaded.add(("pool", name), f"no route leads to the pool '{name}'", warning=True)
    if not loaded.routes:
        text = 'there is no route; add [routes] with one line such as "*" = "127.0.0.1:3000"'
        loaded.add((), text)


def _is_inherited(host: str, site: SiteModel, hosts: Iterable[str]) -> bool:
    """Whether a site says something for other hosts than its own, or for its own by a route of
    many hosts: what belongs to a handshake, in which no route is known, and what protects."""
    words = (site.client_ca, site.client_cert, site.tls_profile, site.http2)
    handshake = any(each is not None for each in words)
    if handshake and any(each.startswith("*") for each in hosts):
        return True
    if not host.startswith("*"):
        return False
    if site.cert is not None and any(each.partition(".")[2] == host[2:] for each in hosts):
        return True
    is_said = handshake or site.hsts is not None
    return is_said and any(each.endswith(host[1:]) for each in hosts)


def _meant(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f'; did you mean "{near}"?' if near else ""


def _review_expects(loaded: Loaded, data: dict[str, Any]) -> None:
    """Rows that ask for nothing, twice, or for a route that is not there."""
    routes = data.get("routes")
    keys = set(routes) if isinstance(routes, dict) else set()
    for expect, path in loaded.expects:
        if (expect.get is None) == (expect.url is None):
            many = "two URLs; keep one" if expect.get else 'no URL; write get = "http://…"'
            loaded.add(path, f"the row has {many}")
        if expect.route is None and expect.sends is None and expect.status is None:
            loaded.add(path, "the row expects nothing; add route, sends or status")
        if expect.route is not None and expect.route not in keys:
            text = f'there is no route "{expect.route}"{_meant(expect.route, keys)}'
            loaded.add((*path, "route"), text)
