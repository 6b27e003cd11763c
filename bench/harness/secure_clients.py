"""The clients of `clients.py` over TLS. Their handshakes' ends leave together with a request."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

from OpenSSL import SSL

from harness.clients import OK, Clients, LoadError, NewConnections, connect, left_of
from harness.messages import BODY, LARGE
from harness.tls import MUCH, End, opened

__all__ = ["SecureDownloads", "SecureKeepAlive", "SecureNewConnections"]


class _Kept:
    """One connection, its handshake done when it is made but for the first request."""

    __slots__ = ("_end", "_requests", "done", "socket")

    def __init__(self, port: int, epoll: select.epoll, requests: Iterator[bytes]) -> None:
        self.socket = connect(port, epoll)
        self.done = 0
        self._requests = requests

    def start(self) -> None:
        self.socket.settimeout(5)
        self._end = opened(self.socket, next(self._requests))
        self.socket.setblocking(False)

    def _ask(self) -> None:
        self.socket.send(self._end.encrypted(next(self._requests)))

    def _received(self) -> bytes:
        data = self.socket.recv(MUCH)
        if not data:
            raise LoadError("closed a kept connection")
        return self._end.decrypted(data)


class SecureKeepAlive(_Kept):
    """GETs of the small body over one connection."""

    __slots__ = ("_held",)

    def __init__(self, port: int, epoll: select.epoll, requests: Iterator[bytes]) -> None:
        super().__init__(port, epoll, requests)
        self._held = b""

    def on_event(self, events: int) -> None:
        self._held = data = self._held + self._received()
        if not data.endswith(BODY):
            return
        if not data.startswith(OK):
            raise LoadError(f"answered {data[:60]!r}")
        self._held = b""
        self.done += 1
        self._ask()


class SecureDownloads(_Kept):
    """GETs of 1 MiB over one connection."""

    __slots__ = ("_head", "_left")

    def __init__(self, port: int, epoll: select.epoll, requests: Iterator[bytes]) -> None:
        super().__init__(port, epoll, requests)
        self._head = b""
        self._left = 0

    def on_event(self, events: int) -> None:
        data = self._received()
        if not self._left:
            self._on_head(data)
            return
        self._left -= len(data)
        if not self._left:
            self.done += 1
            self._ask()

    def _on_head(self, data: bytes) -> None:
        self._head += data
        self._left = left_of(LARGE, self._head)
        if self._left:
            self._head = b""


class SecureNewConnections(NewConnections):
    """The same with a handshake each. resumes: each but the first with the ticket of the one
    before."""

    __slots__ = ("_end", "_resumes", "_session", "_shaken")

    def __init__(
        self,
        port: int,
        epoll: select.epoll,
        requests: Iterator[bytes],
        clients: Clients,
        *,
        resumes: bool,
    ) -> None:
        self._resumes = resumes
        self._shaken = False
        self._session: SSL.Session | None = None
        super().__init__(port, epoll, requests, clients)

    def start(self) -> None:
        self.socket.send(self._end.hello())

    def on_event(self, events: int) -> None:
        data = self.socket.recv(65536)
        if not data:
            if self._resumes:
                self._session = self._end.ended()
            self._on_close()
        elif self._shaken:
            self._held += self._end.decrypted(data)
        else:
            answer = self._end.shake(data, next(self._requests))
            if answer:
                self._shaken = True
                self.socket.send(answer)

    def _connect(self) -> socket.socket:
        self._end = End(self._session)
        self._shaken = False
        return super()._connect()
