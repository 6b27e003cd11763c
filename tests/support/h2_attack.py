"""A client of HTTP/2 that sends whatever it is told to, and notes what becomes of it."""

import contextlib
import socket
from collections.abc import Iterable

from tests.support import h2_frames as wire
from tests.support.handshake import client

__all__ = ["Attacker"]

PIECE = 16384
"""Bytes of one write, so that they are one record of TLS."""


class Attacker:
    """One connection to a door that serves a.test. frames: that came; ended: whether it is over."""

    def __init__(
        self, port: int, *, hello: bytes = wire.PREFACE, buffer: int = 0, secure: bool = True
    ) -> None:
        """secure: by TLS. buffer: bytes that the system takes for us while we read nothing; 0 for
        the usual."""
        plain = socket.socket()
        if buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        plain.settimeout(10)
        plain.connect(("127.0.0.1", port))
        self.socket = plain
        if secure:
            self.socket = client("a.test", "h2").wrap_socket(plain, server_hostname="a.test")
        self.frames: list[wire.Frame] = []
        self.ended = False
        self._reader = wire.Frames()
        self.pour(hello)

    def __enter__(self) -> "Attacker":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def pour(self, *frames: bytes) -> "Attacker":
        """Send all of it, as long as it is taken."""
        data = b"".join(frames)
        try:
            for at in range(0, len(data), PIECE):
                self.socket.sendall(data[at : at + PIECE])
        except OSError:
            self.ended = True
        return self

    def read(self, seconds: float = 3.0) -> "Attacker":
        """Take what comes until the end, or so many seconds without anything."""
        self.socket.settimeout(seconds)
        try:
            while data := self.socket.recv(65536):
                self.frames += self._reader.read(data)
            self.ended = True
        except TimeoutError:
            pass
        except OSError:
            self.ended = True
        return self

    def read_until(self, streams: Iterable[int]) -> "Attacker":
        """Take what comes until these streams have ended, or the connection."""
        wanted = {*streams}
        self.socket.settimeout(10)
        with contextlib.suppress(OSError):
            while wanted - {each.stream for each in self.frames if each.ends or each.kind == 3}:
                data = self.socket.recv(65536)
                if not data:
                    self.ended = True
                    break
                self.frames += self._reader.read(data)
        return self

    @property
    def farewell(self) -> int:
        """The code of the door's GOAWAY, -1 without one."""
        return next((each.code for each in self.frames if each.kind == wire.GOAWAY), -1)

    @property
    def reason(self) -> str:
        """What the door's GOAWAY says, "" without one."""
        said = (each.payload[8:] for each in self.frames if each.kind == wire.GOAWAY)
        return next(said, b"").decode()

    @property
    def statuses(self) -> dict[int, int]:
        """By stream."""
        return {each.stream: each.status for each in self.frames if each.status >= 200}
