"""What a worker answers to what the supervisor asks."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.logs import Logs
from porch.config.orders import Order
from porch.config.state import State
from porch.debug import debug
from porch.manage.answering import WORDS, Answering
from porch.manage.at_store import NO_STORE
from porch.observe.capture import Capturing, Wanted
from porch.observe.ended import Ended
from porch.observe.messages import Messages
from porch.observe.steps import Steps
from tests.manage.conftest import FakeOutput
from tests.support.ended import ended
from tests.support.network import FakeClock

SENT: list[tuple[str, object]] = []
"""What the supervisor was told."""


def answering(debug_until: float = 0.0, capture: Wanted | None = None) -> tuple[State, Answering]:
    state = State()
    state.begin()
    words = {"listen": ":80", "log": False, "routes": {"a.test": ["a:1", "a:2"]}}
    built = build(load_mapping(words, "porch.toml"), state, Logs(Ended([])))
    assert built is not None
    state.commit()
    send = SENT.append
    given: Any = SimpleNamespace(debug_until=debug_until, capture=capture)
    made = Answering(state, Messages(FakeOutput()), lambda *said: send(said), given)
    made.take(built)
    return state, made


def test_orders_are_obeyed_and_nothing_is_said() -> None:
    state, made = answering()
    orders = [Order("weight", ("a.test", "a:1"), 0), Order("drained", ("a.test", "a:2"), 1.0)]
    assert made.answer("order", orders) is None
    assert [each.weight for each in state.named(("a.test", "a:1"))] == [0]
    assert [each.is_drained for each in state.named(("a.test", "a:2"))] == [True]


def test_a_request_is_explained_and_what_is_none_is_an_error() -> None:
    _, made = answering()
    words = {"method": "GET", "headers": [], "client": "192.0.2.1", "certificate": None}
    found: Any = made.answer("explain", {**words, "url": "http://a.test/"})
    assert found["route"] == "a.test"
    wrong: Any = made.answer("explain", {**words, "url": "a.test"})
    assert "is not a URL" in wrong["error"]


def test_code_of_the_operators_that_fails_costs_the_explanation_alone() -> None:
    _, made = answering()
    built = made._built
    assert built is not None
    destination: Any = built.entries[0].route.destination

    def fails(exchange: object) -> None:
        raise KeyError("x")

    destination._balancer = SimpleNamespace(use=lambda *_: None, leading=fails)
    words = {"method": "GET", "headers": [], "client": "192.0.2.1", "certificate": None}
    found: Any = made.answer("explain", {**words, "url": "http://a.test/"})
    assert found == {"error": "KeyError: 'x'"}


def test_the_store_is_asked_for_the_rest() -> None:
    _, made = answering()
    for word in WORDS & {"purge", "cache", "kept"}:
        assert made.answer(word, None) == {"error": NO_STORE}


def looks(made: Answering) -> bool:
    """Whether exchanges that end are looked at for debug."""
    assert made._built is not None
    ended: Any = made._built.logs._ended
    return any(isinstance(each, Steps) for each in ended._watchers)


def test_debug_holds_until_its_time_also_behind_a_reload_and_in_a_new_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = FakeClock(monkeypatch)
    _, made = answering()
    assert (debug.is_on, looks(made)) == (False, False)
    made.answer("log-level", time.time + 60)
    assert (debug.is_on, looks(made)) == (True, True)
    _, made = answering(time.time + 60)
    assert (debug.is_on, looks(made)) == (True, True)
    time.advance(59)
    made.tick()
    assert debug.is_on
    time.advance(2)
    made.tick()
    assert (debug.is_on, looks(made)) == (False, False)


def test_debug_can_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    time = FakeClock(monkeypatch)
    _, made = answering(time.time + 60)
    assert made.answer("log-level", 0.0) is None
    assert (debug.is_on, looks(made)) == (False, False)


def captures(made: Answering) -> bool:
    assert made._built is not None
    return isinstance(made._built.settings.router, Capturing)


def test_a_capture_holds_behind_a_reload_and_in_a_new_worker_until_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = FakeClock(monkeypatch)
    wanted = ("192.0.2.7", "", time.time + 60)
    _, made = answering()
    assert made._built is not None
    before = made._built.settings.router, made._built.settings.malformed
    assert made.answer("capture", wanted) is None
    assert captures(made)
    made.answer("capture", None)
    assert (made._built.settings.router, made._built.settings.malformed) == before
    _, made = answering(capture=wanted)
    assert captures(made)
    made.take(answering()[1]._built)  # type: ignore[arg-type]
    assert captures(made)
    time.advance(61)
    made.tick()
    assert not captures(made)


def test_what_was_captured_is_sent_on_with_the_next_flush_and_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = FakeClock(monkeypatch)
    _, made = answering(capture=("192.0.2.7", "", time.time + 60))
    SENT.clear()
    made.flush()
    assert SENT == []
    for again in (made.flush, lambda: made.answer("capture", None)):
        assert made._capture is not None
        made._capture.on_request(ended(client=b"192.0.2.7"))
        again()
        ((word, heads),) = SENT
        assert (word, len(heads)) == ("captured", 1)  # type: ignore[arg-type]
        SENT.clear()


def test_what_has_ended_is_put_away_at_a_word() -> None:
    _, made = answering()
    seen: list[Any] = []
    watcher: Any = SimpleNamespace(
        take=lambda batch: seen.extend(batch.exchanges), flush=lambda: seen.append("written")
    )
    assert made._built is not None
    logs = made._built.logs
    logs.watch(watcher, wanted=True)
    assert logs._ended is not None
    one = ended()
    logs._ended.on_end(one)
    assert made.answer("put-away", None) is None
    assert seen == [one, "written"]
    logs.watch(watcher, wanted=False)
