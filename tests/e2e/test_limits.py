"""Limits of a door with two workers, at ten times what they let in."""

import asyncio
import os
import re
import signal
from collections import Counter
from contextlib import closing

from tests.e2e.conftest import PATIENCE

CONFIG = """\
listen = ["127.0.0.1:0"]
workers = 2
log = false
[routes]
"*" = {{ to = "respond:204", limit = {limit} }}
"""
LINE = re.compile(rb"HTTP/1.1 (\d{3})")


async def some(port: int, count: int) -> list[tuple[int, bytes]]:
    """(status, head) of so many requests one after the other, on a connection of their own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    with closing(writer):
        for _ in range(count):
            writer.write(b"GET / HTTP/1.1\r\nHost: a.test\r\nAccept: text/plain\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            match = LINE.match(head)
            assert match is not None
            found.append((int(match[1]), head))
    return found


def storm(port: int, connections: int = 20, each: int = 50) -> list[tuple[int, bytes]]:
    """The answers to all at once."""

    async def all_of_them() -> list[tuple[int, bytes]]:
        async with asyncio.timeout(PATIENCE):
            lists = await asyncio.gather(*(some(port, each) for _ in range(connections)))
        return [answer for answers in lists for answer in answers]

    return asyncio.run(all_of_them())


def passed(answers: list[tuple[int, bytes]]) -> int:
    counts = Counter(status for status, _ in answers)
    assert counts.keys() <= {204, 429}
    return counts[204]


def test_at_ten_times_the_limit_two_workers_let_in_one_too_many_at_most(door):
    """And it holds over a reload, a higher number, and the death of a worker."""
    running = door(CONFIG.format(limit='"100/h per client"'))
    answers = storm(running.port)
    assert 100 <= passed(answers) <= 101
    running.wait_until(  # they write it at each tick
        lambda: all(each["requests"] for each in running.ask("status")["workers"]), "both served"
    )
    status = running.ask("status")
    refused = len(answers) - passed(answers)
    (limit,) = status["limits"]
    assert limit == {"limit": "*: client", "refused": refused, "would_refuse": 0}
    head = next(head for code, head in answers if code == 429)
    assert b'\r\nratelimit-policy: "client";q=100;w=3600\r\n' in head
    assert re.search(rb"\r\nretry-after: 36\d\d\r\n", head)
    assert re.search(rb'\r\nratelimit: "client";r=0;t=36\d\d\r\n', head)

    running.write(CONFIG.format(limit='["100/h per client"]'))
    running.reload()
    assert passed(storm(running.port, 4)) == 0

    running.write(CONFIG.format(limit='"130/h per client"'))
    running.reload()
    assert 29 <= passed(storm(running.port, 4)) <= 31

    victim = running.workers[0]
    os.kill(victim, signal.SIGKILL)
    running.wait_until(
        lambda: len(running.workers) == 2 and victim not in running.workers, "another worker"
    )
    assert passed(storm(running.port, 4)) == 0
    assert "130/h" not in running.errors
    assert "refused" in running.porch("status").stdout


BOTH = '["100/h per client", { rate = "150/h", per = "client", burst = 150, name = "bucket" }]'


def test_the_next_version_goes_on_where_this_one_was(door):
    """Of a window, and of a bucket when there is room in the window again."""
    running = door(CONFIG.format(limit=BOTH))
    assert passed(storm(running.port, 4, 10)) == 40
    before = running.workers
    upgrade(running)
    assert not set(before) & set(running.workers[-2:])
    assert 60 <= passed(storm(running.port, 4)) <= 61
    upgrade(running)
    assert passed(storm(running.port, 4)) == 0
    running.write(CONFIG.format(limit=BOTH.replace("100/h", "500/h")))
    upgrade(running)
    assert 49 <= passed(storm(running.port, 4)) <= 52


def test_more_room_for_keys_begins_anew(door):
    text = CONFIG.format(limit='"100/h per client"')
    running = door("limit_keys = 4096\n" + text)
    assert passed(storm(running.port, 4, 10)) == 40
    running.write("limit_keys = 8192\n" + text)
    upgrade(running)
    assert 100 <= passed(storm(running.port, 4)) <= 101


def upgrade(running):
    """And wait until the workers of before are gone."""
    ran = running.porch("upgrade")
    assert ran.returncode == 0, ran.stderr + running.errors
    running.wait_until(lambda: len(running.workers) == 2, "the end of the old workers")


def test_a_limit_that_looks_on_lets_all_in_and_says_so(door):
    running = door(CONFIG.format(limit='{ rate = "10/h", per = "client", dry_run = true }'))
    answers = storm(running.port, 4, 25)
    assert passed(answers) == 100
    assert not any(b"ratelimit" in head for _, head in answers)
    running.wait_until(lambda: "only looks on: it would refuse 127.0.0.1" in running.errors, "said")
    (limit,) = running.ask("status")["limits"]
    assert limit["refused"] == 0
    assert 89 <= limit["would_refuse"] <= 90


def test_room_for_keys_is_made_by_an_upgrade_and_not_by_a_reload(door):
    text = CONFIG.format(limit='"100/h per client"')
    running = door(text)
    running.write("limit_keys = 4096\n" + text)
    answer = running.porch("reload")
    assert answer.returncode == 1
    assert "limit_keys = 4096: the memory of a door that runs stays as it is" in answer.stdout + (
        answer.stderr
    )
