"""Listener: a listening socket that accepts, as long as there are descriptors to serve with.

Clients that cannot be served at the moment wait in the system's backlog. Nothing of it is thrown
away, neither while descriptors are short nor at the end (`drain`).
"""

import asyncio
import errno
import resource
import select
import socket
import sys
from collections.abc import Callable
from functools import partial

from porch.listen.accepting import Accepted, accept
from porch.listen.address import ListenAddress
from porch.listen.agreed import agreed_connection, plain_connection
from porch.listen.crowd_gate import FILES
from porch.listen.door import Door
from porch.listen.h1 import ServerConnection
from porch.listen.opening import Opening
from porch.listen.proxy_protocol_in import Announcing
from porch.listen.secured import Secured
from porch.listen.security import PLAIN, Choose
from porch.listen.sockets import is_own

__all__ = [
    "AT_ONCE",
    "AT_ONCE_SHARED",
    "CALM",
    "CROWDED",
    "HOPE",
    "LOOK",
    "MOST_UNSENT",
    "RESERVE",
    "RETRY",
    "Listener",
    "most",
]

AT_ONCE = 64
"""Connections accepted before those that are open have their turn again."""
AT_ONCE_SHARED = 4
"""The same where other workers accept from the same socket: each shall get its share."""
LOOK = 8
"""Turns of which one accepts all that wait. The others accept as many as the one before did: to be
told that nobody waits any more takes 4.7 us, and a connection with one exchange about 70."""
RETRY = 0.02
"""Seconds between two looks whether there are descriptors again."""
CALM = 1.0
"""Seconds without a shortage after which it is said to be over."""
HOPE = 2.0
"""Seconds that the end waits for descriptors which no client has, and the rest of the worker or of
the machine may give back."""
RESERVE = 1024
"""Descriptors that are kept for origins, files and all else; a quarter of them where that is
less. An exchange needs one for its origin, but most open clients are idle."""
CROWDED = 128
"""Clients from which on the system keeps little for each that comes: a few hundred who take nothing
of a large answer would have all the memory that Linux gives to TCP, and all others wait."""
MOST_UNSENT = 1 << 18
"""Bytes of an answer that it then keeps beyond what is on its way (tcp(7), TCP_NOTSENT_LOWAT). 10
MiB cost 1 ms more, in wakes; so it is not for a door with few clients."""
_OF_ONE = {
    errno.ECONNABORTED,
    errno.ECONNRESET,
    errno.EPROTO,
    errno.EPERM,
    errno.ETIMEDOUT,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENOPROTOOPT,
    errno.EOPNOTSUPP,
}
"""What accept(2) says of the connection it would have returned: the next one is fine. All else,
such as EMFILE, ENFILE, ENOBUFS and ENOMEM, is a shortage."""


def most(limit: int) -> int:
    """How many clients may be connected, of a RLIMIT_NOFILE of `limit`."""
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit - min(limit // 4, RESERVE)


class Listener:
    """A listening socket and the connections that come by it.

    address: as the configuration has it. sock: listens, does not block; closed with the
    listener. say: tells the operator of a shortage and of its end.
    """

    __slots__ = (
        "_again",
        "_announced",
        "_are_many",
        "_at_once",
        "_door",
        "_factory",
        "_family",
        "_loop",
        "_most",
        "_name",
        "_reading",
        "_say",
        "_short",
        "_since",
        "_started",
        "_turns",
        "_wave",
        "address",
        "sock",
    )

    def __init__(
        self,
        address: ListenAddress,
        sock: socket.socket,
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.address = address
        self.sock = sock
        self._say = say
        self._again: asyncio.TimerHandle | None = None
        self._reading = self._started = self._are_many = False
        self._short = self._name = ""
        self._since = 0.0
        self._turns = 0
        self._wave = 1

    @property
    def port(self) -> int:
        """The port really bound: the one the system chose where 0 was asked for."""
        name = self.sock.getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    def start(self, door: Door, choose: Choose | None) -> None:
        """Accept from now on, in the loop that runs. choose: what a client is served with,
        needed where the address speaks HTTPS."""
        number = self.port  # known once here: asking the system costs each connection 2 us
        port = b"%d" % number
        self._name = self.address.bound(number)
        door.accepted.setdefault(self._name, 0)
        self._factory: Callable[[], asyncio.Protocol] = partial(plain_connection, door, port)
        if choose is not None:
            inside = partial(agreed_connection, door, port)
            misled = partial(ServerConnection, door, b"http", port, PLAIN)
            self._factory = partial(Secured, door.handshakes, choose, inside, misled)
        self._announced = partial(Announcing, door, self._factory)
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._most = most(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self._at_once = AT_ONCE if is_own(self.sock) else AT_ONCE_SHARED
        self._family = self.sock.family
        if self._family != socket.AF_UNIX:
            # Inherited by what is accepted. uvloop sets it itself, asyncio's own loop not here.
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._started = True
        self._read(True)

    @property
    def is_short(self) -> bool:
        """Whether clients wait for descriptors, or for the place of others."""
        return bool(self._short)

    def close(self) -> None:
        """Accept nothing more. What waits in the backlog is left to those who have the socket
        too, and is lost where nobody has."""
        self._stop()
        self.sock.close()

    async def drain(self) -> None:
        """Serve all that wait, then close. The door should be draining already, so that each of
        these connections ends after its answer. Cancelled, it closes at once.

        The backlog is not shut meanwhile, by listen(0): in a full door that kept 30 clients
        waiting for a second, and whoever has the socket too would be shut as well.
        """
        try:
            if self._started:
                self._stop()
                await self._empty()
        finally:
            self.close()

    async def _empty(self) -> None:
        """Accept until nobody waits, however long descriptors are short, as long as there are
        clients who could give some back."""
        hope = self._loop.time() + HOPE
        # Nobody tells that one is free: it is looked at.
        while self.sock.fileno() >= 0 and not self._take(AT_ONCE):
            if self._short:
                if not _waits(self.sock):  # accept(2) has looked for a descriptor and no further
                    return
                if self._door.sessions:
                    hope = self._loop.time() + HOPE
                elif self._loop.time() > hope:
                    self._say(f"{self.address}: {self._short} had let them in")
                    return
            await asyncio.sleep(RETRY if self._short else 0)

    def _stop(self) -> None:
        self._read(False)
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _read(self, on: bool) -> None:
        if on != self._reading:
            self._reading = on
            if on:
                self._loop.add_reader(self.sock, self._accept)
            else:
                self._loop.remove_reader(self.sock)

    def _accept(self) -> None:
        """Somebody waits, says the loop."""
        if self._door.rests:
            self._door.wake()
        self._take(self._wave if self._turns % LOOK else self._at_once)
        self._turns += 1
        if not self._short:
            return
        self._read(False)  # the loop would call again at once, and again
        self._since = self._loop.time()
        if self._again is None:
            self._say(f"{self.address}: {self._short} lets them in")
            self._again = self._loop.call_later(RETRY, self._retry)

    def _take(self, count: int) -> bool:
        """Accept `count` at most. True: nobody waits any more. `_short` is what keeps us from
        accepting, if anything does."""
        self._short = ""
        door, gate, sock, family = self._door, self._door.gate, self.sock, self._family
        sessions, settings, most = door.sessions, door.settings, self._most
        announced, bounds = settings.announces is not None, settings.bounds
        factory = self._announced if announced else self._factory
        counts = gate.counts(bounds)
        if (len(sessions) > CROWDED) is not self._are_many:
            self._keep_little(not self._are_many)
        for taken in range(count):
            if len(sessions) >= most or (counts and gate.is_full(bounds)):
                # Whether somebody waits is not known behind the first: the loop will say.
                if not taken and (door.closing or not door.shedding.make_room()):
                    self._short = gate.fullness(bounds, most)
                return False
            if counts and gate.is_fast(bounds):
                if not taken:
                    self._short = gate.pace(bounds)
                return False
            try:
                client = (
                    gate.accept(sock, family, bounds) if counts else accept(sock, family, Accepted)
                )
            except BlockingIOError:
                self._wave = taken or 1
                return True
            except OSError as error:
                if error.errno in _OF_ONE:
                    continue
                self._short = f"{error.strerror or error}, {FILES}"
                return False
            if client is not None:
                door.accepted[self._name] += 1
                Opening(sessions, self._loop, client, factory)
        self._wave = count
        return False

    def _keep_little(self, are_many: bool) -> None:
        """Of those who are accepted from now on; or as much as the system sees fit."""
        self._are_many = are_many
        if self._family != socket.AF_UNIX:
            most = MOST_UNSENT if are_many else 0
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, most)

    def _retry(self) -> None:
        """It is over when it has been calm for a while: so it is not told of at each turn."""
        if not self._reading:
            self._accept()
            self._read(not self._short)
        if self._short or self._loop.time() - self._since < CALM:
            self._again = self._loop.call_later(RETRY, self._retry)
        else:
            self._again = None
            self._say(f"{self.address}: no client waits any more")


def _waits(sock: socket.socket) -> bool:
    """Whether somebody waits in the backlog."""
    look = select.poll()  # needs no descriptor, and may look at one of any number
    look.register(sock, select.POLLIN)
    return bool(look.poll(0))
