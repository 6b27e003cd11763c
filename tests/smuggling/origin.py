"""An origin that records the exact bytes it got, reads them strictly, and answers as it is told.

To each whole request it says which one it took it for ("GET /a"), so that an answer that reaches
the wrong request shows. With a response case it gives that case's bytes to the first `/case`.
"""

import asyncio
import socket
import struct
from typing import cast

from tests.smuggling.case import ResponseCase
from tests.smuggling.strict import Malformed, Request, read_request

__all__ = ["FENCE", "WARM", "Connection", "Origin"]

FENCE = b"/fence"
"""The target of the request by which the runner waits until all before it has arrived."""
WARM = b"/warm"
"""The target of the request that leaves a connection behind for a case that needs a used one."""
PAUSE = 0.001
"""Seconds between the bytes of an answer that is sent byte by byte."""


class Connection(asyncio.Protocol):
    """One connection to the origin.

    got: its bytes. requests: the whole ones among them. fault: why the rest is none. rest: bytes
    behind the last whole request. ended: "", "eof" or "reset".
    """

    def __init__(self, origin: "Origin") -> None:
        self._origin = origin
        self._read = 0
        self._early = False
        self._hostile: asyncio.Task[None] | None = None
        self.got = b""
        self.requests: list[Request] = []
        self.fault = ""
        self.ended = ""
        self.over = asyncio.Event()

    @property
    def rest(self) -> bytes:
        """Bytes behind the last whole request."""
        return self.got[self._read :]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self.transport = cast("asyncio.Transport", transport)
        self._origin.connections.append(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self.got += data
        self._origin.got_some.set()
        if not self.fault:
            self._read_on()

    def eof_received(self) -> None:
        """See asyncio.Protocol."""
        self._end("eof")

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._end("eof" if exc is None else "reset")

    def _end(self, how: str) -> None:
        self.ended = self.ended or how
        self.over.set()
        if self._hostile is not None:
            self._hostile.cancel()

    def _read_on(self) -> None:
        try:
            while (request := read_request(self.rest)) is not None:
                self._read += request.size
                self.requests.append(request)
                if self._early:
                    self._early = False
                else:
                    self._answer(request.method, request.target)
        except Malformed as error:
            self.fault = str(error)
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()
            return
        if self._origin.early and not self._early and b"\r\n\r\n" in self.rest:
            method, target = self.rest.split(b" ", 2)[:2]
            self._early = True
            self._answer(method, target)

    def _answer(self, method: bytes, target: bytes) -> None:
        case = self._origin.case
        if case is not None and target == b"/case":
            self._hostile = asyncio.get_running_loop().create_task(self._answer_as(case))
            return
        said = method + b" " + target
        close = target == FENCE or (case is not None and target != WARM)
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nX-Origin: yes\r\nContent-Length: %d\r\n%b\r\n%b"
            % (
                len(said),
                b"Connection: close\r\n" if close else b"",
                b"" if method == b"HEAD" else said,
            )
        )
        if close:
            self.transport.close()

    async def _answer_as(self, case: ResponseCase) -> None:
        if self._origin.piecemeal:
            for each in case.sent:
                self.transport.write(bytes((each,)))
                await asyncio.sleep(PAUSE)
        else:
            self.transport.write(case.sent)
        if case.rest:
            await self._origin.client_has_some.wait()
            self.transport.write(case.rest)
        if case.end == "close":
            self.transport.close()
        elif case.end == "reset":
            await asyncio.sleep(PAUSE)  # else the reset destroys what was just written
            reset(self.transport)
        elif case.later:
            await self._origin.client_is_served.wait()
            self.transport.write(case.later)


class Origin:
    """Listens on loopback. connections: those since `begin`, in the order they came.

    client_has_some, client_is_served: set by the runner, for a case that waits for it. got_some:
    whether a byte has come since `begin`.
    """

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.case: ResponseCase | None = None
        self.early = self.piecemeal = False
        self.client_has_some = asyncio.Event()
        self.client_is_served = asyncio.Event()
        self.got_some = asyncio.Event()

    async def start(self, port: int = 0) -> int:
        """Listen; the port is returned."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """End all of it."""
        self._server.close()
        self._drop()
        await asyncio.sleep(0)

    def begin(self, *, early: bool, case: ResponseCase | None = None, piecemeal: bool) -> None:
        """Forget what was, and answer like this from now on."""
        self._drop()
        self.early, self.case, self.piecemeal = early, case, piecemeal
        self.client_has_some = asyncio.Event()
        self.client_is_served = asyncio.Event()
        self.got_some = asyncio.Event()

    def _drop(self) -> None:
        for connection in self.connections:
            connection.transport.abort()
        self.connections = []


def reset(transport: asyncio.Transport) -> None:
    """Close with a reset."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
