"""Gate: whom a listener lets in, before a byte is read and before any handshake.

Without bounds it only accepts. With them a client that has too many connections, or makes them too
fast, is closed at once; where all together are too many nobody is accepted, and who comes waits in
the system's backlog until there is room.
"""

import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from porch.crowd import EVERYBODY, Crowd
from porch.ip import packed
from porch.listen.accepting import Accepted, accept
from porch.listen.crowd_seats import Seats

__all__ = ["ARRIVALS", "CONNECTIONS", "FILES", "UNBOUNDED", "Bounds", "Gate"]

CONNECTIONS = "client_connections"
ARRIVALS = "client_arrivals"
"""By which connections are counted that were refused."""
FILES = "further clients wait; a higher limit of open files (ulimit -n, LimitNOFILE)"
_MOST, _NEW = "connections.most", "connections.new_per_second"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Of all workers together; 0 for none. most: connections. per_client: of one client, IPv6 by
    /64. new: a second. new_per_client: the same of one client. exempt: whether a peer speaks for
    many clients, by its address, so that it has no bounds of its own; None for nobody.
    are_fixed: no setting changes them, so that none is named to the operator. seats: of a door
    where a client that has too many connections loses one that asks nothing, and is not refused."""

    most: int = 0
    per_client: int = 0
    new: int = 0
    new_per_client: int = 0
    exempt: Callable[[bytes], bool] | None = None
    are_fixed: bool = False
    seats: Seats | None = None

    @property
    def counts(self) -> bool:
        """Whether there is anything to count."""
        return bool(self.most or self.per_client or self.new or self.new_per_client)


UNBOUNDED = Bounds()


class _Counted(Accepted):
    """A socket whose client is counted until it is closed. The loops end it in one of two ways:
    asyncio's closes it, and uvloop takes its descriptor away to close that."""

    __slots__ = ("client", "crowd", "seats")

    client: bytes
    crowd: Crowd | None
    seats: Seats | None

    def close(self) -> None:
        """See socket."""
        self._leave()
        super().close()

    def detach(self) -> int:
        """See socket."""
        self._leave()
        return super().detach()

    def _leave(self) -> None:
        crowd, self.crowd = self.crowd, None
        if crowd is not None:
            crowd.leave(EVERYBODY)
            if self.client:
                crowd.leave(self.client)
            if self.seats is not None:
                self.seats.leave(self)


class Gate:
    """crowd: None where nobody counts. cuts, warn: see Door."""

    __slots__ = ("_crowd", "_cuts", "_warn")

    def __init__(
        self, crowd: Crowd | None, cuts: Counter[str], warn: Callable[[str, str], None]
    ) -> None:
        self._crowd = crowd
        self._cuts = cuts
        self._warn = warn

    def counts(self, bounds: Bounds) -> bool:
        """Whether there is anything to ask of this gate. Where there is not, whoever waits may
        come in; what was accepted then is not counted."""
        return self._crowd is not None and bounds.counts

    def is_full(self, bounds: Bounds) -> bool:
        """Whether there are as many connections as there may be."""
        crowd = self._crowd
        return bool(bounds.most and crowd and crowd.here(EVERYBODY) >= bounds.most)

    def fullness(self, bounds: Bounds, most: int) -> str:
        """What is to be told then. most: for which this worker has descriptors."""
        if not self.is_full(bounds):
            return f"{most} clients are connected, {FILES}"
        way = "one that leaves" if bounds.are_fixed else f"a higher {_MOST}"
        return f"{bounds.most} clients are connected, further clients wait; {way}"

    def is_fast(self, bounds: Bounds) -> bool:
        """Whether as many have come in this second as may."""
        crowd = self._crowd
        return bool(bounds.new and crowd and crowd.came(EVERYBODY) >= bounds.new)

    def pace(self, bounds: Bounds) -> str:
        """What is to be told then."""
        return f"{bounds.new} clients came in a second, further clients wait; a higher {_NEW}"

    def accept(self, listening: socket.socket, family: int, bounds: Bounds) -> Accepted | None:
        """The next client; None for one that was closed. Raises OSError as accept(2) does.
        bounds: of now, by which it `counts`."""
        crowd = self._crowd
        assert crowd is not None
        sock: _Counted = accept(listening, family, _Counted)
        sock.crowd = None
        address = sock.peer[0] if isinstance(sock.peer, tuple) else ""
        peer = address.partition("%")[0].removeprefix("::ffff:")
        client = _client(peer)
        if client and bounds.exempt is not None and bounds.exempt(peer.encode()):
            client = b""
        if client and self._refuses(client, peer, bounds, crowd):
            sock.close()
            return None
        crowd.enter(EVERYBODY)
        if bounds.new:
            crowd.arrive(EVERYBODY)
        if client:
            crowd.enter(client)
        sock.client, sock.crowd, sock.seats = client, crowd, bounds.seats
        if bounds.seats is not None:
            bounds.seats.take(sock, client)
        return sock

    def _refuses(self, client: bytes, peer: str, bounds: Bounds, crowd: Crowd) -> bool:
        is_full = bounds.per_client and crowd.here(client) >= bounds.per_client
        if is_full and not (bounds.seats is not None and bounds.seats.make_room(client)):
            word = CONNECTIONS
            what = f"has {bounds.per_client} connections already"
            if not bounds.are_fixed:
                what += " (connections.per_client)"
        elif bounds.new_per_client and crowd.came(client) >= bounds.new_per_client:
            word = ARRIVALS
            what = (
                f"has made {bounds.new_per_client} connections in a second "
                "(connections.new_per_client)"
            )
        else:
            if bounds.new_per_client:
                crowd.arrive(client)
            return False
        self._cuts[word] += 1
        self._warn(f"{peer} {what}: further ones are closed", f"{word}: further ones are closed")
        return True


def _client(peer: str) -> bytes:
    """By what a client is told from others; b"" for who comes by a file."""
    address = packed(peer)
    return b"" if address is None else address if len(address) == 4 else address[:8]
