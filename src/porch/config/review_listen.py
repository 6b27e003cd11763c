"""Whether what is said can be used at the addresses where the door listens, once it is known which
of them are open."""

import ipaddress
from collections.abc import Iterator, Sequence

from porch.certs.names import is_local
from porch.config.loaded import Loaded, RouteEntry
from porch.config.locate import KeyPath
from porch.config.schema import RouteWords
from porch.config.schema_limit import parts_of
from porch.config.urls import is_near
from porch.listen.address import ListenAddress

__all__ = ["review_listen"]

_HERE = {"127.0.0.1", "127.0.0.0/8", "::1", "private", "unix"}
"""Words of lists that name who does come."""
_PER_CLIENT = ("per_client", "new_per_client", "requests_per_client")


def review_listen(loaded: Loaded, listen: Sequence[ListenAddress], *, demands: bool) -> None:
    """listen: the addresses that are open. demands: whether any host asks for certificates."""
    speaks_tls = any(each.tls for each in listen)
    if demands and not speaks_tls:
        text = "no address speaks HTTPS, so that no client can show a certificate (client_ca)"
        loaded.add(("listen",), text, warning=True)
    if loaded.config.h2c and all(each.tls for each in listen):
        text = "no address speaks plain HTTP, so that nobody can begin with HTTP/2 there"
        loaded.add(("h2c",), text, warning=True)
    here = bool(listen) and all(map(_is_here, listen))
    is_told = bool(loaded.config.trust or loaded.config.proxy_protocol)
    if not speaks_tls and not (here and not is_told):
        _review_logins(loaded)
    if here and not is_told and any(map(_is_public, loaded.routes)):
        _review_clients(loaded)


def _review_logins(loaded: Loaded) -> None:
    """Sessions over plain HTTP: of this door alone, or of a proxy before it that ends TLS."""
    for path, words in _all_words(loaded):
        oidc = words.auth.oidc if words.auth else None
        if oidc is not None and not oidc.https and not is_near(oidc.issuer):
            text = (
                "no address speaks HTTPS, so that whoever is between can take a session; listen at"
                ' ":443", or write https = true if a proxy before this door speaks it'
            )
            loaded.add((*path, "auth", "oidc"), text, warning=True)


def _review_clients(loaded: Loaded) -> None:
    """Nobody comes but from this machine: a proxy before the door, and it is not believed."""
    why = (
        "all requests come from this machine, and so from one client: the proxy before this door"
        " knows better; name it in trust, such as trust = "
        + ('["unix"]' if loaded.config.listen[0].startswith("unix:") else '["127.0.0.1", "::1"]')
    )
    for path, words in _all_words(loaded):
        for name in ("allow", "deny"):
            if {*(getattr(words, name) or ())} - _HERE:
                loaded.add((*path, name), why, warning=True)
        if any(("client", "") in parts_of(each.per) for each in words.limit or ()):
            loaded.add((*path, "limit"), why, warning=True)
    for name in _PER_CLIENT:
        if getattr(loaded.config.connections, name):
            loaded.add(("connections", name), why, warning=True)


def _all_words(loaded: Loaded) -> Iterator[tuple[KeyPath, RouteWords]]:
    """Of the top, sites and routes, each with where they stand."""
    yield (), loaded.config
    for host, site in loaded.sites.items():
        yield loaded.site_paths[host], site
    for entry in loaded.routes:
        yield entry.path, entry.model


def _is_here(address: ListenAddress) -> bool:
    if address.path:
        return True
    try:
        return ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        return address.host == "localhost"


def _is_public(entry: RouteEntry) -> bool:
    """Whether a route is for a name of the internet, which nobody asks this machine for."""
    host = entry.pattern.host if entry.pattern is not None else b"*"
    return host != b"*" and not is_local(host.decode("ascii"))
