"""More addresses than a door has room for, at a door with two workers: who is limited stays so, who
is new is let in, and memory stays what it was."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice

import pytest

from tests.e2e.conftest import Door

CONFIG = """\
listen = ["127.0.0.1:0"]
workers = 2
log = false
trust = ["127.0.0.1"]
limit_keys = {keys}
[routes]
"*" = {{ to = "respond:204", limit = "100/h per client" }}
"""
CONNECTIONS = 16
AT_ONCE = 100
"""Requests in one write."""
A_KEY = 96
"""Bytes in each worker, see docs/limits.md."""
SLACK = 16 << 20
"""Bytes that a worker takes for what each client is remembered by for a while, beside the table."""


async def ask(port: int, clients: Iterable[bytes]) -> Counter[bytes]:
    """Status -> how many of one request of each client."""
    found: Counter[bytes] = Counter()
    waiting = iter(clients)

    async def connected() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            while some := list(islice(waiting, AT_ONCE)):
                for each in some:
                    writer.write(
                        b"HEAD / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: %b\r\n\r\n" % each
                    )
                for _ in some:
                    head = await reader.readuntil(b"\r\n\r\n")
                    found[head[9:12]] += 1

    await asyncio.gather(*(connected() for _ in range(CONNECTIONS)))
    return found


def attackers(count: int) -> Iterator[bytes]:
    for each in range(0, count, 2):
        yield b"10.%d.%d.%d" % (each >> 16, each >> 8 & 255, each & 255)
        yield b"2001:db8:%x:%x::1" % (each >> 16, each & 0xFFFF)


def taken(door: Door) -> int:
    """Bytes of both workers that are in memory, what they share counted twice."""
    pages = 0
    for worker in door.workers:
        with open(f"/proc/{worker}/statm", encoding="ascii") as file:
            pages += int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("many", "keys"),
    [
        (40_000, 1024),
        pytest.param(1_000_000, 131_072, marks=[pytest.mark.soak, pytest.mark.timeout(900)]),
    ],
)
def test_a_flood_of_addresses_frees_nobody_and_keeps_nobody_out(
    door: Callable[..., Door], many: int, keys: int
) -> None:
    running = door(CONFIG.format(keys=keys))
    port = running.port
    limited = [b"192.0.2.%d" % each for each in range(40)]
    first = asyncio.run(ask(port, limited * 150))
    assert 100 * len(limited) <= first[b"204"] <= 101 * len(limited), first
    before = taken(running)
    for part in range(4):  # a limited one comes again and again meanwhile
        flood = list(attackers(many))[part * many // 4 : (part + 1) * many // 4]
        assert asyncio.run(ask(port, flood)) == {b"204": many // 4}
        assert asyncio.run(ask(port, limited * 3)) == {b"429": 3 * len(limited)}
    innocent = [b"198.51.100.%d" % each for each in range(200)]
    assert asyncio.run(ask(port, innocent * 3)) == {b"204": 600}
    grown = taken(running) - before
    print(f"{many:,} addresses: {grown / 1e6:.1f} MB more in both workers, of which each maps both")
    assert grown < 4 * keys * A_KEY + 2 * SLACK
    assert len(running.workers) == 2
