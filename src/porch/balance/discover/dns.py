"""Addresses of a name: each is an endpoint, for as long as their TTL says."""

import asyncio
from collections.abc import AsyncIterator

from porch.balance.discover.found import Found
from porch.balance.discover.name_servers import NameServers

__all__ = ["Addresses"]


class Addresses:
    """See found.Provider. scheme: "https://", or "" for plain HTTP. name, port: whose addresses,
    and where they are reached. every: seconds between two looks; 0.0 as the TTL says."""

    def __init__(
        self, servers: NameServers, scheme: str, name: str, port: int, every: float = 0.0
    ) -> None:
        self._servers = servers
        self._scheme = scheme
        self._name = name
        self._port = port
        self._every = every

    async def endpoints(self) -> AsyncIterator[list[Found]]:
        """Both families: one that could not be asked fails the look, or half would be gone."""
        while True:
            found, ttl = await self._servers.addresses(self._name)
            yield [
                Found(f"{self._scheme}{f'[{each}]' if ':' in each else each}:{self._port}")
                for each in found
            ]
            await asyncio.sleep(self._every or ttl)
