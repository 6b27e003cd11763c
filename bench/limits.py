"""What does a limit cost, with one client, with 1,000 and with 1,000,000?

    python bench/limits.py

Microseconds of CPU a request, all hooks of the filter together, the best of 15 rounds. Two workers
count in one table with room for two million keys; the other has met each client too. "Evenly" are
clients who have come for longer than the window, so that with each request some of what they did is
over. "New addresses" come once each, after so many others, where there is the room that a door has.
"An empty call" is what Python takes for a function that does nothing: where it is 0.04 and
not 0.02 the machine is busy, and all else is twice as long too.
"""

import gc
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from harness import machine

from porch import clock
from porch.balance.endpoint import WIDTH
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.http.message import ResponseHead
from porch.shared import Cells
from porch.shield.limit import ClientLimiting, Count, Limit, Limiting
from porch.shield.limit_bucket import Bucket
from porch.shield.limit_keys import by_client
from porch.shield.limit_table import LimitRow, LimitTable
from porch.shield.limit_window import Window

SIZES = (1, 1_000, 1_000_000)
ROUNDS = 15
CALLS = 250
ROOM = 1 << 21

MAKE: dict[str, Callable[[LimitRow], Count]] = {
    "4,000/min per client": lambda row: Window(row, "1", 4_000, 60.0),
    "4,000,000/min per client": lambda row: Window(row, "2", 4_000_000, 60.0),
    "1/h per client, refused": lambda row: Window(row, "3", 1, 3600.0),
    "the first, with a burst": lambda row: Bucket(row, "4", 4_000_000, 1.0, 4_000_000),
}


class Seen:
    """As much of an exchange as a limit looks at."""

    __slots__ = ("client_ip", "response", "started")

    def __init__(self, client_ip: bytes) -> None:
        self.client_ip = client_ip
        self.started = clock.monotonic()
        self.response = ResponseHead(200, [(b"content-type", b"text/plain")] * 5)


def walk(limiting: Limiting, exchanges: Sequence[Exchange]) -> float:
    """Microseconds of one request: what is done at its beginning, its answer and its end."""
    gc.collect()
    gc.disable()
    refused = 0
    started = time.thread_time()
    for each in exchanges:
        try:
            limiting.on_request(each)
        except PorchError:  # suppress() would take as long as what is measured
            refused += 1
        limiting.on_response(each)
        limiting.on_end(each)
    took = time.thread_time() - started
    gc.enable()
    assert refused in (0, len(exchanges))
    return took / len(exchanges) * 1e6


def nothing(exchanges: Sequence[Exchange]) -> float:
    """The same of a function that does nothing."""

    def empty(exchange: Exchange) -> None:
        pass

    started = time.thread_time()
    for each in exchanges:
        empty(each)
    return (time.thread_time() - started) / len(exchanges) * 1e6


def limiting_of(make: Callable[[LimitRow], Count], row: LimitRow) -> Limiting:
    """A filter with this limit alone, that has told most numbers before."""
    limit = Limit("client", "", "", by_client, make(row), Cells(WIDTH))
    limiting = ClientLimiting(limit)
    for left in range(4_096):
        limiting.said[left]
    return limiting


def evenly(make: Callable[[LimitRow], Count], size: int) -> float:
    """The same of clients who come once a second, now here, now there, for two minutes."""
    table = LimitTable(3, ROOM)
    one, other = make(table.row(1)), make(table.row(2))
    limiting = limiting_of(make, table.row(1))
    addresses = clients(size)[:CALLS]
    now = clock.monotonic()
    for second in range(120):
        for address in addresses:
            (one, other)[second % 2].take(address, now + second)
    rounds = []
    for number in range(ROUNDS):
        seen: list[Any] = [Seen(bytes(bytearray(address))) for address in addresses]
        for each in seen:
            each.started = now + 120 + number
        rounds.append(walk(limiting, cast("list[Exchange]", seen)))
    return min(rounds)


def flood(make: Callable[[LimitRow], Count], size: int) -> tuple[float, float]:
    """The same of addresses that come once each, after so many others, where a table has the room
    that a door gives it; and the MB that one worker takes then."""
    table = LimitTable(3)
    row = table.row(1)
    limiting = limiting_of(make, row)
    count, now = make(row), clock.monotonic()
    addresses = clients(size + ROUNDS * CALLS)
    for address in addresses[:size]:
        count.take(address, now)
    rounds = []
    for number in range(ROUNDS):
        start = size + number * CALLS
        seen: list[Any] = [Seen(address) for address in addresses[start : start + CALLS]]
        rounds.append(walk(limiting, cast("list[Exchange]", seen)))
    return min(rounds), os.fstat(table.descriptor).st_blocks * 512 / 1e6


def clients(size: int) -> list[bytes]:
    """Their addresses, in no order."""
    found = [b"10.%d.%d.%d" % (n >> 16, n >> 8 & 255, n & 255) for n in range(size)]
    random.Random(7).shuffle(found)
    return found


def measure(make: Callable[[LimitRow], Count], size: int) -> float:
    """See the module."""
    table = LimitTable(3, ROOM)
    one, other = table.row(1), table.row(2)
    addresses = clients(size)
    for row in (other, one):
        met = make(row)
        now = clock.monotonic()
        for address in addresses:
            met.take(address, now)
    limiting = limiting_of(make, one)
    rounds = []
    chance = random.Random(8)
    for _ in range(ROUNDS):
        chosen: list[Any] = [Seen(bytes(bytearray(chance.choice(addresses)))) for _ in range(CALLS)]
        rounds.append(walk(limiting, cast("list[Exchange]", chosen)))
    return min(rounds)


def main() -> None:
    """Print the table."""
    print(f"{machine.machine()}; {machine.interpreter(sys.executable)}\n")
    print(f"{'us a request':28}" + "".join(f"{f'of {size:,}':>14}" for size in SIZES))
    none: list[Any] = [Seen(b"192.0.2.7") for _ in range(CALLS)]
    print(f"{'(an empty call)':28}{min(nothing(none) for _ in range(ROUNDS)):14.3f}")
    for name, make in MAKE.items():
        row = "".join(f"{measure(make, size):14.2f}" for size in SIZES)
        print(f"{name:28}{row}", flush=True)
    make = next(iter(MAKE.values()))
    print(f"{'the first, evenly':28}{'':14}{evenly(make, 1_000):14.2f}")
    floods = [flood(lambda row: Window(row, "5", 100, 60.0), size) for size in SIZES]
    print(f"{'100/min, new addresses':28}" + "".join(f"{cost:14.2f}" for cost, _ in floods))
    print(f"{'MB of a worker then':28}" + "".join(f"{memory:14.1f}" for _, memory in floods))


if __name__ == "__main__":
    main()
