"""The origin of gRPC: one connection over h2c, each call answered with one message and a status.

It checks little, as `origin.py` does, in whose loop it runs.
"""

from __future__ import annotations

import select
import socket

from ngh2 import Configuration, Connection, NGH2Error, Role
from ngh2.events import DataReceived

from harness.messages import BODY

__all__ = ["FIELDS", "MESSAGE", "PATH", "STATUS", "GrpcConnection"]

PATH = "/bench.Echo/Unary"
FIELDS = (("content-type", "application/grpc"), ("te", "trailers"))
"""What a client says on top of the pseudo-fields."""
MESSAGE = b"\0" + len(BODY).to_bytes(4, "big") + BODY
"""The one message of a call, and the one of its answer: not compressed, length, content."""
STATUS = (b"grpc-status", b"0")

HEAD = (
    (b":status", b"200"),
    (b"server", b"origin"),
    (b"date", b"Mon, 05 Jan 2026 12:00:00 GMT"),
    (b"content-type", b"application/grpc"),
)
SETTINGS = {3: 1000}  # SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 6.5.2)


class GrpcConnection:
    """One connection of a proxy, with as many calls at once as it likes."""

    __slots__ = ("_codec", "_epoll", "_unsent", "socket")

    def __init__(self, sock: socket.socket, epoll: select.epoll) -> None:
        self.socket = sock
        self._epoll = epoll
        self._codec = Connection(Role.SERVER, Configuration())
        self._codec.initiate_connection(SETTINGS)
        self._unsent = b""

    def on_event(self, events: int) -> bool:
        """Take what came and send what fits. False: the connection is over."""
        codec = self._codec
        if not events & select.EPOLLOUT:
            data = self.socket.recv(65536)
            if not data:
                return False
            try:
                codec.receive_data(data)
                for event in codec.events():
                    if event.__class__ is DataReceived and event.end_stream:
                        self._answer(event.stream_id)
            except NGH2Error:
                return False
        return self._send()

    def _answer(self, stream: int) -> None:
        codec = self._codec
        codec.send_response(stream, HEAD)
        codec.send_data(stream, MESSAGE)
        codec.send_trailers(stream, (STATUS,))

    def _send(self) -> bool:
        waited = bool(self._unsent)
        data = self._unsent + self._codec.data_to_send()
        sent = self.socket.send(data) if data else 0
        self._unsent = data[sent:]
        if waited != bool(self._unsent):
            self._epoll.modify(
                self.socket.fileno(), select.EPOLLOUT if self._unsent else select.EPOLLIN
            )
        return True
