"""A challenge that is asked for by load: of nobody at rest, of all while a worker is busy."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import SOURCE, Client, Door
from tests.support.solving import puzzle_in, solve

CALM = 3.0
"""Seconds in place of challenge_load.CALM."""
CLIENTS = 24
PROGRAM = b"GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"
BROWSER = b"GET /a HTTP/1.1\r\nHost: a.test\r\nAccept: text/html\r\n%b\r\n"
CALCULATING = """\
import time

def calculate(exchange):
    until = time.thread_time() + 0.002
    while time.thread_time() < until:
        pass
    return "somebody"
"""
CONFIG = """\
workers = 1
log = false
[routes]
"*" = { to = "respond:200", challenge = "load", auth = "py:calculating:calculate" }
"""
SITE = f"import porch.shield.challenge_load as load\nload.CALM = {CALM}\n"


@pytest.fixture
def running(door: Callable[..., Door], tmp_path: Path) -> Door:
    site = tmp_path / "site"
    site.mkdir()
    (site / "calculating.py").write_text(CALCULATING)
    (site / "sitecustomize.py").write_text(SITE)
    return door(CONFIG, environ={"PYTHONPATH": f"{site}:{SOURCE}"})


@contextmanager
def crowd(port: int) -> Iterator[Counter[int]]:
    """Programs that ask again and again, as fast as they are answered; by status how often."""
    found: Counter[int] = Counter()
    over = threading.Event()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer), suppress(OSError, asyncio.IncompleteReadError):
            while not over.is_set():
                writer.write(PROGRAM)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                found[int(head[9:12])] += 1

    async def all_of_them() -> None:
        await asyncio.gather(*(one() for _ in range(CLIENTS)))

    thread = threading.Thread(target=lambda: asyncio.run(all_of_them()))
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def ask(running: Door, fields: bytes = b"") -> tuple[int, bytes, bytes]:
    opened = Client(running)
    try:
        return opened.send(BROWSER % fields).read_answer()
    finally:
        opened.close()


@pytest.mark.soak
def test_under_load_who_has_no_pass_is_asked_to_work_and_who_has_comes_in(running: Door) -> None:
    assert [ask(running)[0] for _ in range(5)] == [200] * 5, "nobody is asked at rest"

    with crowd(running.port) as found:
        running.wait_until(lambda: found[403] > 200, "that programs are refused")
        asked = Counter(found)
        running.wait_until(lambda: found[403] > asked[403] + 500, "that more are")
        assert found[200] == asked[200], "nobody comes in without work any more"
        status, _, page = ask(running)
        assert status == 403
        status, head, _ = ask(running, b"X-Porch-Proof: " + solve(*puzzle_in(page)) + b"\r\n")
        assert status == 204, head
        shown = head.partition(b"et-cookie: ")[2].split(b";")[0]
        for _ in range(5):
            assert ask(running, b"Cookie: " + shown + b"\r\n")[0] == 200
        assert ask(running)[0] == 403

    assert ask(running)[0] == 403, "it goes on for a while after the load"
    running.wait_until(lambda: ask(running)[0] == 200, "that nobody is asked any more", 4 * CALM)
    assert ask(running)[0] == 200
