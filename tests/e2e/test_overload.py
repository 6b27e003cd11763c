"""Bounds of a pool with two workers and a real origin that says how much it had to do at once."""

import asyncio
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.e2e.conftest import PATIENCE

CONFIG = """\
listen = ["127.0.0.1:0"]
workers = 2
log = false
[routes]
"*" = {{ to = "127.0.0.1:{port}", overload = {{ {overload} }} }}
"""


class Origin:
    """Takes 50 ms for each request. most: that it had at once."""

    def __init__(self) -> None:
        self.running = self.most = self.served = 0
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=500)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with closing(writer):
            try:
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    self.running += 1
                    self.most = max(self.most, self.running)
                    await asyncio.sleep(0.05)
                    self.running -= 1
                    self.served += 1
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except (OSError, asyncio.IncompleteReadError):
                pass
        self._writers.discard(writer)

    async def _end(self) -> None:
        self._server.close()
        for each in self._writers:
            each.close()
        while self._writers:  # noqa: ASYNC110  # each leaves by itself
            await asyncio.sleep(0.01)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


@pytest.fixture
def origin() -> Iterator[Origin]:
    made = Origin()
    yield made
    made.close()


async def ask(port: int) -> tuple[int, float, str]:
    """(status, seconds, Retry-After) on a connection of its own."""
    begun = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with closing(writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        answer = (await asyncio.wait_for(reader.read(), PATIENCE)).decode().lower()
    after = answer.partition("retry-after: ")[2].partition("\r\n")[0]
    return int(answer.split(" ")[1]), time.monotonic() - begun, after


def storm(port: int, count: int) -> list[tuple[int, float, str]]:
    async def all_at_once() -> list[tuple[int, float, str]]:
        return await asyncio.gather(*(ask(port) for _ in range(count)))

    return asyncio.run(all_at_once())


def started(door: Any, origin: Origin, overload: str) -> Any:
    return door(CONFIG.format(port=origin.port, overload=overload))


def test_an_origin_never_has_more_than_its_bound_and_all_are_answered(
    door: Any, origin: Origin
) -> None:
    made = started(door, origin, "endpoint = 5, queue = 200, wait = '10s'")
    found = storm(made.port, 80)
    assert Counter(status for status, _, _ in found) == {200: 80}
    assert origin.most <= 5 + 1, "two workers may count at the same moment"
    rows = {each["endpoint"]: each for each in made.ask("status")["upstreams"]}
    assert rows["all"]["state"] == "0 wait, 0 were refused"
    assert rows["all"]["requests"] == 80


def test_who_finds_the_queue_full_is_told_at_once_when_to_come_again(
    door: Any, origin: Origin
) -> None:
    made = started(door, origin, "pool = 2, queue = 10, retry_after = '7s'")
    found = storm(made.port, 60)
    refused = [(seconds, after) for status, seconds, after in found if status == 503]
    assert len(refused) + 4 >= 60 - 2 - 10 - 2
    assert {after for _, after in refused} == {"7"}
    assert origin.most <= 2 + 1
    assert origin.served == 60 - len(refused)


def test_who_waits_for_too_long_is_told_so(door: Any, origin: Origin) -> None:
    made = started(door, origin, "pool = 1, queue = 100, wait = '200ms'")
    found = storm(made.port, 30)
    late = [seconds for status, seconds, _ in found if status == 503]
    assert len(late) > 10
    assert max(seconds for _, seconds, _ in found) < 5
    assert made.ask("status")["upstreams"][-1]["running"] == 0


def test_bounds_hold_over_a_reload_under_load(door: Any, origin: Origin) -> None:
    made = started(door, origin, "endpoint = 4, queue = 500, wait = '10s'")

    def reload() -> None:
        for queue in (400, 300, 500):
            made.write(re.sub(r"queue = \d+", f"queue = {queue}", made.file.read_text()))
            assert made.porch("reload").returncode == 0

    thread = threading.Thread(target=reload)
    thread.start()
    found = storm(made.port, 120)
    thread.join(PATIENCE)
    assert Counter(status for status, _, _ in found) == {200: 120}
    assert origin.most <= 4 + 1
