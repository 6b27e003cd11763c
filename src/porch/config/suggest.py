"""Did you mean: the known word that an unknown one was probably meant to be."""

import difflib
from collections.abc import Iterable

__all__ = ["nearest", "suggest"]

_ALIASES = {
    "address": "listen",
    "backend": "to",
    "backends": "to",
    "bind": "listen",
    "body_size": "body",
    "certificate": "cert",
    "endpoints": "to",
    "healthcheck": "health",
    "ip_hash": "hash client",
    "least_conn": "least-requests",
    "leastconn": "least-requests",
    "location": "routes",
    "locations": "routes",
    "match": "when",
    "max_body": "body",
    "port": "listen",
    "private_key": "key",
    "proxy": "to",
    "proxy_pass": "to",
    "reverse_proxy": "to",
    "retries": "retry",
    "route": "routes",
    "sni": "server_name",
    "ssl": "tls",
    "target": "to",
    "upstream": "to",
    "upstreams": "to",
    "websocket": "upgrade",
}
"""What other proxies call our words, where the spelling gives nothing away."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None."""
    words = list(known)
    plain = word.lower().replace("-", "_")
    alias = _ALIASES.get(plain)
    if alias in words:
        return alias
    near = difflib.get_close_matches(plain, words, n=1, cutoff=0.6)
    return near[0] if near else None


def suggest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence, "; did you mean 'health'?", or "" where nothing is near."""
    near = nearest(word, known)
    return f"; did you mean '{near}'?" if near else ""
