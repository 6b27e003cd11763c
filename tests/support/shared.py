"""A pool whose endpoint speaks HTTP/2, with exchanges that only note what they are told."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from porch import clock
from porch.balance.endpoint import Endpoint
from porch.clock import Deadlines
from porch.errors import PorchError
from porch.forward.address import TWO
from porch.forward.pool import Pool
from porch.http.h1 import HeadLimits
from porch.http.message import RequestHead
from porch.route.route import Route
from tests.support.dialer import FakeDialer
from tests.support.h2_origin import H2Origin
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport

__all__ = ["Asking", "Bench", "request"]


def request(length: int | None = 0, **more: Any) -> RequestHead:
    """A head to send."""
    return RequestHead(b"PUT", b"/a", b"x", b"http", [], length, **more)


class Taking:
    """The client of an exchange. waits: bytes that it has not taken."""

    waits = 0

    def unsent(self) -> int:
        return self.waits


class Asking:
    """An exchange, as a pool and a stream see it. said: the pieces of the answer."""

    answer_done = client_full = sips = False

    def __init__(self, endpoint: Endpoint) -> None:
        self.route = Route(key="*")
        self.request = SimpleNamespace(upgrade=None)
        self.endpoint = endpoint
        self.client = Taking()
        self.reused = False
        self.started = clock.monotonic()
        self.stream: Any = None
        self.error: PorchError | None = None
        self.said: list[tuple[Any, bytes, bool]] = []
        self.is_full = False

    def on_connected(self, stream: Any) -> None:
        self.stream = stream

    def on_connect_failed(self, error: PorchError) -> None:
        self.error = error

    def on_response(self, head: Any, data: bytes, end: bool) -> None:
        self.said.append((head, data, end))

    def on_upstream_lost(self, error: PorchError) -> None:
        self.error = error

    def on_upstream_full(self) -> None:
        self.is_full = True

    def on_upstream_drained(self) -> None:
        self.is_full = False

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data, _ in self.said)


class Bench:
    """The pool with its fakes around it. origins: of the connections that were settled.

    descriptor: of the socket of the next connection.
    """

    descriptor = -1

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, protocols: tuple[str, ...] = TWO, tls: bool = False
    ) -> None:
        self.clock = FakeClock(monkeypatch)
        monkeypatch.setattr("porch.forward.h2.unsent", FakeTransport.get_write_buffer_size)
        self.loop = FakeLoop(self.clock)
        self.deadlines = Deadlines()
        self.transports: list[FakeTransport] = []
        self.origins: list[H2Origin] = []
        self.dialer = FakeDialer(self._connect, protocols, tls)
        dialer: Any = self.dialer
        self.pool = Pool("e", dialer, self.deadlines, HeadLimits(), 16)
        self.endpoint = Endpoint("e", self.pool)

    def _connect(self) -> FakeTransport:
        self.transports.append(FakeTransport(self.loop, {"socket": FakeSocket(self.descriptor)}))
        return self.transports[-1]

    def ask(self, exchange: Asking | None = None) -> Asking:
        """An exchange that asks the pool."""
        asking: Any = exchange or Asking(self.endpoint)

        def ask() -> None:
            stream = self.pool.acquire(asking)
            if stream is not None:
                asking.on_connected(stream)

        self.loop.run(ask)
        return asking  # type: ignore[no-any-return]

    def ask_now(self) -> Asking:
        """One for which there is a stream, asked for inside the loop or outside."""
        asking: Any = Asking(self.endpoint)
        asking.stream = self.pool.acquire(asking)
        return asking  # type: ignore[no-any-return]

    def settle(self, settings: dict[int, int] | None = None, at: int = -1) -> H2Origin:
        """The origin of a connection says its settings."""
        made = H2Origin(self.transports[at], self.loop.run, settings)
        self.origins.append(made)
        return made

    def sent(self, exchange: Asking, head: RequestHead | None = None) -> int:
        """The exchange sends a whole request; its stream."""
        self.loop.run(lambda: exchange.stream.send(head or request(), b"", True))
        self.origins[-1].hear()
        number: int = exchange.stream.number
        return number

    def close(self) -> None:
        """End what still runs."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.settle()
        assert self.loop.problems == []
        self.loop.close()

    def pass_time(self, seconds: float) -> None:
        """Tick by tick, as in a worker."""
        until = self.clock.time + seconds
        while self.clock.time < until:
            self.clock.time = min(until, self.clock.time + clock.TICK)
            clock.tick()
            self.loop.run(self.deadlines.check)
