"""What a worker answers to what the supervisor asks."""

from typing import Any

from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.orders import Order
from porch.config.state import State
from porch.manage.answering import WORDS, Answering
from porch.manage.at_store import NO_STORE


def answering() -> tuple[State, Answering]:
    state = State()
    state.begin()
    words = {"listen": ":80", "log": False, "routes": {"a.test": ["a:1", "a:2"]}}
    built = build(load_mapping(words, "porch.toml"), state)
    assert built is not None
    state.commit()
    made = Answering(state)
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


def test_the_store_is_asked_for_the_rest() -> None:
    _, made = answering()
    for word in WORDS & {"purge", "cache", "kept"}:
        assert made.answer(word, None) == {"error": NO_STORE}
