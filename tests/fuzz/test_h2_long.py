"""Damaged talk of clients and origins without end: for as long as it is given.

Each round has a seed of its own, which is told where it fails. The memory of the process, that of
libnghttp2 included, must not grow with the rounds.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from porch.http.h1 import HeadLimits
from porch.http.h2_server import ServerCodec
from tests.fuzz import test_h2 as clients
from tests.fuzz import test_h2_origin as origins
from tests.support.shared import Bench

MOST_GROWN = 16 << 20
"""Bytes that the process may grow by behind its first tenth: what the allocator keeps varies."""
WARM = 10


def client_codec(seed: int) -> None:
    """What clients say, to a codec."""
    chance = random.Random(seed)
    for _ in range(50):
        clients.talk(ServerCodec(HeadLimits(), b"http", 128), chance)


def client_connection(seed: int) -> None:
    """What clients say, to a door with its exchanges."""
    clients.play(seed, 25)


def origin_codec(seed: int) -> None:
    """What origins say, to a codec."""
    chance = random.Random(seed)
    for _ in range(50):
        origins.talk(chance)


def origin_connection(seed: int) -> None:
    """What origins say, to a pool with its exchanges."""
    chance = random.Random(seed)
    for _ in range(10):
        with pytest.MonkeyPatch.context() as monkeypatch:
            bench = Bench(monkeypatch)
            try:
                origins.play(bench, chance)
            finally:
                bench.close()


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def last(seconds: float, round_of: Callable[[int], None], first: int) -> tuple[int, int]:
    """Rounds until so many seconds are over. Returns their number, and what memory has grown by."""
    now = start = time.perf_counter()
    seed, before = first, 0
    while now - start < seconds:
        try:
            round_of(seed)
        except BaseException as error:
            error.add_note(f"of round {seed}")
            raise
        seed += 1
        now = time.perf_counter()
        if not before and now - start > seconds / WARM:
            before = resident()
    return seed - first, resident() - before


ROUNDS = [client_codec, client_connection, origin_codec, origin_connection]


@pytest.mark.parametrize("round_of", ROUNDS)
def test_damaged_talk_for_some_seconds_breaks_nothing(round_of: Callable[[int], None]) -> None:
    rounds, grown = last(2.5, round_of, 0)
    assert rounds > 1
    assert grown < MOST_GROWN


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("round_of", ROUNDS)
def test_damaged_talk_for_minutes_breaks_nothing(
    round_of: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten minutes, all four."""
    rounds, grown = last(150, round_of, 1_000_000)
    with capsys.disabled():
        print(f"{round_of.__name__}: {rounds} rounds, {grown >> 10} KiB grown")
    assert grown < MOST_GROWN
