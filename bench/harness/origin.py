"""The origin behind the proxies: as little work as possible, so that it never is what limits.

GET of any path is answered with a body of 100 bytes, of /medium with 64 KiB, of /large with 1 MiB,
of what stands under /cached/ with 1 KiB, 64 KiB or 10 MiB that may be kept for an hour, of
/coded/json with 90 KB of JSON;
POST takes a body of a
known length and answers with the count of its bytes. Its client is a proxy of this bench, so it
checks little; a body of unknown length is 501, and a row fails on it.

It runs in the load's own loop: two processes on one core would be timed against each other, and a
latency would tell of the scheduler's slices (3 ms at the 99th percentile).
"""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from harness.grpc_origin import GrpcConnection
from harness.messages import BODY, HUGE, KIB, LARGE, MEDIUM
from harness.texts import text

__all__ = ["Origin"]

HEAD = (
    b"HTTP/1.1 %b\r\nDate: Mon, 05 Jan 2026 12:00:00 GMT\r\nServer: origin\r\n"
    b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
)
FRESH = HEAD.replace(b"\r\n\r\n", b'\r\nCache-Control: max-age=3600\r\nETag: "e"\r\n\r\n')
FRESH = FRESH.replace(b"Date: Mon, 05 Jan 2026 12:00:00 GMT\r\n", b"")
JSON = text("JSON", 90_000)
CODED = HEAD.replace(b"text/plain", b"application/json")
SMALL = HEAD % (b"200 OK", len(BODY)) + BODY
DOWNLOADS = {
    b"/medium": memoryview(HEAD % (b"200 OK", MEDIUM) + b"d" * MEDIUM),
    b"/large": memoryview(HEAD % (b"200 OK", LARGE) + b"d" * LARGE),
    b"/coded/json": memoryview(CODED % (b"200 OK", len(JSON)) + JSON),
    b"/cached/medium": memoryview(FRESH % (b"200 OK", MEDIUM) + b"d" * MEDIUM),
    b"/cached/huge": memoryview(FRESH % (b"200 OK", HUGE) + b"d" * HUGE),
}
CACHED = FRESH % (b"200 OK", len(KIB)) + KIB
SINK = bytearray(LARGE)
LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\nTransfer-Encoding:", re.IGNORECASE)


class Connection:
    """One connection of a proxy. Requests come one after the other, each when it had its answer."""

    __slots__ = (
        "_awaited",
        "_closes",
        "_epoll",
        "_held",
        "_length",
        "_origin",
        "_unsent",
        "socket",
    )

    def __init__(self, sock: socket.socket, epoll: select.epoll, origin: Origin) -> None:
        self.socket = sock
        self._epoll = epoll
        self._origin = origin
        self._held = b""
        self._awaited = 0  # bytes of the request's body still to come
        self._length = 0
        self._unsent = memoryview(b"")
        self._closes = False

    def on_event(self, events: int) -> bool:
        """Take what came and send what fits. False: the connection is over."""
        if events & select.EPOLLOUT:
            return self._send_rest()
        if self._awaited:
            return self._on_body()
        data = self.socket.recv(65536)
        if not data:
            return False
        if self._held:
            data = self._held + data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._held = data
            return True
        self._held = b""
        return self._on_request(data[: end + 4], len(data) - end - 4)

    def _on_request(self, head: bytes, body: int) -> bool:
        self._origin.requests += 1
        if b"onnection: close" in head or b"onnection: Close" in head:
            self._closes = True
        if head.startswith(b"GET "):
            path = head[4 : head.find(b" ", 4)]
            small = CACHED if path.startswith(b"/cached/") else SMALL
            return self._send(DOWNLOADS.get(path, small))
        length = LENGTH.search(head)
        if length is None or CHUNKED.search(head):
            return self._send(_answer(b"501 Not Implemented", b"no length\n"))
        self._length = int(length[1])
        self._awaited = self._length - body
        return True if self._awaited else self._send_count()

    def _on_body(self) -> bool:
        # MSG_TRUNC: the kernel throws the bytes away instead of copying them to us.
        got = self.socket.recv_into(SINK, min(self._awaited, LARGE), socket.MSG_TRUNC)
        self._awaited -= got
        if not got:
            return False
        return True if self._awaited else self._send_count()

    def _send_count(self) -> bool:
        return self._send(_answer(b"200 OK", b"%d\n" % self._length))

    def _send(self, data: bytes | memoryview) -> bool:
        sent = self.socket.send(data)
        if sent < len(data):
            self._unsent = memoryview(data)[sent:]
            self._epoll.modify(self.socket.fileno(), select.EPOLLOUT)
            return True
        return not self._closes

    def _send_rest(self) -> bool:
        self._unsent = self._unsent[self.socket.send(self._unsent) :]
        if self._unsent:
            return True
        self._epoll.modify(self.socket.fileno(), select.EPOLLIN)
        return not self._closes


class Origin:
    """All the connections, served by whoever calls `on_event`, or by `in_background()`.

    port: of HTTP/1.1. grpc_port: of gRPC, h2c.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.requests = 0
        self._epoll = select.epoll()
        self._plain = self._listen()
        self._grpc = self._listen()
        self._connections: dict[int, Connection | GrpcConnection] = {}
        self.port: int = self._plain.getsockname()[1]
        self.grpc_port: int = self._grpc.getsockname()[1]

    def fileno(self) -> int:
        """An epoll, itself readable when there is something to do."""
        return self._epoll.fileno()

    def on_event(self, _: int) -> None:
        """Do what there is to do, without waiting."""
        self._turn(0)

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Serve from a thread, slowly, for clients of ours that block."""
        over = Event()
        thread = Thread(target=self._until, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def close(self) -> None:
        """Close the listening sockets and every connection."""
        for connection in self._connections.values():
            connection.socket.close()
        self._plain.close()
        self._grpc.close()
        self._epoll.close()

    def _until(self, over: Event) -> None:
        while not over.is_set():
            self._turn(0.02)

    def _turn(self, wait: float) -> None:
        plain, grpc = self._plain.fileno(), self._grpc.fileno()
        connections = self._connections
        for fd, events in self._epoll.poll(wait):
            if fd == plain:
                sock = self._accept(self._plain)
                connections[sock.fileno()] = Connection(sock, self._epoll, self)
                continue
            if fd == grpc:
                sock = self._accept(self._grpc)
                connections[sock.fileno()] = GrpcConnection(sock, self._epoll)
                continue
            try:
                lives = connections[fd].on_event(events)
            except (ConnectionResetError, BrokenPipeError):
                lives = False
            if not lives:
                connections.pop(fd).socket.close()

    def _listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        listener.setblocking(False)
        self._epoll.register(listener.fileno(), select.EPOLLIN)
        return listener

    def _accept(self, listener: socket.socket) -> socket.socket:
        sock, _ = listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.accepted += 1
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        return sock


def _answer(status: bytes, body: bytes) -> bytes:
    return HEAD % (status, len(body)) + body
