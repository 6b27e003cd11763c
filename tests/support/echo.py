"""Echo: an origin that is cheap to ask, and the short WebSocket frames that it and Load speak."""

import asyncio
import re
import resource
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar, cast

import uvloop

from porch.http.websocket import accept_key

__all__ = ["EchoOrigin", "LoopThread", "frame_end", "frame_of", "payload_of"]

T = TypeVar("T")

_MASK = bytes(4)
"""Of frames to the door: RFC 6455 5.3 asks that there is one, and zeros change nothing."""


class LoopThread:
    """An event loop in a thread of its own, which may open as many descriptors as it is let."""

    def __init__(self) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 60.0) -> T:
        """What it returns or raises."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def close(self) -> None:
        self.run(asyncio.sleep(0.01))  # what was closed hears of it
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


class EchoOrigin:
    """Answers every request with `mark`, and echoes the messages of WebSockets.

    A path `/ms/300` is answered after 300 ms, `/held` when `release` is called. asked: requests
    that arrived. A context manager.
    """

    def __init__(self, mark: bytes = b"one", port: int = 0) -> None:
        self.mark = mark
        self.asked = 0
        self.held: list[Callable[[], None]] = []
        self._ends: set[_OriginEnd] = set()
        self._thread = LoopThread()
        self._server = self._thread.run(self._start(port))
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _start(self, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: _OriginEnd(self, self._ends), "127.0.0.1", port, backlog=4096
        )

    @property
    def connections(self) -> int:
        """Open at this moment."""
        return len(self._ends)

    def release(self) -> None:
        """Answer what is held."""

        async def release() -> None:
            while self.held:
                self.held.pop()()

        self._thread.run(release())

    def close(self) -> None:
        async def close() -> None:
            self._server.close()
            for end in [*self._ends]:
                end.transport.abort()

        self._thread.run(close())
        self._thread.close()

    def __enter__(self) -> "EchoOrigin":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _OriginEnd(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, origin: EchoOrigin, ends: "set[_OriginEnd]") -> None:
        self._origin = origin
        self._ends = ends
        self._buffer = b""
        self._is_socket = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._ends.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._ends.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while not self._is_socket and (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            self._answer(head)
        while self._is_socket and (end := frame_end(self._buffer)):
            frame, self._buffer = self._buffer[:end], self._buffer[end:]
            self.transport.write(frame_of(frame[0] & 15, payload_of(frame), masked=False))

    def _answer(self, head: bytes) -> None:
        self._origin.asked += 1
        path = head.split(b" ", 2)[1]
        mark = self._origin.mark
        if b"\r\nupgrade: websocket" in head.lower():
            self._is_socket = True
            answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            for key in re.findall(rb"(?i)\r\nsec-websocket-key: *(\S+)", head):
                answer += b"Sec-WebSocket-Accept: %b\r\n" % accept_key(key)
            self.transport.write(answer + b"Connection: Upgrade\r\n\r\n")
            return
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(mark), mark)
        if path == b"/held":
            self._origin.held.append(partial(self._write_late, answer))
        elif path.startswith(b"/ms/"):
            delay = int(path[4:]) / 1000
            asyncio.get_running_loop().call_later(delay, self._write_late, answer)
        else:
            self.transport.write(answer)

    def _write_late(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)


def frame_of(opcode: int, payload: bytes, *, masked: bool) -> bytes:
    """A whole message of less than 126 bytes."""
    head = bytes((0x80 | opcode, len(payload) | (0x80 if masked else 0)))
    return head + (_MASK if masked else b"") + payload


def frame_end(data: bytes) -> int:
    """Where the first frame ends, 0 if it is not whole. Only short frames are spoken here."""
    if len(data) < 2:
        return 0
    size = data[1] & 0x7F
    assert size < 126, "a longer frame than any that was sent"
    end = 2 + (4 if data[1] & 0x80 else 0) + size
    return end if len(data) >= end else 0


def payload_of(frame: bytes) -> bytes:
    return frame[6:] if frame[1] & 0x80 else frame[2:]
