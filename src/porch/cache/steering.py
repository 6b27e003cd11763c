"""Steering: names of request fields by which an origin may take a request for another one.

What proxies, clouds and servers tell origins of the host, scheme, port, method, path, query or
address that a request had before them has no registry, and each product has spellings of its own:
X-Forward-Host, X-Original-Request-Uri, Fastly-SSL, X-WAWS-Unencoded-URL. So names are judged by
their words. A name that has neither is an application's own, and nothing is known of it.
"""

__all__ = ["speaks_of", "steers"]

_TOLD = frozenset(
    (
        # as it was elsewhere, or is to be
        *(b"forward", b"forwarded", b"forwarder", b"original", b"originally", b"orig"),
        *(b"rewrite", b"rewritten", b"override", b"overridden", b"remapped", b"redirect"),
        *(b"disguised", b"unencoded", b"offloaded", b"proxied", b"real", b"true", b"matched"),
        *(b"base", b"context", b"default"),
        # by or to whom
        *(b"proxy", b"proxyuser", b"backend", b"upstream", b"frontend", b"external", b"public"),
        *(b"client", b"remote", b"server", b"connecting", b"originating", b"request", b"http"),
        *(b"cgi", b"wsgi", b"fastly", b"waws", b"arr", b"appengine", b"appservice", b"azure"),
        *(b"envoy", b"orchestra"),
    )
)
_OF = frozenset(
    (
        *(b"host", b"hostname", b"authority", b"domain", b"subdomain", b"port"),
        *(b"scheme", b"proto", b"protocol", b"ssl", b"tls", b"https"),
        *(b"method", b"verb", b"command", b"url", b"uri", b"path", b"query", b"querystring"),
        *(b"script", b"destination", b"destinationurl"),
        *(b"ip", b"clientip", b"addr", b"address", b"for"),
    )
)
_OF_BROWSERS = (b"sec-", b"access-control-")
"""They have words of both kinds (Fetch 2.2.2; Sec-WebSocket-Protocol), and mean no such thing."""


def steers(name: bytes) -> bool:
    """Whether a field of this name says what a request was, or is to be, at another place: it has a
    word of each kind. name: as http.fields.alike has it."""
    words = name.split(b"-")
    return not (_TOLD.isdisjoint(words) or _OF.isdisjoint(words) or name.startswith(_OF_BROWSERS))


def speaks_of(name: bytes) -> bool:
    """Whether all of the name behind its `x-` is what can be steered: X-Path, X-Https. An origin
    may be steered by it, or an application have made it its own. name: as for `steers`."""
    first, *words = name.split(b"-")
    return first == b"x" and bool(words) and _OF.issuperset(words)
