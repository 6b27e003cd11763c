"""Which hosts the door gets certificates for: those that routes name and nobody gave one for."""

from collections.abc import Container, Iterator

from porch.certs.covered import Covered
from porch.certs.entry import Source
from porch.certs.names import is_local
from porch.config.loaded import Loaded

__all__ = ["covered", "managed"]


def managed(loaded: Loaded, is_given: Container[str]) -> dict[str, Source]:
    """Host to who certifies it. is_given: hosts, or "*.host", that have files of their own.

    A host of any name ("*") gets none, nor does one whose site says `cert = false`, nor its www.
    The local authority is for what no public one vouches for.
    """
    found: dict[str, Source] = {}
    acme = loaded.config.acme
    for host in _hosts(loaded):
        site = loaded.sites.get(host)
        if host in found or host in is_given or "*." + host.partition(".")[2] in is_given:
            continue
        if site is not None and site.cert is not None:  # given, or wanted by nobody
            continue
        if is_local(host):
            found[host] = "local"
        elif acme is not None and (acme.dns is not None or not host.startswith("*")):
            found[host] = "acme"  # a wildcard is proved by DNS alone (RFC 8555 8.3)
    return found


def covered(loaded: Loaded, managed: Container[str], is_given: Container[str]) -> Covered | None:
    """Which names may get one when a client asks for it; None if that is not wanted.

    managed: hosts that the door gets one for at once.
    """
    acme = loaded.config.acme
    if acme is None or acme.on_demand is None:
        return None
    settled = {host for host, site in loaded.sites.items() if site.cert is not None}
    hosts = {*_hosts(loaded)}
    wildcards = {
        host: not (host in managed or host in is_given or host in settled)
        for host in hosts
        if host.startswith("*.")
    }
    for_all = any(each.pattern and each.pattern.host == b"*" for each in loaded.routes)
    return Covered(
        named=frozenset(host for host in hosts | settled if not host.startswith("*")),
        wildcards=wildcards,
        everybody=for_all and "*" not in settled,
    )


def _hosts(loaded: Loaded) -> Iterator[str]:
    for route in loaded.routes:
        if route.pattern is not None and route.pattern.host != b"*":
            yield route.pattern.host.decode("ascii")
    for host, site in loaded.sites.items():
        if site.www and site.cert is not False:  # who wants no HTTPS wants none to be sent from
            yield f"www.{host}"
