"""From the words about waiting bodies to filters."""

import pytest

from porch.buffer.bandwidth import Bandwidth, Pace
from porch.config.state import State
from porch.shield.limit_table import LimitTable
from tests.config.test_build import built
from tests.support.network import FakeClock


def paces(word: str, state: State | None = None, key: str = "a.test") -> Pace:
    """Of the one route."""
    made = built(state=state, routes={key: {"to": ":3000", "bandwidth": word}})
    hooks = [getattr(hook, "__self__", None) for hook in made.entries[0].route.plan.on_response]
    (found,) = [hook for hook in hooks if isinstance(hook, Bandwidth)]
    return found._pace


def test_the_nearest_word_wins() -> None:
    made = built(
        bandwidth="2MB/s per client",
        buffer_request="64MB",
        routes={
            "a.test": {"to": ":3000", "buffer_response": "16MB"},
            "b.test": {"to": ":3000", "bandwidth": "1MB/s", "buffer_request": False},
            "c.test": {"to": ":3000", "bandwidth": False, "buffer_request": False},
        },
    )
    plans = {}
    for entry in made.entries:
        plan = entry.route.plan
        hooks = (*plan.on_response, *plan.on_request, *plan.on_upstream_response)
        found = {repr(getattr(hook, "__self__", hook)) for hook in hooks}
        plans[entry.route.key] = sorted(each for each in found if "bytes" in each)
    assert plans == {
        "a.test": [
            "<Bandwidth <Pace 2097152 bytes/s>>",
            "<BufferRequest 67108864 bytes, 0 now>",
            "<BufferResponse 16777216 bytes, 0 now>",
        ],
        "b.test": ["<Bandwidth <Pace 1048576 bytes/s>>"],
        "c.test": [],
    }


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> tuple[State, State]:
    """Workers of one door."""
    FakeClock(monkeypatch)
    table = LimitTable(3, 1024)
    states = State(), State()
    for number, state in enumerate(states, 1):
        state.limit_row = table.row(number)
    return states


@pytest.mark.parametrize(("word", "others"), [("10KB/s", 1.0), ("10KB/s per client", 0.0)])
def test_all_workers_have_one_rate_together(
    two: tuple[State, State], word: str, others: float
) -> None:
    ours, theirs = (paces(word, state) for state in two)
    assert ours.reserve(b"192.0.2.1", 10_240) == 0.0
    assert theirs.reserve(b"192.0.2.1", 10_240) == pytest.approx(1.0)
    assert theirs.reserve(b"192.0.2.2", 10_240) == pytest.approx(others and 2.0)
    assert paces(word, two[1], "b.test").reserve(b"192.0.2.1", 1) == 0.0


def test_one_customer_of_ipv6_has_one_rate(two: tuple[State, State]) -> None:
    pace = paces("10KB/s per client", two[0])
    assert pace.reserve(b"2001:db8::1", 10_240) == 0.0
    assert pace.reserve(b"2001:db8::2", 10_240) > 0.9
    assert pace.reserve(b"2001:db8:0:1::2", 10_240) == 0.0


def test_a_reload_gives_nobody_the_rate_twice(two: tuple[State, State]) -> None:
    assert paces("10KB/s", two[0]).reserve(b"192.0.2.1", 10_240) == 0.0
    assert paces("10KB/s", two[0]).reserve(b"192.0.2.1", 10_240) == pytest.approx(1.0)
