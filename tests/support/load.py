"""Load: clients that notice everything a door does to them.

Not a benchmark: a rate is kept, so that a slow moment shows in the latencies and not in the
number of requests. The clients run in one thread beside the test, on loopback.
"""

import asyncio
import contextlib
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from tests.support.echo import LoopThread, frame_end, frame_of, payload_of

__all__ = ["Load", "Loss", "Tally"]

PATIENCE = 15.0
"""Seconds after which an answer counts as lost."""
OPENING = 50
"""Connections that are opened at the same time."""


@dataclass(frozen=True, slots=True)
class Loss:
    """port: the client's, by which a test finds which worker had it. what: in words."""

    port: int
    what: str


@dataclass(slots=True)
class Tally:
    """What the clients saw.

    failed: requests with no whole answer, or with a status of 500 and more. closed: connections
    that the door ended between two requests, though no answer had said so; told: those whose
    last answer had said so (Connection: close). bodies: how often each was answered. idle,
    sockets: connections and WebSockets that were open and answered at the end. lost: idle
    connections and WebSockets that were not; a WebSocket that was told says "close" and a code.
    latencies: in seconds, of those that ask again and again.
    """

    answered: int = 0
    failed: list[Loss] = field(default_factory=list)
    closed: list[Loss] = field(default_factory=list)
    told: list[Loss] = field(default_factory=list)
    bodies: Counter[bytes] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    idle: int = 0
    sockets: int = 0
    lost: list[Loss] = field(default_factory=list)

    @property
    def harm(self) -> list[Loss]:
        """All that a reload must not do."""
        return [*self.failed, *self.closed, *self.told, *self.lost]

    def percentile(self, share: float) -> float:
        """Seconds within which this share of the requests was answered."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def __str__(self) -> str:
        parts = [f"{self.answered} answered"]
        for word in ("failed", "closed", "told", "lost"):
            kinds = Counter(loss.what for loss in getattr(self, word))
            parts.append(f"{kinds.total()} {word} {dict(kinds) if kinds else ''}".strip())
        if self.latencies:
            p50, p99, most = (self.percentile(share) * 1000 for share in (0.5, 0.99, 1))
            parts.append(f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {most:.1f} ms")
        parts.append(f"{self.idle} idle and {self.sockets} WebSockets open at the end")
        return "; ".join(parts)


class Load:
    """Clients of the door at `port`; they begin with `with`, all of them connected.

    callers: keep-alive connections that ask for `path` again and again, `rate` requests a second
    together. idle: connections that ask once and then wait. sockets: WebSockets, each of which
    says something every `every` seconds. Who is closed comes again. `finish` ends it.
    """

    def __init__(
        self,
        port: int,
        *,
        callers: int = 20,
        rate: float = 400.0,
        idle: int = 0,
        sockets: int = 0,
        **more: Any,
    ) -> None:
        path, host, self.every = _options(**more)
        self.tally = Tally()
        self.port = port
        self.request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        self.handshake = (
            f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()
        self.period = callers / rate if callers else 0.0
        self.is_over = False
        self._callers = [_Caller(self, self.period * n / callers) for n in range(callers)]
        self._idle = [_Caller(self, None) for _ in range(idle)]
        self._sockets = [_Socket(self, self.every * n / sockets) for n in range(sockets)]
        self._ends: list[_Caller | _Socket] = [*self._callers, *self._idle, *self._sockets]
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "Load":
        self._thread = LoopThread()
        try:
            self._thread.run(self._open_all())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if not self.is_over:
            self._thread.run(self._close())
        self._thread.close()

    def finish(self) -> Tally:
        """Let what is asked be answered, look at all that should be open, and close."""
        self._thread.run(self._finish())
        return self.tally

    @property
    def ports(self) -> set[int]:
        """The clients' ends of the connections that ask again and again."""
        return {each.port for each in self._callers}

    def answers(self, more: int) -> None:
        """Wait until so many more requests have been answered."""
        wanted = self.tally.answered + more
        self.wait(lambda tally: tally.answered >= wanted)

    def wait(self, true: Callable[[Tally], bool]) -> None:
        """Wait until something is so of the tally."""
        until = time.monotonic() + PATIENCE
        while not true(self.tally):
            assert time.monotonic() < until, f"not within {PATIENCE:g} s: {self.tally}"
            time.sleep(0.005)

    def come_again(self, end: "_Caller | _Socket", seconds: float = 0.02) -> None:
        """Connect once more, a little later."""
        if not self.is_over:
            asyncio.get_running_loop().call_later(seconds, self._come, end)

    def _come(self, end: "_Caller | _Socket") -> None:
        task = asyncio.get_running_loop().create_task(self._connect(end))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, end: "_Caller | _Socket") -> None:
        if self.is_over:
            return
        try:
            loop = asyncio.get_running_loop()
            await asyncio.wait_for(
                loop.create_connection(lambda: end, "127.0.0.1", self.port), PATIENCE
            )
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else repr(error)
            self.tally.failed.append(Loss(0, f"cannot connect: {why}"))
            self.come_again(end, 0.1)

    async def _open_all(self) -> None:
        ends = self._ends
        for first in range(0, len(ends), OPENING):
            some = ends[first : first + OPENING]
            await asyncio.gather(*(self._connect(end) for end in some))
            await asyncio.gather(
                *(asyncio.wait_for(end.ready.wait(), PATIENCE) for end in some if end.waits)
            )

    async def _finish(self) -> None:
        """No reconnects from here; what is under way has its time."""
        self.is_over = True
        for caller in self._callers:
            await caller.wait_answer()
        for end in self._ends[len(self._callers) :]:
            end.check()
        for idle in self._idle:
            self.tally.idle += await idle.wait_answer()
        for sock in self._sockets:
            self.tally.sockets += await sock.wait_echo()
        await self._close()

    async def _close(self) -> None:
        self.is_over = True
        for task in [*self._tasks]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for end in self._ends:
            end.close()


def _options(path: str = "/", host: str = "a.test", every: float = 2.0) -> tuple[str, str, float]:
    return path, host, every


class _Caller(asyncio.Protocol):
    """One client. after: seconds until it first asks; None: it asks once, then only if told to."""

    def __init__(self, load: Load, after: float | None) -> None:
        self._load = load
        self._after = after
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._asked_at = 0.0
        self._is_told = False
        self._quiet = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._patience: asyncio.TimerHandle | None = None
        self.port = 0
        self.ready = asyncio.Event()
        self.waits = after is None

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.port = transport.get_extra_info("sockname")[1]
        self._buffer = b""
        self._is_told = False
        self._quiet.set()
        if self._after is None:
            self._ask()
        else:
            self._later(self._after)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, rest = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        lower = head.lower()
        found = lower.find(b"content-length:")
        size = int(lower[found + 15 :].split(b"\r\n", 1)[0]) if found >= 0 else 0
        if len(rest) < size:
            return
        self._buffer = rest[size:]
        self._answered(int(head[9:12]), b"connection: close" in lower, rest[:size])

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is None:
            return
        self._transport = None
        tally = self._load.tally
        how = "reset" if isinstance(error, ConnectionError) else "closed"
        if self._asked_at:
            part = "in the middle of" if self._buffer else "before"
            tally.failed.append(Loss(self.port, f"{how} {part} an answer"))
        elif self._is_told:
            tally.told.append(Loss(self.port, "told"))
        else:
            tally.closed.append(Loss(self.port, how))
            if self._after is None:
                tally.lost.append(Loss(self.port, how))
        self._end_wait()
        if self._timer is not None:
            self._timer.cancel()
        self._load.come_again(self)

    def check(self) -> None:
        """Ask, if the connection is open."""
        if self._transport is not None:
            self._ask()

    async def wait_answer(self) -> bool:
        """Whether the last request was answered; it has its time for that."""
        await self._quiet.wait()
        return self._transport is not None

    def close(self) -> None:
        transport, self._transport = self._transport, None
        for timer in (self._timer, self._patience):
            if timer is not None:
                timer.cancel()
        if transport is not None:
            transport.abort()

    def _later(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ask_again)

    def _ask_again(self) -> None:
        if not self._load.is_over:
            self._ask()

    def _ask(self) -> None:
        if self._transport is None or self._asked_at:
            return
        self._asked_at = time.monotonic()
        self._quiet.clear()
        self._patience = asyncio.get_running_loop().call_later(PATIENCE, self._give_up)
        self._transport.write(self._load.request)

    def _answered(self, status: int, is_told: bool, body: bytes) -> None:
        tally, load = self._load.tally, self._load
        took = time.monotonic() - self._asked_at
        self._is_told = is_told
        if status >= 500:
            tally.failed.append(Loss(self.port, f"status {status}"))
        else:
            tally.answered += 1
            tally.bodies[body] += 1
            if self._after is not None:
                tally.latencies.append(took)
        self._end_wait()
        self.ready.set()
        if self._after is not None and not is_told:
            self._later(max(0.0, load.period - took))

    def _give_up(self) -> None:
        self._load.tally.failed.append(Loss(self.port, f"no answer in {PATIENCE:g} s"))
        transport, self._transport = self._transport, None
        self._end_wait()
        if transport is not None:
            transport.abort()
        self._load.come_again(self)

    def _end_wait(self) -> None:
        self._asked_at = 0.0
        self._quiet.set()
        if self._patience is not None:
            self._patience.cancel()


class _Socket(asyncio.Protocol):
    """One WebSocket."""

    def __init__(self, load: Load, after: float) -> None:
        self._load = load
        self._after = after
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._is_open = False
        self._said = itertools.count(1)
        self._wanted = b""
        self._end = ""
        self._heard = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self.port = 0
        self.ready = asyncio.Event()
        self.waits = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.port = transport.get_extra_info("sockname")[1]
        self._buffer, self._is_open, self._end = b"", False, ""
        transport.write(self._load.handshake)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, gap, rest = self._buffer.partition(b"\r\n\r\n")
            if not gap:
                return
            self._buffer = rest
            if not head.startswith(b"HTTP/1.1 101 "):
                self._load.tally.failed.append(Loss(self.port, f"handshake {head[9:12].decode()}"))
                return
            self._is_open = True
            self.ready.set()
            self._timer = asyncio.get_running_loop().call_later(self._after, self._speak)
        while end := frame_end(self._buffer):
            frame, self._buffer = self._buffer[:end], self._buffer[end:]
            payload = payload_of(frame)
            if frame[0] & 15 == 8:
                self._end = f"close {int.from_bytes(payload[:2])}"
            elif payload == self._wanted:
                self._wanted = b""
                self._heard.set()

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is None:
            return
        self._transport = None
        self._heard.set()
        how = self._end or ("reset" if isinstance(error, ConnectionError) else "cut")
        self._load.tally.lost.append(Loss(self.port, how))
        if self._timer is not None:
            self._timer.cancel()
        self._load.come_again(self)

    def check(self) -> None:
        """Say something, if it is open."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None and self._is_open:
            self._say()

    async def wait_echo(self) -> bool:
        """Whether it is open and has echoed what was said last."""
        if self._transport is None or not self._is_open:
            return False
        try:
            await asyncio.wait_for(self._heard.wait(), PATIENCE)
        except TimeoutError:
            self._load.tally.lost.append(Loss(self.port, "no echo"))
        return not self._wanted and self._transport is not None

    def close(self) -> None:
        transport, self._transport = self._transport, None
        if self._timer is not None:
            self._timer.cancel()
        if transport is not None:
            transport.abort()

    def _speak(self) -> None:
        self._say()
        if self._load.every:
            self._timer = asyncio.get_running_loop().call_later(self._load.every, self._speak)

    def _say(self) -> None:
        if self._transport is not None:
            self._wanted = b"%d says %d" % (self.port, next(self._said))
            self._heard.clear()
            self._transport.write(frame_of(1, self._wanted, masked=True))
