"""Listeners: the addresses at which one door of the observer serves, as it is told of them."""

from collections.abc import Callable, Mapping
from socket import socket

from porch.listen.address import ListenAddress
from porch.listen.door import Door
from porch.listen.listener import Listener
from porch.listen.security import Choose

__all__ = ["Listeners"]


class Listeners:
    """door: that serves whoever comes. choose: see Listener.start, for addresses with TLS; None for
    a door that has none. warn: tells the operator."""

    def __init__(self, door: Door, choose: Choose | None, warn: Callable[[str], None]) -> None:
        self._door = door
        self._choose = choose
        self._warn = warn
        self._open: dict[ListenAddress, Listener] = {}

    def __bool__(self) -> bool:
        return bool(self._open)

    def listen(self, sockets: Mapping[ListenAddress, socket]) -> None:
        """At these, and nowhere else. A socket of an address that is open already is one too many.
        In the loop that runs."""
        for address in [each for each in self._open if each not in sockets]:
            self._open.pop(address).close()
        for address, sock in sockets.items():
            if address in self._open:
                sock.close()
                continue
            listener = self._open[address] = Listener(address, sock, self._warn)
            listener.start(self._door, self._choose if address.tls else None)
