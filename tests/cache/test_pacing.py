"""How fast an origin is read for the cache."""

from typing import Any

import pytest

from porch.cache.pacing import WINDOW, Pace


class FakeExchange:
    """sips: as an exchange has it; told: what its upstream and its route were told."""

    def __init__(self, *, sips: bool = False, upstream: bool = True) -> None:
        self.sips = sips
        self.client_full = False
        self.told: list[object] = []
        self.upstream = self if upstream else None

    def sip(self, little: bool) -> None:
        self.told.append(little)

    def on_client_full(self) -> None:
        self.told.append("full")

    def on_client_drained(self) -> None:
        self.told.append("drained")


class FakeReader:
    def __init__(self, at: int = 0, *, sips: bool = False, is_paused: bool = False) -> None:
        self.at = at
        self.sips = sips
        self.is_paused = is_paused


class FakeBody:
    def __init__(self, *, stores: bool = False, lent: bool = False) -> None:
        self.stores = stores
        self.lent = lent
        self.held = 0
        self.low = -1

    def forget(self, low: int) -> bool:
        self.low = low
        return True


def pace(*readers: Any, waiting: Any = ()) -> Any:
    return Pace(dict.fromkeys(waiting), set(readers))


@pytest.mark.parametrize(
    ("waiting", "readers", "body", "little"),
    [
        ([True], [], None, True),
        ([True, True], [], None, True),
        ([True, False], [], None, False),
        ([], [], None, False),
        ([], [True], FakeBody(), True),
        ([], [True, False], FakeBody(), False),
        ([], [True], FakeBody(stores=True), False),
    ],
)
def test_little_is_read_where_all_have_much_and_nothing_is_stored(
    waiting: list[bool], readers: list[bool], body: Any, little: bool
) -> None:
    wait: list[Any] = [FakeExchange(sips=each) for each in waiting]
    reads: list[Any] = [FakeReader(sips=each) for each in readers]
    asked: Any = FakeExchange(sips=not little)
    made = pace(*reads, waiting=wait)
    made.sip(asked, body)
    made.sip(asked, body)
    assert (asked.sips, asked.told) == (little, [little])


def test_it_is_told_to_nobody_where_nobody_answers_yet() -> None:
    asked: Any = FakeExchange(upstream=False)
    pace(waiting=[FakeExchange(sips=True)]).sip(asked, None)
    assert (asked.sips, asked.told) == (True, [])


def test_the_slowest_reader_has_the_origin_wait_and_go_on() -> None:
    reader, body, asked = FakeReader(7), FakeBody(), FakeExchange()
    made: Any = pace(reader)
    made.forget(body)
    assert body.low == 7
    for held in (WINDOW, WINDOW + 1, WINDOW + 1, WINDOW, WINDOW // 2):
        body.held = held
        made.keep(asked, body)
    assert asked.told == ["full", "drained"]
    assert repr(made) == "<Pace>"


def test_nothing_is_held_for_readers_none_of_whom_takes_any() -> None:
    reader, body, asked = FakeReader(is_paused=True), FakeBody(), FakeExchange()
    made: Any = pace(reader)
    for held in (0, 1, 0):
        body.held = held
        made.keep(asked, body)
        assert asked.told == [True, "full"], "and little is read at a time"
    assert repr(made) == "<Pace full>"
    reader.is_paused = False
    made.keep(asked, body)
    assert asked.told == [True, "full", False, "drained"]


def test_those_in_other_workers_have_a_window_too() -> None:
    body, asked = FakeBody(lent=True), FakeExchange()
    made: Any = pace()
    body.held = WINDOW
    made.keep(asked, body)
    assert asked.told == []
