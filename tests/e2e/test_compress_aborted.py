"""Coded answers that are broken off at any point: nothing of their coders is left."""

import asyncio
import contextlib
import gzip
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from porch.compress.workshop import ROOM, Workshop
from tests.e2e.conftest import Door, memory
from tests.support.h2_socket import H2Socket

BODY = json.dumps([{"id": n, "name": f"article {n * n:x}"} for n in range(3000)]).encode()
TEXT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CODINGS = ("br", "gzip", "zstd")
PATHS = ("/whole", "/pieces", "/coded", "/hangs")
FULL = 54
"""Streams of brotli that have room at a time: all but the last with the usual effort."""
KIB = 24 << 10
"""What a worker may have grown by: a hundred coders have ten times as much."""


_open: set[asyncio.Transport] = set()


class _Origin(asyncio.Protocol):
    """Answers in one piece, in several over some milliseconds, with what is coded already, or with
    a part of it and nothing more."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""
        _open.add(transport)

    def connection_lost(self, _: Exception | None) -> None:
        _open.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            self.answer(head.split(b" ")[1].decode())

    def answer(self, path: str) -> None:
        if path == "/whole":
            self.transport.write(TEXT + b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY))
            return
        data, coding = BODY, b""
        if path == "/coded":
            data, coding = gzip.compress(BODY * 4), b"Content-Encoding: gzip\r\n"
        self.transport.write(TEXT + coding + b"Transfer-Encoding: chunked\r\n\r\n")
        self.more(data[:100_000] if path == "/hangs" else data, path != "/hangs")

    def more(self, data: bytes, ends: bool) -> None:
        piece, data = data[:40_000], data[40_000:]
        end = b"0\r\n\r\n" if ends and not data else b""
        self.transport.write(b"%x\r\n%b\r\n%b" % (len(piece), piece, end))
        if data and not self.transport.is_closing():
            asyncio.get_running_loop().call_later(0.002, self.more, data, ends)


@pytest.fixture
def origin_port() -> Iterator[int]:
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(_Origin, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def close() -> None:
        server.close()
        for each in [*_open]:
            each.abort()
        await asyncio.sleep(0.1)

    yield server.sockets[0].getsockname()[1]
    asyncio.run_coroutine_threadsafe(close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


async def _one(port: int, chance: random.Random) -> None:
    """A request by HTTP/1.1 that is given up at some point, as some clients do."""
    path, coding = chance.choice(PATHS), chance.choice(CODINGS)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 12)
    head = f"GET {path} HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: {coding}\r\n\r\n"
    writer.write(head.encode())
    await asyncio.sleep(chance.choice((0.0, 0.002, 0.01)))
    left = chance.choice((0, 1, chance.randrange(30_000), 1 << 20))
    with contextlib.suppress(TimeoutError):
        while left > 0 and (data := await asyncio.wait_for(reader.read(min(left, 8192)), 0.05)):
            left -= len(data)
    if chance.random() < 0.5:
        writer.transport.abort()
    else:
        writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _http_1(port: int, count: int) -> None:
    async def some(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(count // 20):
            await _one(port, chance)

    await asyncio.gather(*map(some, range(20)))


def _http_2(port: int, count: int) -> None:
    """Streams of which each is reset at some point, and then their connection is gone."""
    chance = random.Random(count)
    for _ in range(count // 40):
        with H2Socket(port, stream_window=chance.choice((4096, 1 << 20))) as client:
            numbers = [
                client.asks(
                    chance.choice(PATHS).encode(),
                    (b"accept-encoding", chance.choice(CODINGS).encode()),
                )
                for _ in range(40)
            ]
            chance.shuffle(numbers)
            for number in numbers[: chance.randrange(41)]:
                client.read(chance.choice((0.0001, 0.002)))
                answer = client.answers[number]
                if not answer.ended and answer.reset is None:
                    client.far.reset_stream(number)
                    client.flush()


def _all_coded(running: Door) -> bool:
    """Whether as many answers at once are coded as have room."""
    time.sleep(0.2)  # those of the last try are forgotten
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(running.connect()) for _ in range(FULL + 1)]
        for each in clients:
            each.sendall(b"GET /hangs HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: br\r\n\r\n")
        return sum(b"content-encoding: br" in _head(each) for each in clients) == FULL


def _head(client: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(4096)
    return head


def _abuse(running: Door, count: int) -> None:
    asyncio.run(_http_1(running.port, count // 2))
    _http_2(running.port, count // 2)


@pytest.fixture
def running(origin_port: int, door: Callable[..., Door]) -> Door:
    words = 'compress = { brake = false, codings = ["br", "zstd", "gzip"] }'
    return door(
        "workers = 1\nlog = false\nh2c = true\n"
        'timeouts = { half_close = "100ms" }\n'
        f'[routes]\n"*" = {{ to = "127.0.0.1:{origin_port}", {words} }}\n'
    )


def _check(running: Door, count: int) -> None:
    room = Workshop()
    assert sum(room.take(room.coders[b"br"], 1) is not None for _ in range(FULL + 1)) == FULL, ROOM
    (worker,) = running.workers
    _abuse(running, 400)
    running.wait_until(lambda: _all_coded(running), "room for all at the start")
    before = memory(worker)
    start = time.monotonic()
    _abuse(running, count)
    took = time.monotonic() - start
    running.wait_until(lambda: _all_coded(running), "the end of every coder")
    grown = memory(worker) - before
    assert grown < KIB, f"{grown} KiB more, after {count} in {took:.0f} s"
    assert running.errors.count("Traceback") == 0


@pytest.mark.timeout(120)
def test_two_thousand_coded_answers_broken_off_leave_no_coder(running: Door) -> None:
    _check(running, 2000)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_ten_thousand_coded_answers_broken_off_leave_no_coder(running: Door) -> None:
    _check(running, 10_000)
