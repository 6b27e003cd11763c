"""A clock that stands still: what ended at 1000.0121 ended at 22:30:00.012 UTC."""

import time

import pytest

from tests.support.network import FakeClock


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    fake = FakeClock(monkeypatch)
    fake.time = 1000.5
    return fake


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> object:
    """Two hours ahead of UTC."""
    monkeypatch.setenv("TZ", "TWO-02:00")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
