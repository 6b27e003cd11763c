"""Clients that come at their own rate, whatever becomes of them: as strangers do.

Each kind has many clients, on connections and addresses of their own, and sends at random moments
(a Poisson process). Whoever waits for an answer waits; another client sends the next request. Times
count from when a request was due.
"""

from __future__ import annotations

import random
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.clients import LoadError

__all__ = ["Crowd", "Kind", "closed", "crowds", "open_loop"]

PATIENCE = 5.0  # seconds behind the end in which answers are waited for
ADDRESSES = 200  # of each kind; see _address
MOST = 512  # events of one look


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """host: that is asked for. share: of all requests. connections: of its clients together."""

    host: str
    share: float
    connections: int


@dataclass(kw_only=True, slots=True)
class Crowd:
    """The clients of a kind, and what they saw. latencies: seconds, by status. unsent: due while
    each connection waited for an answer. lost: without an answer."""

    kind: Kind
    free: deque[socket.socket] = field(default_factory=deque)
    latencies: dict[int, list[float]] = field(default_factory=dict)
    offered: int = 0
    unsent: int = 0
    lost: int = 0

    @property
    def request(self) -> bytes:
        """What each of them sends."""
        return b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % self.kind.host.encode()

    def statuses(self) -> Counter[int]:
        """How many answers had which."""
        return Counter({status: len(each) for status, each in self.latencies.items()})

    def percentile(self, status: int, share: float) -> float:
        """Seconds below which this share of the answers with a status stayed; nan of none."""
        found = sorted(self.latencies.get(status, ()))
        return found[min(int(len(found) * share), len(found) - 1)] if found else float("nan")

    def forget(self) -> None:
        """Count anew."""
        self.latencies = {}
        self.offered = self.unsent = self.lost = 0


@contextmanager
def crowds(port: int, kinds: Sequence[Kind]) -> Iterator[list[Crowd]]:
    """All of them connected."""
    made = [Crowd(kind=kind) for kind in kinds]
    everyone: list[socket.socket] = []
    try:
        for number, crowd in enumerate(made):
            for each in range(crowd.kind.connections):
                sock = socket.socket()
                everyone.append(sock)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.bind((_address(number, each), 0))
                sock.connect(("127.0.0.1", port))
                sock.setblocking(False)
                crowd.free.append(sock)
        yield made
    finally:
        for sock in everyone:
            sock.close()


def open_loop(made: Sequence[Crowd], rate: float, *, warm: float, seconds: float) -> None:
    """All crowds together send `rate` requests a second. What is due in the first `warm` seconds
    does not count. Raises LoadError if a connection ends."""
    expovariate = random.Random(rate).expovariate
    with select.epoll() as epoll:
        by_fd: dict[int, tuple[socket.socket, Crowd]] = {}
        for crowd in made:
            crowd.forget()
            for sock in crowd.free:
                epoll.register(sock.fileno(), select.EPOLLIN)
                by_fd[sock.fileno()] = sock, crowd
        sent: dict[int, float] = {}
        begin = now = time.perf_counter()
        counts, end = begin + warm, begin + warm + seconds
        rates = [rate * crowd.kind.share for crowd in made]
        due = [begin + expovariate(each) for each in rates]
        while now < end or (sent and now < end + PATIENCE):
            for each, crowd in enumerate(made):
                while due[each] <= now and due[each] < end:
                    is_counted = due[each] >= counts
                    crowd.offered += is_counted
                    if crowd.free:
                        sock = crowd.free.pop()
                        sent[sock.fileno()] = due[each]
                        sock.send(crowd.request)
                    else:
                        crowd.unsent += is_counted
                    due[each] += expovariate(rates[each])
            wait = min(due) - time.perf_counter() if now < end else 0.1
            for fd, _ in epoll.poll(max(0.0, min(wait, 0.1)), MOST):  # by whole milliseconds
                sock, crowd = by_fd[fd]
                _answered(sock, crowd, sent.pop(fd, None), counts)
            now = time.perf_counter()
        for fd in sent:
            by_fd[fd][1].lost += 1


def closed(crowd: Crowd, connections: int, *, warm: float, seconds: float) -> float:
    """What so many clients get who ask again as soon as they are answered: answers a second."""
    chosen = [crowd.free[each] for each in range(connections)]
    with select.epoll() as epoll:
        by_fd = {sock.fileno(): sock for sock in chosen}
        for sock in chosen:
            epoll.register(sock.fileno(), select.EPOLLIN)
            sock.send(crowd.request)
        done, begin = 0, time.perf_counter()
        while (now := time.perf_counter()) < begin + warm + seconds:
            for fd, _ in epoll.poll(0.1, MOST):
                if not by_fd[fd].recv(65536).startswith(b"HTTP/1.1 200 "):
                    raise LoadError("an answer that is none")
                done += now >= begin + warm
                by_fd[fd].send(crowd.request)
        for sock in chosen:
            sock.setblocking(True)
            sock.recv(65536)
            sock.setblocking(False)
    return done / seconds


def _answered(sock: socket.socket, crowd: Crowd, was_due: float | None, counts: float) -> None:
    data = sock.recv(65536)
    if not data or was_due is None:
        raise LoadError(f"a connection of {crowd.kind.host} was closed")
    if was_due >= counts:
        status = int(data[9:12])
        crowd.latencies.setdefault(status, []).append(time.perf_counter() - was_due)
    crowd.free.append(sock)


def _address(kind: int, number: int) -> str:
    return f"127.{10 + kind}.1.{1 + number % ADDRESSES}"
