"""The load: clients in a closed loop, a paced stream of requests, idle connections.

It runs in the bench's own process, on the core that the proxies don't use.
"""

from __future__ import annotations

import ctypes
import gc
import random
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from harness.clients import Client, Clients, LoadError, connect
from harness.messages import BODY, plain
from harness.meter import Meter
from harness.origin import Origin
from harness.tls import opened

__all__ = [
    "Closed",
    "Paced",
    "closed_loop",
    "exchange_plain",
    "exchange_secured",
    "idle_connections",
    "paced",
    "without_collector",
]

PATIENCE = 5.0  # seconds without any answer that make a load fail
PR_SET_TIMERSLACK = 29  # <linux/prctl.h>
MakeClient = Callable[[int, select.epoll, Clients], Client]


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """A window of a closed loop."""

    exchanges: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Paced:
    """Each request's moment (of time.perf_counter) and latency, in seconds: measured from when it
    was due, not from when it left."""

    moments: list[tuple[float, float]]

    def percentile(self, share: float) -> float:
        """The latency that `share` (0 to 1) of the requests kept below."""
        latencies = sorted(latency for _, latency in self.moments)
        return latencies[min(int(len(latencies) * share), len(latencies) - 1)]

    def between(self, begin: float, end: float) -> Paced:
        """Those that were due in that time."""
        return Paced(moments=[each for each in self.moments if begin <= each[0] < end])


def closed_loop(
    make: MakeClient, connections: int, *, origin: Origin, warm: float, seconds: float, meter: Meter
) -> Closed:
    """Run `connections` clients for `warm` seconds, then for the `seconds` that count.

    The meter runs over those too.
    """
    with _loop(origin) as epoll, ExitStack() as sockets:
        clients: Clients = {origin.fileno(): origin}
        everyone = [make(each, epoll, clients) for each in range(connections)]
        for client in everyone:
            sockets.callback(_close, client)
            clients[client.socket.fileno()] = client
            client.start()
        _drive(epoll, clients, warm)
        before = sum(each.done for each in everyone)
        meter.start()
        _drive(epoll, clients, seconds)
        meter.stop()
        exchanges = sum(each.done for each in everyone) - before
    if not exchanges:
        raise LoadError(f"no exchange ended in {seconds:g} s")
    return Closed(exchanges=exchanges, seconds=meter.seconds)


def paced(
    port: int,
    *,
    origin: Origin,
    rate: float,
    connections: int,
    seconds: float,
    enough: Callable[[], bool] = lambda: False,
) -> Paced:
    """Send small GETs at random moments (a Poisson process), `rate` a second, and time them.

    A request that is due while every connection is busy waits for one, and its wait counts.
    enough: whether to end before the time is over.
    """
    request = next(plain())
    expovariate = random.Random(rate).expovariate
    moments: list[tuple[float, float]] = []
    with _loop(origin) as epoll, ExitStack() as sockets:
        sockets.enter_context(_exact_timers())
        free = deque(connect(port, epoll) for _ in range(connections))
        by_fd = {sock.fileno(): sockets.enter_context(sock) for sock in free}
        due_of: dict[int, float] = {}
        now = time.perf_counter()
        due, end = now, now + seconds
        while due < end or due_of:
            if enough():
                end = min(end, now)
            while due <= now and free and due < end:
                sock = free.popleft()
                sock.send(request)
                due_of[sock.fileno()] = due
                due += expovariate(rate)
            if now > end + PATIENCE:
                raise LoadError(f"{len(due_of)} requests without an answer")
            # epoll waits whole milliseconds; select waits for epoll's own descriptor by the µs.
            wait = max(0.0, due - now) if free and due < end else PATIENCE
            select.select([epoll], [], [], wait)
            for fd, events in epoll.poll(0):
                if fd == origin.fileno():
                    origin.on_event(events)
                    continue
                _expect_answer(by_fd[fd])
                now = time.perf_counter()
                was_due = due_of.pop(fd)
                moments.append((was_due, now - was_due))
                free.append(by_fd[fd])
            now = time.perf_counter()
    return Paced(moments=moments)


@contextmanager
def idle_connections(
    port: int, count: int, exchange: Callable[[socket.socket], None]
) -> Iterator[None]:
    """Hold `count` connections that had one exchange each. Raises LoadError if one was closed."""
    with ExitStack() as sockets, select.epoll() as epoll:
        for _ in range(count):
            sock = sockets.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE))
            exchange(sock)
            # Not EPOLLIN: over HTTP/2 there may be more to read behind an answer.
            epoll.register(sock.fileno(), select.EPOLLRDHUP)
        yield
        closed = len(epoll.poll(0, count))
        if closed:
            raise LoadError(f"{closed} of {count} idle connections were closed")


@contextmanager
def without_collector() -> Iterator[None]:
    """The collector of garbage, whose pauses would count, rests."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _loop(origin: Origin) -> Iterator[select.epoll]:
    """An epoll, the origin in it."""
    with without_collector(), select.epoll() as epoll:
        epoll.register(origin.fileno(), select.EPOLLIN)
        yield epoll


def _close(client: Client) -> None:
    client.socket.close()  # the one it has then: some make a new one each time


@contextmanager
def _exact_timers() -> Iterator[None]:
    """Linux wakes a sleeper up to 50 µs late, to wake several at once; not so in here."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_TIMERSLACK, 1)
    try:
        yield
    finally:
        prctl(PR_SET_TIMERSLACK, 0)  # the default


def _drive(epoll: select.epoll, clients: Clients, seconds: float) -> None:
    poll, now = epoll.poll, time.perf_counter
    end = now() + seconds
    last = now()
    while (moment := now()) < end:
        events = poll(0.1)
        if events:
            last = moment
        elif moment - last > PATIENCE:
            raise LoadError(f"no answer for {PATIENCE:g} s")
        for fd, what in events:
            clients[fd].on_event(what)


def exchange_plain(sock: socket.socket) -> None:
    """One exchange."""
    sock.sendall(next(plain()))
    _expect_answer(sock)


def exchange_secured(sock: socket.socket) -> None:
    """A handshake and one exchange; our end of TLS is not kept, which takes memory."""
    end = opened(sock, next(plain()))
    data = b""
    while not data.endswith(BODY):
        more = sock.recv(65536)
        if not more:
            raise LoadError(f"closed after {data[:60]!r}")
        data += end.decrypted(more)
    if not data.startswith(b"HTTP/1.1 200 "):
        raise LoadError(f"answered {data[:60]!r}")


def _expect_answer(sock: socket.socket) -> None:
    """Take one small answer, whole."""
    data = sock.recv(65536)
    if not data.endswith(BODY):
        sock.settimeout(PATIENCE)
        while not data.endswith(BODY):
            more = sock.recv(65536)
            if not more:
                raise LoadError(f"closed after {data[:60]!r}")
            data += more
        sock.setblocking(False)
    if not data.startswith(b"HTTP/1.1 200 "):
        raise LoadError(f"answered {data[:60]!r}")
