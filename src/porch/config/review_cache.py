"""What no single word of a cache can tell: conditions, names of fields, and what would be given to
somebody whom it is not for.

Warned of is what a careful operator would want to hear before strangers read each other's pages.
"""

import re

from porch.cache.store import LEAST
from porch.config.caching import bypass
from porch.config.loaded import Loaded, RouteEntry
from porch.config.locate import KeyPath
from porch.config.schema import RouteWords
from porch.config.schema_cache import STORE_SIZE, BypassModel, CacheKeyModel, CacheModel, statuses
from porch.config.settings import RouteSettings, host_word
from porch.config.units import spell_size
from porch.http.fields import HOP_BY_HOP
from porch.route.pattern import Kind, Pattern

__all__ = ["review_cache"]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_OWN = ("cookie", "user-agent", "referer", "x-forwarded-for", "x-real-ip", "forwarded")
"""Fields that nearly every client has of its own."""

_RISKS = {
    "set-cookie": "what sets a cookie was most often made for one visitor, and it is given to all, "
    "without the cookie; keep it where the pages are the same for everybody",
    "authorization": "what was answered to one who is logged in is given to whoever asks; add it "
    'to the key, fields = ["authorization"], or keep it where that makes no difference',
    "private": "the origin says that it is one person's, and it is given to all; keep it where the "
    "origin says so of everything",
    "no-store": "an origin says so of what is one person's too, and that is given to all; keep it "
    "where the origin says so of everything",
    "vary": "the first one's language and encoding become everybody's; name what is to be told "
    "apart in key.fields",
}


def review_cache(loaded: Loaded) -> None:
    """Look over `cache` at the top, in the sites and in the routes, and `cache_store`."""
    layers: list[tuple[KeyPath, RouteWords]] = [((), loaded.config)]
    layers += [(loaded.site_paths[host], site) for host, site in loaded.sites.items()]
    layers += [(entry.path, entry.model) for entry in loaded.routes]
    for path, words in layers:
        if words.cache:
            _review_words(loaded, words.cache, (*path, "cache"))
    _review_store(loaded, [words.cache for _, words in layers if words.cache])
    for entry in loaded.routes:
        if entry.pattern is not None:
            _review_route(loaded, entry, entry.pattern)


def _review_words(loaded: Loaded, words: CacheModel, path: KeyPath) -> None:
    keyed = {each.lower() for each in (words.key.fields if words.key else None) or ()}
    for number, mark in enumerate(words.ignore or ()):
        if mark != "authorization" or mark not in keyed:
            at = (*path, "ignore", number)
            loaded.add(at, f"ignore = '{mark}': {_RISKS[mark]}", warning=True)
    for name in words.status_ttl or ():
        try:
            statuses(name)
        except ValueError as error:
            loaded.add((*path, "status_ttl", name), str(error))
    if words.key is not None:
        _review_fields(loaded, words.key, (*path, "key", "fields"))
    if words.deception is False and not _is_exact(loaded, path[:-1]):
        text = (
            "an origin that does not mind the end of a path answers /account/x.css with somebody's "
            "account, and it may be kept and given to all; leave it out, or write it in routes "
            "alone that name one whole path"
        )
        loaded.add((*path, "deception"), text, warning=True)
    if words.bypass is not None:
        _review_bypass(loaded, words.bypass, (*path, "bypass"))


def _review_fields(loaded: Loaded, key: CacheKeyModel, path: KeyPath) -> None:
    for number, name in enumerate(key.fields or ()):
        at = (*path, number)
        if _TOKEN.match(name) is None:
            loaded.add(at, f"'{name}' is not the name of a field")
        elif name.lower() == "host":
            loaded.add(at, "the host is part of every key already; take it out")
        elif name.lower().encode() in HOP_BY_HOP:
            loaded.add(at, f"'{name}' is about one connection alone, so that no key can have it")
        elif name.lower() in _OWN:
            more = "; name those that count in key.cookies" if name.lower() == "cookie" else ""
            text = f"nearly everybody has another {name}, so that nobody is given another's answer"
            loaded.add(at, text + more, warning=True)


def _review_bypass(loaded: Loaded, words: BypassModel, path: KeyPath) -> None:
    for word in ("header", "query", "cookie"):
        for name, wanted in getattr(words, word).items():
            try:
                bypass(BypassModel.model_validate({word: {name: wanted}}))
            except ValueError as error:
                loaded.add((*path, word, name), str(error).replace("when.", "bypass."))
    for number, each in enumerate(words.client or ()):
        try:
            bypass(BypassModel(client=[each]))
        except ValueError as error:
            loaded.add((*path, "client", number), str(error))


def _review_store(loaded: Loaded, said: list[CacheModel]) -> None:
    store = loaded.config.cache_store
    if store is None:
        return
    if not said:
        text = "no route has 'cache', so that nothing is kept"
        loaded.add(("cache_store",), text, warning=True)
    size = store.size or STORE_SIZE
    if size < LEAST and not store.memory:
        text = f"'size' is {spell_size(size)}; a store on a disk has {spell_size(LEAST)} at least"
        loaded.add(("cache_store", "size"), text)
    if any(words.max_object is not None and words.max_object > size for words in said):
        text = "it is smaller than a 'max_object' that is to be kept in it"
        loaded.add(("cache_store", "size"), text)


def _review_route(loaded: Loaded, entry: RouteEntry, pattern: Pattern) -> None:
    """What a route's own words make of a cache, wherever that is turned on."""
    host = pattern.host.decode("ascii")
    cache = RouteSettings.of(loaded, entry, host).cache
    if cache is None or not _reaches_origin(entry):
        return
    model = entry.model
    path = (*entry.path, "cache") if model.cache is not None else entry.path
    is_shown = model.client_cert is not None or host_word(loaded, host, "client_ca")
    if is_shown or (model.when is not None and model.when.client_cert is not None):
        if "authorization" in (cache.ignore or ()):
            text = (
                "what is answered to one who shows a certificate is kept and given to all who do; "
                "where it differs the origin must say Cache-Control: private, or cache = false"
            )
        else:
            text = (
                "nothing is kept here: the origin is told who shows a certificate and may answer "
                "by it; where it does not, ignore = [\"authorization\"] in the table 'cache'"
            )
        loaded.add(path, text, warning=True)
    if model.canary is not None and model.canary.share:
        text = (
            "what the canary answers to its share is kept and given to all, and what the others "
            "answer to those of the canary; write cache = false while it is tried, or have it "
            "asked for by `header` or `cookie`, which are in the key"
        )
        loaded.add(path, text, warning=True)


def _reaches_origin(entry: RouteEntry) -> bool:
    return bool(entry.targets) and entry.targets[0].kind not in ("redirect", "respond")


def _is_exact(loaded: Loaded, path: KeyPath) -> bool:
    """Whether these are words of a route whose requests cannot choose how their path ends."""
    patterns = [entry.pattern for entry in loaded.routes if entry.path == path]
    return any(each is not None and each.kind is Kind.EXACT for each in patterns)
