"""Barrage: clients that each ask, wait a moment, and ask again, whatever becomes of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Asked", "barrage"]

PATIENCE = 10.0
"""Seconds until a client gives up."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. at: when it was sent (time.monotonic). status: 0 where no answer came, whole;
    -1 where the client gave up."""

    at: float
    seconds: float
    method: str
    status: int

    @property
    def has_failed(self) -> bool:
        """No answer of a backend, or none in time."""
        return self.status < 200 or self.status >= 502

    @property
    def gave_up(self) -> bool:
        """After PATIENCE."""
        return self.status == -1


async def barrage(
    port: int, seconds: float, *, clients: int = 32, pause: float = 0.04, posts: float = 0.25
) -> list[Asked]:
    """What `clients` kept connections to 127.0.0.1:`port` saw in that time.

    pause: seconds between two requests of a client. posts: share of requests that are POSTs.
    """
    until = time.monotonic() + seconds
    found: list[Asked] = []
    await asyncio.gather(
        *(_client(port, until, number, pause, posts, found) for number in range(clients))
    )
    return sorted(found, key=lambda each: each.at)


async def _client(
    port: int, until: float, number: int, pause: float, posts: float, found: list[Asked]
) -> None:
    await asyncio.sleep(pause * number / 32)
    turn = 0
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    every = round(1 / posts) if posts else 0
    while time.monotonic() < until:
        turn += 1
        method = "POST" if every and turn % every == 0 else "GET"
        begun = time.monotonic()
        status = 0
        try:
            async with asyncio.timeout(PATIENCE):
                if streams is None:
                    streams = await asyncio.open_connection("127.0.0.1", port)
                status, keep = await _ask(*streams, method, f"/{number}-{turn}")
        except TimeoutError:
            status, keep = -1, False
        except (OSError, asyncio.IncompleteReadError, ValueError):
            keep = False
        found.append(Asked(begun, time.monotonic() - begun, method, status))
        if not keep and streams is not None:
            streams[1].close()
            streams = None
        await asyncio.sleep(pause)
    if streams is not None:
        streams[1].close()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str
) -> tuple[int, bool]:
    """(status, whether the connection goes on). Raises what a broken connection raises."""
    length = "Content-Length: 0\r\n" if method == "POST" else ""
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: door.test\r\n{length}\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    fields: Sequence[str] = head.split("\r\n")[1:]
    length = next((each[15:] for each in fields if each.startswith("content-length:")), "")
    if length:
        await reader.readexactly(int(length))
    elif "transfer-encoding: chunked" in fields:
        await reader.readuntil(b"0\r\n\r\n")
    return status, "connection: close" not in fields
