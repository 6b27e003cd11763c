"""Did you mean: the known word that an unknown one was probably meant to be."""

import difflib
from collections.abc import Iterable

__all__ = ["nearest", "suggest"]

_ALIASES = {
    "backend": "to",
    "backends": "to",
    "endpoints": "to",
    "healthcheck": "health",
    "match": "when",
    "proxy": "to",
    "proxy_pass": "to",
    "reverse_proxy": "to",
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
    near = difflib.get_close_matches(plain, words, n=1, cutoff=0.6)
    if near:
        return near[0]
    alias = _ALIASES.get(plain)
    return alias if alias in words else None


def suggest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence, "; did you mean 'health'?", or "" where nothing is near."""
    near = nearest(word, known)
    return f"; did you mean '{near}'?" if near else ""
