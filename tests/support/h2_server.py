"""Real servers that speak HTTP/2 by hyper-h2, on loopback: what real programs do not do on demand.

Each connection is a task with an H2Connection; what it does with a request is the test's.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    PingReceived,
    RequestReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError
from h2.settings import Settings

__all__ = ["H2Peer", "H2Server"]


class H2Peer:
    """One connection. number: of it. heads: of requests whose answer is to come; trailers: of
    them; resets: codes with which streams were given up; hears: who takes what comes on a stream,
    in place of `bodies`."""

    def __init__(
        self, number: int, writer: asyncio.StreamWriter, settings: dict[int, int] | None
    ) -> None:
        self.number = number
        self.writer = writer
        config = H2Configuration(
            client_side=False, header_encoding=None, validate_outbound_headers=False
        )
        self.h2 = H2Connection(config)
        self.h2.local_settings = Settings(client=False, initial_values=settings)
        self.h2.initiate_connection()
        self.heads: dict[int, dict[bytes, bytes]] = {}
        self.bodies: dict[int, bytes] = {}
        self.trailers: dict[int, dict[bytes, bytes]] = {}
        self.resets: dict[int, int] = {}
        self.hears: dict[int, Callable[[bytes], object]] = {}
        self.most = 0
        self.pings = 0
        self.is_over = False

    def flush(self) -> None:
        """Send what was said."""
        data = self.h2.data_to_send()
        if data and not self.writer.is_closing():
            self.writer.write(data)

    def answer(self, stream: int, status: int = 200, body: bytes = b"") -> None:
        """A whole answer; nothing if the stream is gone."""
        self.heads.pop(stream, None)
        try:
            self.h2.send_headers(stream, [(b":status", b"%d" % status)], end_stream=not body)
            if body:
                self.h2.send_data(stream, body, end_stream=True)
        except (ProtocolError, KeyError):
            return
        self.flush()

    def reset(self, stream: int, code: int) -> None:
        """Give a stream up."""
        self.heads.pop(stream, None)
        self.h2.reset_stream(stream, code)
        self.flush()

    def goaway(self, last: int) -> None:
        """Say that streams above `last` are not looked at, by hand: those below go on."""
        self.flush()
        self.writer.write(
            b"\0\0\x08\x07\0\0\0\0\0" + last.to_bytes(4, "big") + b"\0\0\0\0",
        )

    async def run(self, reader: asyncio.StreamReader, on_request: "OnRequest") -> None:
        """Until the other side closes."""
        self.flush()
        while data := await reader.read(65536):
            try:
                events = self.h2.receive_data(data)
            except ProtocolError:
                self.flush()
                return
            for event in events:
                self._note(event, on_request)
            self.flush()
            if self.is_over:
                return

    def _note(self, event: Any, on_request: "OnRequest") -> None:
        if isinstance(event, RequestReceived):
            self.heads[event.stream_id] = dict(event.headers)
            self.bodies[event.stream_id] = b""
            self.most = max(self.most, len(self.heads))
            if b":protocol" in self.heads[event.stream_id]:
                on_request(self, event.stream_id)
        elif isinstance(event, DataReceived):
            hears = self.hears.get(event.stream_id)
            if hears is None:
                self.bodies[event.stream_id] += event.data
            else:
                hears(event.data)
            if event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, TrailersReceived):
            self.trailers[event.stream_id] = dict(event.headers)
        elif isinstance(event, StreamEnded):
            if event.stream_id not in self.hears:
                on_request(self, event.stream_id)
        elif isinstance(event, StreamReset):
            self.resets[event.stream_id] = int(event.error_code)
            self.heads.pop(event.stream_id, None)
        elif isinstance(event, PingReceived):
            self.pings += 1
        elif isinstance(event, ConnectionTerminated):
            self.is_over = True


OnRequest = Callable[[H2Peer, int], object]


class H2Server:
    """on_request: what becomes of each whole request, and of each that asks for a tunnel. peers:
    all connections so far."""

    def __init__(self, on_request: OnRequest, settings: dict[int, int] | None = None) -> None:
        self.on_request = on_request
        self.settings = settings
        self.peers: list[H2Peer] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    async def start(self, tls: ssl.SSLContext | None = None) -> "H2Server":
        """Listen on loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = H2Peer(len(self.peers), writer, self.settings)
        self.peers.append(peer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await peer.run(reader, self.on_request)
        except OSError:
            return
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Listen no more, and close all."""
        assert self._server is not None
        self._server.close()
        for peer in self.peers:
            peer.writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # what was aborted is closed a turn later
