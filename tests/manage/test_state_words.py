"""An endpoint's state in words."""

import pytest

from porch import clock
from porch.balance.endpoint import Out
from porch.manage.state_words import state_of
from tests.support.network import FakeClock


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def test_who_is_in_rotation_is_up() -> None:
    assert state_of({}, 0) == "up"


def test_who_is_out_says_since_when_and_why_and_until_when() -> None:
    now = clock.wall()
    stamp = state_of({"unhealthy": Out("status 503, 2 of 2", now)}, 0)
    assert stamp.startswith("out since ")
    assert stamp.endswith(": status 503, 2 of 2")
    ejected = state_of({"ejected": Out("5 failures in a row", now, now + 12)}, 0)
    assert ejected.endswith(": ejected: 5 failures in a row; back in 12 s")
    check = int((clock.monotonic() + 3) * 1000)
    assert state_of({"refused": Out("x", now)}, check).endswith(": x; next check in 3 s")


def test_another_day_has_its_date() -> None:
    assert state_of({"drained": Out("by porch drain", 0.0)}, 0) == (
        "out since 1970-01-01T00:00:00Z: drained: by porch drain"
    )
