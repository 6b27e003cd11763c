"""An in-memory network: transports, a clock turned by hand and a loop that tells that time.

The transports behave as those of asyncio and uvloop do where Porch could notice: a full peer
pauses writing, a paused side gets nothing, a close lets what is written leave first, and TLS
knows no half-close.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from porch import clock

__all__ = ["FakeClock", "FakeLoop", "FakeSocket", "FakeTransport"]

HIGH = 65536
LOW = 16384
"""The marks of asyncio's transports: above the one writing is paused, at the other resumed."""

MOST_TURNS = 200
"""Turns of the loop that one event may lead to; more means that something spins."""


class FakeClock:
    """Stands in for the clock of `porch.clock`; moves only when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = 1000.0
        monkeypatch.setattr(clock, "monotonic", lambda: self.time)
        monkeypatch.setattr(clock, "wall", lambda: self.time + 1.7e9)
        monkeypatch.setattr(clock, "now", self.time)
        monkeypatch.setattr(clock, "milliseconds", 0)
        monkeypatch.setattr(clock, "date", clock.date)
        clock.tick()

    def advance(self, seconds: float) -> None:
        """So many seconds go by, and `porch.clock` has seen it."""
        self.time += seconds
        clock.tick()


class FakeLoop(asyncio.SelectorEventLoop):
    """A private loop on a FakeClock. counts: calls that make a task, timer or callback."""

    def __init__(self, fake: FakeClock) -> None:
        self.fake = fake
        self.counts: dict[str, int] = {}
        self.problems: list[str] = []
        super().__init__()
        self.set_exception_handler(self._on_problem)

    def time(self) -> float:
        return self.fake.time

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        self._count("call_soon")
        return super().call_soon(callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> Any:
        self._count("call_at")
        return super().call_at(when, callback, *args, context=context)

    def create_task(self, coro: Any, **options: Any) -> Any:
        self._count("create_task")
        return super().create_task(coro, **options)

    def run(self, call: Callable[[], object]) -> None:
        """Make one call inside the loop, then let all that follows from it happen."""
        raised: list[Exception] = []

        def go() -> None:
            try:
                call()
            except Exception as error:
                raised.append(error)

        super().call_soon(go)
        self.settle()
        if raised:
            raise raised[0]

    def settle(self) -> None:
        """Turn until nothing is ready. Timers run only when the clock has come to them."""
        ready: deque[object] = self._ready  # type: ignore[attr-defined]
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        for _ in range(MOST_TURNS):
            super().call_soon(self.stop)
            self.run_forever()
            if not (ready or (timers and timers[0].when() <= self.time())):
                return
        raise AssertionError(f"the loop did not settle within {MOST_TURNS} turns")

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def _on_problem(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.problems.append(f"{context['message']}: {context.get('exception')!r}")


class FakeSocket:
    """What a transport gives as its socket. The descriptor is real, for ioctl."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.linger = False

    def fileno(self) -> int:
        return self._number

    def setsockopt(self, level: int, option: int, value: object) -> None:
        assert (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER)
        self.linger = True


class FakeTransport(asyncio.Transport):
    """One end of a connection, and what its far end sees.

    arrived: bytes at the far end that no test has taken. seen: what the far end saw happen: "",
    "half-closed", "closed", "reset". stalled: the far end reads nothing. reads, writes: counted.
    """

    def __init__(self, loop: FakeLoop, extra: dict[str, object], tls: bool = False) -> None:
        super().__init__(extra)
        self._loop = loop
        self._tls = tls
        self.protocol: asyncio.Protocol
        self.arrived = bytearray()
        self.buffer = bytearray()
        self.seen = ""
        self.stalled = False
        self.paused = False
        self.reads = self.writes = 0
        self._incoming: deque[bytes | None] = deque()
        self._closing = self._eof = self._writing_paused = self._lost = False
        self._far_ended = False

    def connect(self, protocol: asyncio.Protocol) -> None:
        self.protocol = protocol
        protocol.connection_made(self)

    # --- the near end: asyncio.Transport -----------------------------------------------------

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def write(self, data: Any) -> None:
        if self._eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        self.writes += 1
        if self._closing:
            return
        if not self.stalled:
            self.arrived += data
            return
        self.buffer += data
        if len(self.buffer) > HIGH and not self._writing_paused:
            self._writing_paused = True
            self.protocol.pause_writing()

    def writelines(self, pieces: Any) -> None:
        self.write(b"".join(pieces))

    def write_eof(self) -> None:
        if self._tls:
            raise NotImplementedError
        if self._closing or self._eof:
            return
        self._eof = True
        if not self.buffer:
            self.seen = "half-closed"

    def can_write_eof(self) -> bool:
        return not self._tls

    def get_write_buffer_size(self) -> int:
        return len(self.buffer)

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        if not self._closing:
            self.paused = True

    def resume_reading(self) -> None:
        if self.paused and not self._closing:
            self.paused = False
            self._loop.call_soon(self._deliver)

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            if not self.buffer:
                self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        self._closing = True
        self.buffer.clear()
        self._loop.call_soon(self._lose, None)

    # --- the far end -------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """The far end sends, if it can still. A paused near end gets it later."""
        self._feed(data)

    def feed_eof(self) -> None:
        """The far end closes its sending side."""
        self._feed(None)

    def reset(self) -> None:
        """The far end has gone."""
        self._closing = True
        self.buffer.clear()
        self._lose(ConnectionResetError(104, "Connection reset by peer"))

    def drain(self, most: int | None = None) -> None:
        """The far end takes `most` bytes of what is waiting, or all and reads on."""
        self.stalled = most is not None
        count = len(self.buffer) if most is None else most
        self.arrived += self.buffer[:count]
        del self.buffer[:count]
        if self._writing_paused and len(self.buffer) <= LOW:
            self._writing_paused = False
            self.protocol.resume_writing()
        if not self.buffer:
            if self._eof and not self.seen:
                self.seen = "half-closed"
            if self._closing:
                self._lose(None)

    def _feed(self, data: bytes | None) -> None:
        if not self._far_ended:
            self._far_ended = data is None
            self._incoming.append(data)
            self._deliver()

    def _deliver(self) -> None:
        while self._incoming and not self.paused and not self._closing:
            data = self._incoming.popleft()
            if data is not None:
                self.reads += 1
                protocol = self.protocol
                if isinstance(protocol, asyncio.BufferedProtocol):
                    room = memoryview(protocol.get_buffer(-1))
                    size = min(len(room), len(data))
                    room[:size] = data[:size]
                    if size < len(data):
                        self._incoming.appendleft(data[size:])
                    protocol.buffer_updated(size)
                else:
                    protocol.data_received(data)
                continue
            keep_open = self.protocol.eof_received()
            if keep_open and self._tls:
                raise AssertionError("True from eof_received has no effect over TLS, but is logged")
            if not keep_open or self._tls:
                self.close()

    def _lose(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            sock: FakeSocket = self.get_extra_info("socket")
            self.seen = "reset" if sock.linger else "closed"
            self.protocol.connection_lost(error)
