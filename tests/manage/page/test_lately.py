"""The slowest lately, and the last that went wrong."""

from typing import Any

import pytest

from porch import clock
from porch.errors import ConnectionRefused
from porch.manage.page.lately import FAILING, LASTS, MOST, SLOWEST, Lately
from porch.observe.ended import Batch
from porch.observe.recent import RecentTable
from tests.support.ended import ended
from tests.support.network import FakeClock

REFUSED = ConnectionRefused("10.0.0.11:8000 refused")


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


class Watched:
    """A worker that writes, and who looks."""

    def __init__(self) -> None:
        self.table = RecentTable(2)
        self.row = self.table.row(1, 1)
        self.lately = Lately(self.table)

    def end(self, *exchanges: Any) -> None:
        self.row.take(Batch(exchanges))

    @property
    def slowest(self) -> list[str]:
        self.lately.look()
        return [each["target"] for each in self.lately.slowest]


def lasting(seconds: float, target: bytes = b"/", since: float = 0.0, **words: Any) -> Any:
    """since: seconds that the clock has been turned."""
    exchange = ended(target, **words)
    exchange.started += since
    exchange.ended = exchange.started + seconds
    return exchange


def test_the_slowest_come_first_and_are_shown_for_a_minute(fake: FakeClock) -> None:
    watched = Watched()
    watched.end(lasting(1, b"/one"), lasting(3, b"/three"))
    assert watched.slowest == ["/three", "/one"]
    fake.advance(LASTS / 2)
    watched.end(lasting(2, b"/two", since=LASTS / 2))
    assert watched.slowest == ["/three", "/two", "/one"]
    fake.advance(LASTS / 2 + 10)
    assert watched.slowest == ["/two"]


def test_what_was_long_before_the_page_was_opened_is_not_slow_now(
    fake: FakeClock,
) -> None:
    watched = Watched()
    watched.end(lasting(3, b"/three"))
    fake.advance(LASTS * 2)
    assert watched.slowest == []


def test_only_so_many_are_shown_and_read() -> None:
    watched = Watched()
    watched.end(lasting(100, b"/too-long-ago"), *(lasting(1 + at) for at in range(MOST)))
    assert len(watched.slowest) == SLOWEST
    assert "/too-long-ago" not in watched.slowest


def test_a_tunnel_is_not_slow() -> None:
    watched = Watched()
    watched.end(lasting(3600, status=101), lasting(0.1, b"/x"))
    assert watched.slowest == ["/x"]


def test_the_last_that_went_wrong_come_first() -> None:
    watched = Watched()
    for at in range(FAILING + 3):
        watched.end(ended(b"/%d" % at, status=502, error=REFUSED), ended(b"/good"))
    watched.lately.look()
    watched.end(ended(b"/last", status=502, error=REFUSED))
    watched.lately.look()
    rows = watched.lately.failing
    assert [each["target"] for each in rows][:2] == ["/last", f"/{FAILING + 2}"]
    assert len(rows) == FAILING
    assert (rows[0]["reason"], rows[0]["status"]) == ("connection_refused", 502)


def test_a_long_target_is_cut() -> None:
    watched = Watched()
    watched.end(ended(b"/" + b"a" * 5000))
    assert len(watched.slowest[0]) == 300


def test_when_the_clock_is_set_back_nothing_is_slow_for_an_hour(
    monkeypatch: pytest.MonkeyPatch, fake: FakeClock
) -> None:
    watched = Watched()
    watched.end(lasting(3, b"/before"))
    assert watched.slowest == ["/before"]
    wall = clock.wall
    monkeypatch.setattr(clock, "wall", lambda: wall() - 3600)
    assert watched.slowest == []
    watched.end(lasting(1, b"/after"))
    assert watched.slowest == ["/after"]
