"""Providers: who looks for what a source names. The one place that knows every kind."""

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from porch.balance.discover.found import Provider
from porch.client import Client
from porch.config.finding import Source
from porch.config.members import LoadProvider
from porch.forward.address import Address

__all__ = ["provider"]


def provider(
    source: Source,
    base: Path,
    tls: ssl.SSLContext | None,
    function: LoadProvider,
) -> Provider:
    """Who looks for it. base: what files are relative to. tls: to ask a URL with. function: loads
    one of the operator's own; raises ValueError with a sentence, as this does then."""
    # Late: check and explain ask for no provider, and need no event loop.
    from porch.balance.discover.dns import Addresses
    from porch.balance.discover.docker import Containers
    from porch.balance.discover.file import ListFile
    from porch.balance.discover.http import EVERY, ListUrl
    from porch.balance.discover.name_servers import NameServers
    from porch.balance.discover.srv import Services

    scheme = "https://" if source.secure else ""
    match source.kind:
        case "dns":
            servers = NameServers(*source.resolver)
            return Addresses(servers, scheme, source.name, source.port, source.every).endpoints
        case "srv":
            servers = NameServers(*source.resolver)
            return Services(servers, scheme, source.name, source.every).endpoints
        case "docker":
            return Containers(_docker, source.name, source.port).endpoints
        case "find":
            return function(source.name, base)
    if "://" not in source.name:
        return ListFile(base / source.name).endpoints
    url = urlsplit(source.name)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    every = source.every or EVERY
    return ListUrl(lambda: _http(source.name, tls), target, every).endpoints


def _docker() -> Client:
    from porch.balance.discover.docker import api_socket
    from porch.forward.client import HttpClient
    from porch.forward.resolve import Resolver

    return HttpClient(Address(path=api_socket()), Resolver())


def _http(text: str, tls: ssl.SSLContext | None) -> Client:
    from porch.forward.client import HttpClient
    from porch.forward.resolve import Resolver

    url = urlsplit(text)
    is_secure = url.scheme == "https"
    port = url.port or (443 if is_secure else 80)
    address = Address(host=url.hostname or "", port=port, tls=tls if is_secure else None)
    return HttpClient(address, Resolver())
