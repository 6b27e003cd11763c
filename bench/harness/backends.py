"""Backends that die, hang, slow down and fail: real processes, on ports that stay theirs.

Run as a program it is one of them: an HTTP/1.1 server that writes a line for each request it was
sent and does what it is told on its standard input (`delay 0.2`, `failing 0.1`).
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from harness.process import free_port

__all__ = ["Backend", "twice"]


class Backend:
    """One of them. log: a line a request: when (time.monotonic), method, path."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.port = free_port()
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and return when it does."""
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self.port), str(self.log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)},
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"serves\n":
            raise RuntimeError(f"backend {self.name} did not start")

    def tell(self, words: str) -> None:
        """Have it behave otherwise: `delay SECONDS`, `failing SHARE` (of its answers are 500)."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(words.encode() + b"\n")
        self._process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        """SIGSTOP and SIGCONT; for SIGKILL and SIGTERM see `end`."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it; SIGTERM lets it finish what runs."""
        if self._process is not None:
            self._process.send_signal(number)
            if number == signal.SIGKILL:
                self._process.send_signal(signal.SIGCONT)
            self._process.wait(10)
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None

    def requests(self) -> list[tuple[float, str, str]]:
        """What it was sent so far: (when, method, path)."""
        if not self.log.exists():
            return []
        lines = (line.split() for line in self.log.read_text().splitlines())
        return [(float(each[0]), each[1], each[2]) for each in lines if len(each) == 3]


def twice(backends: list[Backend]) -> int:
    """POSTs that ran more than once; each has a path of its own."""
    found = Counter(
        path for each in backends for _, method, path in each.requests() if method == "POST"
    )
    return sum(1 for count in found.values() if count > 1)


class _Server(asyncio.Protocol):
    delay = 0.002
    failing = 0.0
    running = 0
    stopping = False
    log = -1
    idle: asyncio.Event

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head, self._data = self._data[:end], self._data[end + 4 :]
            method, path, _ = head.split(b"\r\n", 1)[0].split(b" ")
            os.write(self.log, b"%.6f %s %s\n" % (time.monotonic(), method, path))
            _Server.running += 1
            asyncio.get_running_loop().call_later(self.delay, self._answer)

    def _answer(self) -> None:
        _Server.running -= 1
        status = b"500 No" if random.random() < self.failing else b"200 OK"
        close = b"Connection: close\r\n" if self.stopping else b""
        self._transport.write(b"HTTP/1.1 %s\r\n%sContent-Length: 2\r\n\r\nok" % (status, close))
        if self.stopping:
            self._transport.close()
            if not self.running:
                self.idle.set()


async def _serve(port: int, log: str) -> None:
    loop = asyncio.get_running_loop()
    _Server.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    server = await loop.create_server(_Server, "127.0.0.1", port, backlog=1024)
    over = asyncio.Event()
    _Server.idle = asyncio.Event()

    def hear() -> None:
        line = os.read(0, 4096)
        if not line:
            os._exit(0)  # whoever started it has gone
        for words in line.decode().splitlines():
            word, value = words.split()
            setattr(_Server, word, float(value))

    def stop() -> None:
        _Server.stopping = True
        server.close()
        over.set()

    loop.add_reader(0, hear)
    loop.add_signal_handler(signal.SIGTERM, stop)
    print("serves", flush=True)
    await over.wait()
    if _Server.running:
        await _Server.idle.wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
