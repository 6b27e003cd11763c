"""What a limit costs an exchange, exactly: Python calls, and nothing where there is none."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.budget.test_plain_exchange import Plain, calls_of
from tests.support.network import FakeClock, FakeLoop

LIMITED = [
    "Window.take",
    "Limiting.on_response",
    "Limiting.on_end",
]
NEW = ["_Remembered.__missing__", "Limit._left"]
"""To write what is left, when it is that much for the first time."""


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


def calls(loop: FakeLoop, **words: Any) -> list[str]:
    """Of one exchange of a door that has seen each number that is left."""
    plain = Plain(loop, {"example.com": {"to": "127.0.0.1:9", **words}})
    found = calls_of(plain.exchange)
    plain.log.close()
    return found


def more(loop: FakeLoop, limit: Any) -> list[str]:
    """Calls that a limit adds."""
    without, found = calls(loop), calls(loop, limit=limit)
    for each in without:
        found.remove(each)
    return found


def test_a_limit_by_address_takes_four_calls_and_four_to_write_what_is_left(loop: FakeLoop) -> None:
    found = more(loop, "100/min per client")
    new = [*NEW, "_Remembered.__missing__", "ClientLimiting.__init__.<locals>.<lambda>", "_fields"]
    assert sorted(found) == sorted([*LIMITED, "ClientLimiting.on_request", *new])


def test_several_limits_take_one_call_each_and_two_that_one_alone_does_not(loop: FakeLoop) -> None:
    found = more(loop, ["100/min per client", "1000/h per client"])
    shared = ["Limiting.on_request", "by_client", "_fields"]
    assert sorted(found) == sorted([*LIMITED, "Window.take", *shared, *NEW, *NEW])


def test_no_limit_takes_none(loop: FakeLoop) -> None:
    assert more(loop, False) == []


def test_a_limit_takes_no_task_no_timer_and_no_callback_of_its_own(loop: FakeLoop) -> None:
    plain = Plain(loop, {"example.com": {"to": "127.0.0.1:9", "limit": "100/min per client"}})
    loop.counts.clear()
    plain.exchange()
    assert loop.counts == {"call_soon": 1}  # the end of the turn
    plain.log.close()
