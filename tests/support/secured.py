"""A door's side of TLS and a client's, over memory, with a wire between them moved by hand."""

import asyncio
import contextlib
import ssl
from typing import Any, cast

from porch.clock import Deadlines
from porch.keeper import Security
from porch.listen.handshakes import Handshakes
from porch.listen.secured import Secured
from porch.listen.security import PLAIN
from porch.tls.presented import Presented, Presenter
from tests.support.handshake import client

__all__ = ["FakeTransport", "Inner", "Pair"]


class FakeTransport:
    """Keeps what is written. paused, aborted, closed: what was asked of it."""

    def __init__(self) -> None:
        self.written = b""
        self.writes = 0
        self.paused = self.aborted = self.closed = False
        self.protocol: Any = None

    def write(self, data: bytes) -> None:
        self.written += data
        self.writes += 1

    def writelines(self, pieces: list[bytes]) -> None:
        self.write(b"".join(pieces))

    def take(self) -> bytes:
        data, self.written = self.written, b""
        return data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def get_write_buffer_size(self) -> int:
        return 7

    def get_extra_info(self, name: str, default: object = None) -> object:
        return ("127.0.0.1", 5) if name in ("peername", "sockname") else default


class Inner(asyncio.Protocol):
    """Notes what it is told. stays: what it says to an end."""

    def __init__(self, security: Security | None = None, stays: bool = True) -> None:
        self.security = security
        self.stays = stays
        self.pauses = False
        self.heard: list[bytes] = []
        self.told: list[str] = []
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.told.append("made")

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)
        if self.pauses:
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        self.told.append("eof")
        return self.stays

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost")

    def pause_writing(self) -> None:
        self.told.append("full")

    def resume_writing(self) -> None:
        self.told.append("drained")


class Pair:
    """A door's side and a client's, with a wire between them that is moved by hand."""

    def __init__(self, presented: Presented, name: str | None = "a.test", **words: Any) -> None:
        self.transport = FakeTransport()
        self.deadlines = Deadlines()
        self.sessions: set[Any] = set()
        self.handshakes = Handshakes(self.sessions, self.deadlines)
        self.made: list[Inner] = []
        self.secured = Secured(
            self.handshakes,
            cast("Any", Presenter(presented).choose),
            self._inside,
            lambda: self._inside(PLAIN),
        )
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = words.get("context") or client(name)
        self.near = context.wrap_bio(self._in, self._out, server_hostname=name)
        self.secured.connection_made(cast("asyncio.BaseTransport", self.transport))

    def _inside(self, security: Security) -> Inner:
        self.made.append(Inner(security))
        return self.made[-1]

    @property
    def inner(self) -> Inner:
        (inner,) = self.made
        return inner

    def said(self) -> bytes:
        """What the client has to say."""
        return self._out.read()

    def move(self) -> None:
        """Carry all that was said, both ways."""
        data = self.said()
        if data:
            self.secured.data_received(data)
        self.hear()

    def hear(self) -> None:
        self._in.write(self.transport.take())

    def shake(self) -> "Pair":
        for _ in range(3):
            with contextlib.suppress(ssl.SSLWantReadError):
                self.near.do_handshake()
            self.move()
        assert self.near.version()
        self.transport.writes = 0
        return self

    def read(self) -> bytes:
        data = b""
        with contextlib.suppress(ssl.SSLWantReadError):
            while piece := self.near.read(65536):
                data += piece
        return data
