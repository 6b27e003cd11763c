"""One limit and more attacking addresses than it has room for: it holds, and takes no more memory.

Two workers in one table of the size that a door has, each address once, IPv4 and IPv6.
"""

import os
from collections.abc import Iterator
from typing import cast

import pytest

from porch.balance.endpoint import FAILED, WIDTH
from porch.exchange import Exchange
from porch.shared import Cells
from porch.shield.limit import ClientLimiting, Limit
from porch.shield.limit_keys import by_client
from porch.shield.limit_table import RING, ROOM, WAY, LimitTable
from porch.shield.limit_window import Window
from porch.shield.limited import RateLimited

MOST = 100
BYTES = ROOM * (WAY * 8 + RING)
"""What a worker takes at the most for limits that count up to 254."""


class Door:
    """Two workers with one limit."""

    def __init__(self) -> None:
        self.table = LimitTable(3)
        self.limitings = [self._worker(row) for row in (1, 2)]
        self.now = self.table.began
        self._turn = 0

    def _worker(self, row: int) -> ClientLimiting:
        count = Window(self.table.row(row), "a limit", MOST, 60.0)
        return ClientLimiting(Limit("client", "", "", by_client, count, Cells(WIDTH)))

    def lets_in(self, client: bytes) -> bool:
        """Whether a whole exchange of this client passes at the worker whose turn it is."""
        self._turn ^= 1
        limiting = self.limitings[self._turn]
        asked = _Asked(client, self.now)
        try:
            limiting.on_request(cast("Exchange", asked))
        except RateLimited:
            return False
        finally:
            limiting.on_response(cast("Exchange", asked))
            limiting.on_end(cast("Exchange", asked))
        return True

    @property
    def memory(self) -> int:
        """Bytes that the table really takes."""
        return os.fstat(self.table.descriptor).st_blocks * 512


class _Asked:
    """As much of an exchange as a limit looks at."""

    __slots__ = ("client_ip", "response", "started")

    def __init__(self, client: bytes, now: float) -> None:
        self.client_ip = client
        self.started = now
        self.response = None


def attackers(count: int) -> Iterator[bytes]:
    for each in range(0, count, 2):
        yield b"10.%d.%d.%d" % (each >> 16, each >> 8 & 255, each & 255)
        yield b"2001:db8:%x:%x::1" % (each >> 16, each & 0xFFFF)


def resident() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    "many", [100_000, pytest.param(1_000_000, marks=[pytest.mark.soak, pytest.mark.timeout(300)])]
)
def test_a_flood_of_addresses_frees_nobody_refuses_nobody_and_takes_no_more_memory(
    many: int,
) -> None:
    door = Door()
    limited = [b"192.0.2.%d" % each for each in range(100)]
    for client in limited:
        assert sum(door.lets_in(client) for _ in range(MOST + 20)) == MOST
    before = resident()
    began = door.now
    refused = 0
    for number, client in enumerate(attackers(many)):
        door.now = began + 50 * number / many  # within the window in which the others were limited
        refused += not door.lets_in(client)
        if number % 1000 == 0:
            assert not door.lets_in(limited[number // 1000 % 100])
    assert refused == 0
    assert not any(door.lets_in(client) for client in limited)
    innocent = [b"198.51.100.%d" % each for each in range(256)]
    assert all(door.lets_in(client) for client in innocent for _ in range(3))
    assert door.memory <= 2 * BYTES + 65_536
    assert resident() - before <= 2 * BYTES + (16 << 20)
    assert all(not each._told for each in door.limitings)
    assert all(len(each.said) <= MOST for each in door.limitings)
    assert sum(each._limit.cells.own[FAILED] for each in door.limitings) > 2000


def test_addresses_of_one_network_count_together() -> None:
    door = Door()
    assert sum(door.lets_in(b"2001:db8::%x" % each) for each in range(1, 200)) == MOST
    assert door.lets_in(b"2001:db8:0:1::1")
    assert sum(door.lets_in(each) for each in (b"192.0.2.1", b"::ffff:192.0.2.1") * 60) == MOST
