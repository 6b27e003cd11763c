"""State: what a reload must not lose, kept by name.

Endpoints with their connections and what is known of them, DNS answers, access logs. A reload
asks for each by what it is; what nobody asked for is closed behind it.
"""

import ssl
from collections.abc import Callable
from pathlib import Path

from porch.balance.endpoint import Endpoint
from porch.clock import Deadlines
from porch.forward.dial import Address, Dialer
from porch.forward.pool import Pool
from porch.forward.resolve import Resolver
from porch.http.h1 import HeadLimits
from porch.tls import client_context

__all__ = ["State", "TlsKey"]

TlsKey = tuple[bool, str]
"""(verify, CA file): what a client context is made from."""


class State:
    """Of one worker. say: tells the operator something."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.deadlines = Deadlines()
        self.resolver = Resolver()
        self.say = say
        self._pools: dict[tuple[object, ...], Pool] = {}
        self._endpoints: dict[tuple[object, ...], Endpoint] = {}
        self._contexts: dict[TlsKey, ssl.SSLContext] = {}
        self._asked: set[tuple[object, ...]] = set()
        self._settings: dict[tuple[object, ...], tuple[int, float]] = {}

    def begin(self) -> None:
        """A configuration is about to be built."""
        self._asked = set()
        self._settings.clear()

    def commit(self) -> None:
        """It runs from now on: forget what it did not ask for."""
        for key, (weight, idle) in self._settings.items():
            self._endpoints[key].weight = weight
            self._pools[key].idle_timeout = idle
        self._settings.clear()
        for key in [each for each in self._endpoints if each not in self._asked]:
            del self._endpoints[key]
            self._pools.pop(key).close()

    def endpoint(
        self,
        address: Address,
        pool: str,
        weight: int,
        limits: HeadLimits,
        most_interim: int,
        idle: float,
    ) -> Endpoint:
        """The endpoint of a pool at an address: the one there is, or a new one.

        idle: seconds that a kept connection waits.
        """
        key = (pool, address, limits, most_interim)
        self._asked.add(key)
        endpoint = self._endpoints.get(key)
        if endpoint is None:
            dialer = Dialer(address, self.resolver)
            connections = Pool(str(address), dialer, self.deadlines, limits, most_interim)
            self._pools[key] = connections
            endpoint = self._endpoints[key] = Endpoint(str(address), connections, weight)
        self._settings[key] = (weight, idle)
        return endpoint

    def context(self, verify: bool, ca: Path | None) -> ssl.SSLContext:
        """The TLS context towards origins, one for all that want the same."""
        key = (verify, str(ca or ""))
        if key not in self._contexts:
            self._contexts[key] = client_context(verify=verify, ca=ca)
        return self._contexts[key]

    def close(self) -> None:
        """Close every connection to an origin."""
        for pool in self._pools.values():
            pool.close()
