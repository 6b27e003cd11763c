"""One long answer of an origin that speaks HTTP/2: how often that has to wait, and what it costs.

The origin is a door that serves a file, without TLS. Nothing here is about how long it takes.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from porch.forward.h2 import FAR, WIDEST_FAR
from tests.e2e.conftest import Connection, Door, Origin
from tests.support.link import Link

SIZE = 100_000_000
MOST_WAITS = 30
"""While one answer of SIZE comes. No wait lets through less than half of the window: that is twelve
of WIDEST_FAR, and two each of the six windows that come before it. A window of 3 MiB makes it 56
and more."""
TIMES = 2.5
"""By how much it may cost more than by HTTP/1.1: it is 1.1 to 1.7."""

Origins = Callable[[Callable[[Connection], None]], Origin]


@pytest.fixture
def files(door: Callable[..., Door], tmp_path: Path) -> Door:
    """Has /big, by HTTP/1.1 and HTTP/2."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "big").touch()
    os.truncate(folder / "big", SIZE)
    return door(f'h2c = true\nworkers = 1\nlog = false\n[routes]\n"*" = "file:{folder}"\n')


def download(made: Door, host: bytes = b"a.test") -> None:
    """Read /big as fast as it comes."""
    with made.connect() as client:
        client.sendall(b"GET /big HTTP/1.1\r\nhost: %b\r\nconnection: close\r\n\r\n" % host)
        piece = bytearray(1 << 20)
        size = client.recv_into(piece)
        while b"\r\n\r\n" not in piece[:size]:
            size += client.recv_into(memoryview(piece)[size:])
        assert piece.startswith(b"HTTP/1.1 200 ")
        size -= piece.index(b"\r\n\r\n") + 4
        while came := client.recv_into(piece):
            size += came
    assert size == SIZE


def test_an_origin_far_away_has_to_wait_seldom(
    door: Callable[..., Door], origin: Origins, files: Door
) -> None:
    link = Link(files.port, 2.5 * FAR)
    port = origin(lambda connection: link.serve(connection.socket)).port
    made = door(f'workers = 1\nlog = false\n[routes]\n"*" = "h2c://127.0.0.1:{port}"\n')
    download(made)
    (windows,) = link.windows
    assert windows.sent == SIZE
    assert windows.waits <= MOST_WAITS
    assert windows.widest >= WIDEST_FAR // 2


def test_it_costs_less_than_two_and_a_half_times_what_it_does_by_http_1_1(
    door: Callable[..., Door], files: Door
) -> None:
    """By the processor time of the worker; the best of five each, by turns."""
    made = door(
        f'workers = 1\nlog = false\n[routes]\n"one.test" = "http://127.0.0.1:{files.port}"\n'
        f'"two.test" = "h2c://127.0.0.1:{files.port}"\n'
    )
    (pid,) = made.workers
    costs: dict[bytes, list[int]] = {b"one.test": [], b"two.test": []}
    for _ in range(5):
        for host, told in costs.items():
            before = spent(pid)
            download(made, host)
            told.append(spent(pid) - before)
    assert min(costs[b"two.test"]) < TIMES * min(costs[b"one.test"]), costs


def spent(pid: int) -> int:
    """Nanoseconds of processor time of a process with one thread that works."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
