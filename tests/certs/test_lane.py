"""Work one by one, and what is slow beside it."""

import threading
from collections.abc import Callable

import pytest

from porch.certs import lane
from porch.certs.lane import Lane

SECONDS = 5.0
"""No test takes them, unless it fails."""


@pytest.fixture
def ended() -> threading.Event:
    return threading.Event()


@pytest.fixture
def one(ended: threading.Event) -> Lane:
    return Lane(ended.set)


def until(is_over: threading.Event) -> Callable[[], float]:
    def work() -> float:
        assert is_over.wait(SECONDS)
        return 1.0

    return work


def test_what_is_quick_is_done_one_by_one(one: Lane, ended: threading.Event) -> None:
    done: list[str] = []

    def work() -> float:
        done.append(f"{'a' in one} {'b' in one}")
        return float(len(done))

    assert [one.do("a", work), one.do("b", work)] == [1.0, 2.0]
    assert done == ["True False", "False True"]
    assert "a" not in one
    assert not ended.is_set()


def test_what_is_slow_goes_on_by_itself_and_tells_its_end(
    one: Lane, ended: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "PACE", 0.01)
    is_over = threading.Event()
    assert one.do("slow", until(is_over)) is None
    assert "slow" in one
    monkeypatch.setattr(lane, "PACE", SECONDS)
    assert one.do("quick", lambda: 2.0) == 2.0
    assert not ended.is_set()
    is_over.set()
    assert ended.wait(SECONDS)
    assert "slow" not in one


def test_at_once_are_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "PACE", 0.01)
    monkeypatch.setattr(lane, "MOST", 2)
    one = Lane(lambda: None)
    is_over, has_begun = threading.Event(), threading.Event()
    assert one.do("a", until(is_over)) is None
    assert one.do("b", until(is_over)) is None

    def third() -> float:
        has_begun.set()
        return 3.0

    waits = threading.Thread(target=one.do, args=("c", third))
    waits.start()
    assert not has_begun.wait(0.05)
    is_over.set()
    assert has_begun.wait(SECONDS)
    waits.join(SECONDS)


def test_without_a_thread_there_is_room_for_others(
    one: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none)
        for _ in range(lane.MOST + 1):
            with pytest.raises(RuntimeError):
                one.do("a", lambda: 1.0)
    assert "a" not in one
    assert one.do("a", lambda: 1.0) == 1.0
