"""What a door that serves connects with. Apart from state.py: check and explain need no loop."""

from typing import Protocol

from porch.client import Client
from porch.clock import Deadlines
from porch.config.state import MakePool
from porch.forward.address import Address
from porch.forward.client import HttpClient
from porch.forward.dial import Dialer
from porch.forward.pool import Pool
from porch.forward.proxy_protocol import ByClient
from porch.forward.resolve import Resolver
from porch.http.h1 import HeadLimits

__all__ = ["MakeClient", "clients", "pools"]


class MakeClient(Protocol):
    """Makes what asks at an address."""

    def __call__(self, address: Address, authority: bytes, keeps: int = 0) -> Client:
        """authority: the host that is asked for, b"" for the address's own. keeps: connections
        that wait for the next question."""


def pools() -> MakePool:
    """Makes pools that share one resolver, and with it what is known of names."""
    resolver = Resolver()

    def make(
        address: Address, deadlines: Deadlines, limits: HeadLimits, interim: int
    ) -> Pool | ByClient:
        def of(client: bytes | None) -> Pool:
            dialer = Dialer(address, resolver, client)
            return Pool(str(address), dialer, deadlines, limits, interim)

        return ByClient(of) if address.announces else of(None)

    return make


def clients() -> MakeClient:
    """Makes what Porch itself asks with; they share one resolver too."""
    resolver = Resolver()

    def make(address: Address, authority: bytes, keeps: int = 0) -> HttpClient:
        return HttpClient(address, resolver, authority, keeps=keeps)

    return make
