"""Services in DNS: names, ports, priorities and weights of SRV records (RFC 2782)."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from porch.balance.discover.found import Found
from porch.balance.discover.name_servers import NameServers, Service

__all__ = ["Services"]


class Services:
    """See found.Provider. scheme: "https://", or "" for plain HTTP. name: with its service and
    protocol. every: seconds between two looks; 0.0 as the TTL says."""

    def __init__(self, servers: NameServers, scheme: str, name: str, every: float = 0.0) -> None:
        self._servers = servers
        self._scheme = scheme
        self._name = name
        self._every = every

    async def endpoints(self) -> AsyncIterator[list[Found]]:
        """A record is an endpoint, whose name is looked up when it is dialled."""
        while True:
            found, ttl = await self._servers.services(self._name)
            yield [*self._endpoints(found)]
            await asyncio.sleep(self._every or ttl)

    def _endpoints(self, services: Iterable[Service]) -> Iterable[Found]:
        for each in services:
            if each.host == ".":  # "the service is decidedly not available at this domain"
                continue
            # Beside others a weight of 0 has "a very small chance of being selected": not none.
            host = each.host.rstrip(".")
            yield Found(
                f"{self._scheme}{host}:{each.port}", max(each.weight, 1), priority=each.priority
            )
