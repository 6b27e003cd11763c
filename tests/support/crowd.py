"""Crowd: many clients at once that ask for one thing, in threads' stead one loop."""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable

__all__ = ["Crowd", "Got"]


class Got:
    """What one client got. begun, first, ended: when it was connected, when the first byte of a
    body came, when it was over, by the monotonic clock. pieces: when each piece of the body came.
    is_whole: whether the answer ended as it should."""

    def __init__(self) -> None:
        self.head = b""
        self.body = b""
        self.begun = self.first = self.ended = 0.0
        self.pieces: list[float] = []
        self.is_whole = False

    @property
    def status(self) -> int:
        return int(self.head.split(b" ")[1]) if self.head else 0


class Crowd:
    """count: how many clients. each: called with the number of one and its local port once it is
    connected. asked: the request that a client sends, by its number."""

    def __init__(
        self,
        port: int,
        count: int,
        asked: Callable[[int], bytes],
        patience: float = 30.0,
        keeps: bool = True,
    ) -> None:
        self._port = port
        self._count = count
        self._asked = asked
        self._patience = patience
        self._keeps = keeps
        self.ports: dict[int, int] = {}

    def run(self) -> list[Got]:
        """All connect, then all ask; returns when all have ended."""
        return asyncio.run(self._run())

    async def _run(self) -> list[Got]:
        gots = [Got() for _ in range(self._count)]
        streams = []
        for number in range(self._count):
            streams.append(await asyncio.open_connection("127.0.0.1", self._port))
            self.ports[number] = streams[-1][1].get_extra_info("sockname")[1]
        for number, (_, writer) in enumerate(streams):
            gots[number].begun = time.monotonic()
            writer.write(self._asked(number))
        reads = [self._read(got, reader) for got, (reader, _) in zip(gots, streams, strict=True)]
        await asyncio.gather(*reads)
        for _, writer in streams:
            writer.close()
        return gots

    async def _read(self, got: Got, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(self._patience):
                got.head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"\r\ncontent-length: (\d+)", got.head.lower())
                if length is not None:
                    await self._read_length(got, reader, int(length[1]))
                elif b"\r\ntransfer-encoding: chunked" in got.head.lower():
                    await self._read_chunks(got, reader)
                else:
                    got.is_whole = True
        got.ended = time.monotonic()

    async def _read_length(self, got: Got, reader: asyncio.StreamReader, length: int) -> None:
        count = 0
        while count < length:
            data = await reader.read(min(1 << 18, length - count))
            if not data:
                return
            count += len(data)
            self._take(got, data)
        got.is_whole = True

    async def _read_chunks(self, got: Got, reader: asyncio.StreamReader) -> None:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            data = await reader.readexactly(size)
            await reader.readexactly(2)
            self._take(got, data)
        await reader.readuntil(b"\r\n")
        got.is_whole = True

    def _take(self, got: Got, data: bytes) -> None:
        now = time.monotonic()
        got.first = got.first or now
        got.pieces.append(now)
        if self._keeps:
            got.body += data
        else:
            got.body = data[-16:]
