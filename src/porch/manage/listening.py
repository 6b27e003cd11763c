"""Listening: the sockets of all addresses, one a slot, kept open by the supervisor.

While a worker is dead or not yet born its socket stays, and clients wait in its backlog.
"""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from socket import socket

from porch.listen.address import ListenAddress
from porch.listen.sockets import bind, is_own, more, spread, steer

__all__ = ["Listening", "spelled"]


class Listening:
    """sockets: of each address, in the order of the slots. inherited: those that were open before
    the door started, or before an upgrade; an address takes its own instead of binding. lent:
    those whose file is another's (systemd's) to remove."""

    def __init__(
        self,
        inherited: dict[ListenAddress, list[socket]] | None = None,
        lent: Iterable[ListenAddress] = (),
    ) -> None:
        self.sockets: dict[ListenAddress, list[socket]] = {}
        self._inherited = inherited or {}
        self._lent = frozenset(lent)
        self._steered: set[ListenAddress] = set()

    def __repr__(self) -> str:
        return f"<Listening {', '.join(self.names)}>"

    @property
    def names(self) -> list[str]:
        """The addresses, as the configuration has them, with the ports really bound."""
        return [spelled(address, each[0]) for address, each in self.sockets.items()]

    def open(self, addresses: Sequence[ListenAddress], slots: int) -> list[ListenAddress]:
        """Bind those of `addresses` that are not open yet. Returns them.

        Raises OSError whose text says what to do; then nothing has changed.
        """
        fresh = [each for each in dict.fromkeys(addresses) if each not in self.sockets]
        made: dict[ListenAddress, list[socket]] = {}
        try:
            for address in fresh:
                made[address] = self._make(address, slots)
        except OSError as error:
            for sockets in made.values():
                _close(sockets)
            raise OSError(error.errno, self._blame(fresh, error)) from error
        self.sockets |= made
        return fresh

    def widen(self, slots: int) -> None:
        """As many sockets of each address as there are to be slots; never fewer than there are.
        No client comes to the new ones before `use`. Raises OSError."""
        for address, sockets in self.sockets.items():
            count = len(sockets)
            if count < slots:
                sockets += more(sockets, address, slots - count)
                self._steer(address, count)

    def use(self, slots: int) -> None:
        """Have clients come to the sockets of the first so many slots."""
        for address, sockets in self.sockets.items():
            if address in self._steered or len(sockets) > slots:
                self._steer(address, slots)

    def narrow(self, slots: int) -> list[tuple[ListenAddress, socket]]:
        """Let go of the sockets that no slot has. Clients may wait in those that come back: they
        are the caller's to be served and closed, and nobody comes to them any more."""
        self.use(slots)
        left = []
        for address, sockets in self.sockets.items():
            rest = sockets[slots:]
            del sockets[slots:]
            own = [each for each in rest if is_own(each)]
            _close([each for each in rest if each not in own])
            left += [(address, each) for each in own]
        return left

    def _steer(self, address: ListenAddress, count: int) -> None:
        sockets = self.sockets[address]
        if is_own(sockets[0]):
            with contextlib.suppress(OSError):  # a kernel that cannot spreads over all, as before
                steer(sockets[0], count)
                self._steered.add(address)

    def close(self, addresses: Sequence[ListenAddress]) -> None:
        """Close our copies; a worker that has one serves what waits there."""
        for address in addresses:
            _close(self.sockets.pop(address))
            self._steered.discard(address)
            if address.path and address not in self._lent:
                Path(address.path).unlink(missing_ok=True)

    def close_all(self) -> None:
        """Close all of ours, those too that no address wanted."""
        self.close([*self.sockets])
        self.drop_inherited()

    def drop_inherited(self) -> None:
        """What was inherited and is not wanted."""
        for sockets in self._inherited.values():
            _close(sockets)
        self._inherited = {}

    @property
    def lent(self) -> list[ListenAddress]:
        """Those of the sockets whose file is another's."""
        return [each for each in self.sockets if each in self._lent]

    def of_slot(self, slot: int) -> dict[ListenAddress, socket]:
        """The sockets of one worker."""
        return {address: sockets[slot] for address, sockets in self.sockets.items()}

    def close_in_child(self, slot: int) -> None:
        """In a forked worker: the sockets of the others are not its own."""
        for sockets in self.sockets.values():
            _close([each for number, each in enumerate(sockets) if number != slot])
        self.drop_inherited()

    def _make(self, address: ListenAddress, slots: int) -> list[socket]:
        found = self._inherited.pop(address, None)
        if found is None:
            return bind(address, slots)
        if len(found) < slots:
            return [*found[:-1], *spread(found[-1], address, slots - len(found) + 1)]
        return found

    def _blame(self, fresh: Sequence[ListenAddress], error: OSError) -> str:
        """The error's text, and our own addresses where they stand in the way."""
        text = error.strerror or str(error)
        ports = {each.port for each in fresh if each.port}
        ours = ", ".join(
            spelled(address, sockets[0])
            for address, sockets in self.sockets.items()
            if not address.path and sockets[0].getsockname()[1] in ports
        )
        if not ours:
            return text
        return f"{text}\nthis door itself listens on {ours}: restart it to change that"


def spelled(address: ListenAddress, sock: socket) -> str:
    """ ":8080"; the port that the system chose stands where the configuration has 0."""
    return str(address) if address.path else address.bound(sock.getsockname()[1])


def _close(sockets: Sequence[socket]) -> None:
    for each in sockets:
        each.close()
