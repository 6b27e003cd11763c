"""Code that a configuration names, loaded to see whether it can be: for `porch check`.

A door does not do this before it serves: the code is the operator's, and the supervisor is root.
The worker that needs it loads it, and tells what it could not.
"""

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.schema import PoolModel, RouteWords
from porch.config.schema_limit import parts_of
from porch.config.words import dns_settings
from porch.manage.certs.provider import provider_named
from porch.manage.own_functions import auth_function, function_named, hash_key

__all__ = ["review_code"]


def review_code(loaded: Loaded) -> None:
    """Warn of what cannot be loaded, or does not take its words. Nothing of it is called.

    It refuses nothing: what is installed changes beside the file, and a door serves without.
    """
    _review_keys(loaded)
    acme = loaded.config.acme
    if acme is None:
        return
    if acme.dns is not None and acme.dns["provider"] not in ("persist", "rfc2136"):
        from porch.certs.dns import check  # late: a DNS library

        name = acme.dns["provider"]
        try:
            check(name, provider_named(name, loaded.base), dns_settings(acme.dns))
        except ValueError as error:
            loaded.add(("acme", "dns"), str(error), warning=True)
    if acme.on_demand is not None:
        from porch.manage.certs.permission import permission  # late: asyncio

        try:
            permission(acme.on_demand, loaded.base).load()
        except (TypeError, ValueError) as error:
            loaded.add(("acme", "on_demand"), str(error), warning=True)


def _review_limits(loaded: Loaded, path: KeyPath, words: RouteWords) -> None:
    for each in words.limit or ():
        kind, cost = each.costs
        names = [name for key, name in parts_of(each.per) if key == "py"]
        for name in [*names, *([cost] if kind == "py" else [])]:
            try:
                function_named(f"py:{name}", loaded.base)
            except ValueError as error:
                loaded.add((*path, "limit"), str(error), warning=True)


def _review_keys(loaded: Loaded) -> None:
    said: list[tuple[KeyPath, RouteWords | PoolModel]] = [((), loaded.config)]
    said += [(loaded.site_paths[host], site) for host, site in loaded.sites.items()]
    said += [(("pool", name), pool) for name, pool in loaded.pools.items()]
    said += [(entry.path, entry.model) for entry in loaded.routes]
    for path, words in said:
        if isinstance(words, RouteWords) and words.auth and words.auth.py is not None:
            try:
                auth_function(f"py:{words.auth.py}", loaded.base)
            except ValueError as error:
                loaded.add((*path, "auth"), str(error), warning=True)
        if isinstance(words, RouteWords):
            _review_limits(loaded, path, words)
        if isinstance(words, RouteWords) and words.cache and words.cache.key is not None:
            try:
                if words.cache.key.py is not None:
                    hash_key(f"py:{words.cache.key.py}", loaded.base)
            except ValueError as error:
                loaded.add((*path, "cache", "key", "py"), str(error), warning=True)
        if words.balance is not None and words.balance.startswith("hash py:"):
            try:
                hash_key(words.balance.removeprefix("hash "), loaded.base)
            except ValueError as error:
                loaded.add((*path, "balance"), str(error), warning=True)
