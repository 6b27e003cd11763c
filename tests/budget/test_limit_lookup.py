"""What a limit looks at to count one request, exactly: as much among 1,000,000 keys as among 1,000.

Two workers in one table, of whom one has seen all keys. Each access to the heads of their slots is
noted, that to a whole set of eight as one. Nothing here is a time, for which see bench/limits.py.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import pytest

from porch.shield.limit_bucket import Bucket
from porch.shield.limit_table import MIDDLE, SET, TAGS, WAY, LimitTable
from porch.shield.limit_window import Window
from tests.budget.test_plain_exchange import calls_of

ROOM = {1_000: 131_072, 1_000_000: 1 << 20}
"""Keys, and those that a row has room for: what it has if nothing is said, and more."""
SAMPLE = 2_000

Count = Window | Bucket


def window(table: LimitTable, row: int) -> Count:
    return Window(table.row(row), "a limit", 100, 60.0)


def bucket(table: LimitTable, row: int) -> Count:
    return Bucket(table.row(row), "a limit", 100, 60.0, 20)


class Watched:
    """Heads of a row, whose accesses are noted."""

    def __init__(self, heads: "memoryview[int]", seen: list[str]) -> None:
        self.heads, self._seen = heads, seen

    def __getitem__(self, at: int | slice) -> Any:
        self._seen.append("set" if isinstance(at, slice) else "read")
        return self.heads[at]

    def __setitem__(self, at: int, number: int) -> None:
        self._seen.append("write")
        self.heads[at] = number


class Keys:
    """So many that one worker has let in once each, and what is looked at for one more request."""

    def __init__(self, many: int, make: Callable[[LimitTable, int], Count]) -> None:
        self.table = LimitTable(3, ROOM[many])
        self.first, self.second = (make(self.table, row) for row in (1, 2))
        self.now = self.table.began + 1
        take, now = self.first.take, self.now
        for number in range(many):
            take(b"%d" % number, now)
        self.second.take(b"somebody", now)  # it has looked who else counts
        self.seen: list[str] = []
        self.heads: list[memoryview[int]] = []
        for count in (self.first, self.second):
            self.heads.append(count._own.heads)
            count._own.heads = cast("memoryview[int]", Watched(count._own.heads, self.seen))

    def place(self, key: bytes, row: int) -> str:
        """Where a row has a key: at the first slot that is looked at, at another one of its set; or
        nowhere, and that first slot is empty or taken."""
        secret = self.table.secret("a limit")
        tag = int.from_bytes(key, "big") * secret >> MIDDLE & TAGS or 1
        slot = tag & (self.table.keys - 1 << 2)
        heads, start = self.heads[row], slot & -SET
        if heads[slot] == tag:
            return "there"
        if tag in heads[start : start + SET : WAY].tolist():
            return "beside"
        return "taken" if heads[slot] else "empty"

    def costs(self, key: bytes, count: Count) -> tuple[dict[str, int], list[str]]:
        """The accesses and the Python calls of one request with this key."""
        self.seen.clear()
        calls = calls_of(lambda: cast("None", count.take(key, self.now)))
        return dict(Counter(self.seen)), calls


SLOTS = ["Slots.find"]
PLACED = ["Slots.find", "Window._place"]
PUSHED = [*PLACED, "Window._least", "Window._clear"]
MOVED = ["Bucket.take", "Account._latest", "Slots.find", "Account._move", "Slots.find"]
BEGUN = ["Bucket.take", "Account._latest", "Slots.find", "Slots.find", "Account._move"]
PRICES = {
    # What is read of the heads, whole sets among it, and written; and the calls in Python.
    window: {
        "there": ((3, 0, 1), ["Window.take"]),
        "beside": ((4, 1, 1), ["Window.take", *SLOTS]),
        "empty": ((5, 0, 6), ["Window.take", *PLACED]),
        "taken": ((5, 2, 6), ["Window.take", *PUSHED]),
        "there, of another worker": ((6, 0, 6), ["Window.take", *PLACED]),
        "beside, of another worker": ((7, 1, 6), ["Window.take", *SLOTS, *PLACED]),
    },
    bucket: {
        "there": ((7, 0, 1), [*MOVED, *SLOTS]),
        "beside": ((8, 2, 1), [*BEGUN, *SLOTS, *SLOTS]),
        "empty": ((7, 0, 4), [*BEGUN, *SLOTS, "Account._place", *SLOTS]),
        "taken": ((7, 3, 4), [*BEGUN, *SLOTS, "Account._place", "Account._least", *SLOTS]),
        "there, of another worker": ((9, 0, 4), [*MOVED, "Account._place", *SLOTS]),
        "beside, of another worker": ((10, 2, 4), [*BEGUN, *SLOTS, "Account._place", *SLOTS]),
    },
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("many", ROOM)
@pytest.mark.parametrize("make", [window, bucket])
def test_a_request_looks_at_as_much_among_any_number_of_keys(
    make: Callable[[LimitTable, int], Count], many: int
) -> None:
    keys = Keys(many, make)
    known = [b"%d" % each for each in range(0, many, max(1, many // SAMPLE))]
    found: Counter[str] = Counter()
    for number, key in enumerate([*known, *(b"new %d" % each for each in range(SAMPLE // 4))]):
        other = number % 2 and number < len(known)
        place = keys.place(key, 0)
        if keys.place(key, 1) != "empty" or (other and place not in ("there", "beside")):
            continue  # the second worker has met somebody there: it looks at a set more
        if other:
            place += ", of another worker"
        seen, calls = keys.costs(key, keys.second if other else keys.first)
        cost = (seen["read"], seen.get("set", 0), seen["write"]), calls
        assert cost == PRICES[make][place], (place, key)
        found[place] += 1
    everywhere = {"there", "empty", "there, of another worker"}
    assert {each for each, count in found.items() if count > 10} >= (
        everywhere if many == 1_000 else PRICES[make].keys() - {"empty"}  # there are hardly any
    )
