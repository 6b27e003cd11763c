"""The clients of a closed loop: each sends its next request when it has the whole last answer.

One object a connection, driven by `harness/load.py`. An answer that is not 200, or is not whole,
raises LoadError: a figure is of good answers alone, or it is none.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from typing import Protocol

from harness.messages import BODY, LARGE

__all__ = [
    "OK",
    "Client",
    "Clients",
    "Downloads",
    "KeepAlive",
    "LoadError",
    "NewConnections",
    "Uploads",
    "connect",
    "left_of",
]

OK = b"HTTP/1.1 200 "
COUNT = b"\r\n\r\n%d\n" % LARGE
SINK = bytearray(LARGE)


class LoadError(Exception):
    """The proxy did not answer as it has to; the text says how."""


class Watcher(Protocol):
    """Whoever is told of a socket's events."""

    def on_event(self, events: int) -> None:
        """The socket can be read, or written to (epoll's words)."""


class Client(Watcher, Protocol):
    """One client. `done` counts its exchanges."""

    done: int
    socket: socket.socket

    def start(self) -> None:
        """Send the first request."""


Clients = dict[int, Watcher]


class KeepAlive:
    """GETs of a small body over one connection."""

    __slots__ = ("_body", "_held", "_recv", "_requests", "_send", "done", "socket")

    def __init__(
        self, port: int, epoll: select.epoll, requests: Iterator[bytes], body: bytes = BODY
    ) -> None:
        self._body = body
        self.socket = connect(port, epoll)
        self.done = 0
        self._requests = requests
        self._recv = self.socket.recv
        self._send = self.socket.send
        self._held = b""

    def start(self) -> None:
        self._send(next(self._requests))

    def on_event(self, events: int) -> None:
        data = self._recv(65536)
        if self._held or not data.endswith(self._body):
            self._held = data = _more(self._held, data)
            if not data.endswith(self._body):
                return
            self._held = b""
        if not data.startswith(OK):
            raise LoadError(f"answered {data[:60]!r}")
        self.done += 1
        self._send(next(self._requests))


class NewConnections:
    """One GET of the small body a connection; the next connection is made when this one closed."""

    __slots__ = ("_clients", "_epoll", "_held", "_port", "_requests", "done", "socket")

    def __init__(
        self,
        port: int,
        epoll: select.epoll,
        requests: Iterator[bytes],
        clients: Clients,
    ) -> None:
        self.done = 0
        self._port = port
        self._epoll = epoll
        self._requests = requests
        self._clients = clients
        self._held = b""
        self.socket = self._connect()

    def start(self) -> None:
        self.socket.send(next(self._requests))

    def on_event(self, events: int) -> None:
        data = self.socket.recv(65536)
        if data:
            self._held += data
        else:
            self._on_close()

    def _on_close(self) -> None:
        if not self._held.startswith(OK) or not self._held.endswith(BODY):
            raise LoadError(f"closed after {self._held[:60]!r}")
        self._held = b""
        self.done += 1
        # The proxy closed first, so that no port of ours waits in TIME_WAIT.
        del self._clients[self.socket.fileno()]
        self.socket.close()
        self.socket = self._connect()
        self._clients[self.socket.fileno()] = self
        self.start()

    def _connect(self) -> socket.socket:
        """A connection made with few system calls, since the load's core does more here than usual.

        It blocks, but is read only when there is something, and a request fits its buffer.
        """
        sock = socket.socket()
        sock.connect(("127.0.0.1", self._port))
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        return sock


class Downloads:
    """GETs of a large body over one connection. size: more than comes with its head."""

    __slots__ = ("_head", "_left", "_requests", "_size", "done", "socket")

    def __init__(
        self, port: int, epoll: select.epoll, requests: Iterator[bytes], size: int = LARGE
    ) -> None:
        self._size = size
        self.socket = connect(port, epoll)
        self.done = 0
        self._requests = requests
        self._head = b""
        self._left = 0

    def start(self) -> None:
        self.socket.send(next(self._requests))

    def on_event(self, events: int) -> None:
        if not self._left:
            self._on_head()
        else:
            # MSG_TRUNC: the kernel throws the bytes away instead of copying them to us.
            got = self.socket.recv_into(SINK, min(self._left, LARGE), socket.MSG_TRUNC)
            if not got:
                raise LoadError(f"closed with {self._left} bytes of the body to come")
            self._left -= got
            if not self._left:
                self.done += 1
                self.start()

    def _on_head(self) -> None:
        self._head = _more(self._head, self.socket.recv(16384))
        self._left = left_of(self._size, self._head)
        if self._left:
            self._head = b""


class Uploads:
    """POSTs of 1 MiB over one connection; the answer is the origin's count of the bytes."""

    __slots__ = ("_epoll", "_held", "_request", "_unsent", "done", "socket")

    def __init__(self, port: int, epoll: select.epoll, request: bytes) -> None:
        self.socket = connect(port, epoll)
        self.done = 0
        self._epoll = epoll
        self._request = memoryview(request)
        self._unsent = self._request
        self._held = b""

    def start(self) -> None:
        self._unsent = self._request
        self._epoll.modify(self.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def on_event(self, events: int) -> None:
        if events & select.EPOLLOUT:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
            if not self._unsent:
                self._epoll.modify(self.socket.fileno(), select.EPOLLIN)
        if events & ~select.EPOLLOUT:
            self._on_answer()

    def _on_answer(self) -> None:
        self._held = data = _more(self._held, self.socket.recv(16384))
        if self._unsent or not data.startswith(OK):
            raise LoadError(f"answered {data[:60]!r}, {len(self._unsent)} bytes were unsent")
        if data.endswith(COUNT):
            self._held = b""
            self.done += 1
            self.start()


def connect(port: int, epoll: select.epoll) -> socket.socket:
    """A connection to 127.0.0.1:`port` that doesn't block, watched for what can be read."""
    sock = socket.socket()  # create_connection() would ask the resolver each time
    sock.settimeout(5)
    sock.connect(("127.0.0.1", port))
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    epoll.register(sock.fileno(), select.EPOLLIN)
    return sock


def left_of(size: int, begun: bytes) -> int:
    """Bytes that are to come of an answer with a body of `size`; 0 as long as its head is not
    whole, and the end of a body comes later than its head."""
    end = begun.find(b"\r\n\r\n")
    if end < 0:
        return 0
    length = b"content-length: %d\r\n" % size
    if not begun.startswith(OK) or length not in begun[: end + 2].lower():
        raise LoadError(f"answered {begun[:200]!r}")
    return size - (len(begun) - end - 4)


def _more(held: bytes, data: bytes) -> bytes:
    if not data:
        raise LoadError(f"closed after {held[:60]!r}")
    return held + data
