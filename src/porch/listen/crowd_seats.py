"""Seats: a door that few may use at once, where who only sits there goes for who has just come.

For a door whose clients are known by what they show, such as the admin door: while something runs
for one who is known its connection is held. All others, from a handshake that is not begun to a
body that does not come, make room as soon as their client, or the whole door, has no more. Of the
whole door those of the client go first that has most of them, so that nobody goes for a flood of
others; and of one client those that have asked nothing for longest. Who asks at once is answered
before that.
"""

import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from porch import clock
from porch.listen.crowd_shed import SHED

__all__ = ["Seat", "Seats"]


class Seat:
    """A connection. held: how much runs on it for who is known."""

    __slots__ = ("client", "held", "is_shut", "sock")

    def __init__(self, sock: socket.socket, client: bytes) -> None:
        self.sock = sock
        self.client = client
        self.held = 0
        self.is_shut = False


class Seats:
    """Of one door. warn: see Door."""

    __slots__ = ("_seats", "_until", "_warn")

    def __init__(self, warn: Callable[[str, str], None]) -> None:
        self._warn = warn
        self._seats: dict[int, Seat] = {}  # by descriptor; who has asked last is the last
        self._until = 0.0

    def take(self, sock: socket.socket, client: bytes) -> None:
        """A connection was accepted. client: b"" for one that has no bounds of its own."""
        self._seats[sock.fileno()] = Seat(sock, client)

    def leave(self, sock: socket.socket) -> None:
        """It is about to be closed."""
        self._seats.pop(sock.fileno(), None)

    def hold(self, descriptor: int) -> Seat | None:
        """Something runs on this one for somebody who is known, until the seat is released. None
        where it is gone already."""
        seat = self._seats.get(descriptor)
        if seat is not None:
            seat.held += 1
        return seat

    def release(self, seat: Seat) -> None:
        """That is over. The connection may be gone by now."""
        seat.held -= 1
        descriptor = seat.sock.fileno()
        if self._seats.get(descriptor) is seat:
            self._seats[descriptor] = self._seats.pop(descriptor)

    def make_room(self, client: bytes = b"") -> bool:
        """End one of this client's, b"" for anybody's; of all it waits until the last one that was
        ended has left. False where all are held.

        The socket is shut, and whatever reads it sees that its client has left.
        """
        seats = self._seats.values()
        if not client and clock.now <= self._until and any(each.is_shut for each in seats):
            return True
        free = [each for each in seats if not each.held and not each.is_shut]
        if not client:
            many = Counter(each.client for each in free)
            client = max(many, key=many.__getitem__, default=b"")  # the first of equal ones
        seat = next((each for each in free if each.client == client), None)
        if seat is None:
            return False
        seat.is_shut = True
        self._until = clock.now
        with suppress(OSError):  # its client has left meanwhile
            seat.sock.shutdown(socket.SHUT_RDWR)
        what = "those that ask nothing are closed for others"
        self._warn(f"{len(self._seats)} connections are open: {what}", f"{SHED}: {what}")
        return True
