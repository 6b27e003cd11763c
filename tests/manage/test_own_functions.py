"""The operator's own key of a hash, as a worker loads it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from porch.cache.key import NoKey
from porch.config.state import State
from porch.manage.own_functions import (
    hash_key,
    load_cache_key,
    load_cost,
    load_hash_key,
    load_limit_key,
    load_with,
)
from porch.route.route import Route
from tests.support.pools import exchange_of

MODULE = """
def tenant(exchange):
    return exchange.client_ip

def broken(exchange):
    return {}["x-tenant"]

def odd(exchange):
    return 7

async def slow(exchange):
    return b"x"

number = 7
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "porch_test_keys.py").write_text(MODULE)
    yield tmp_path
    sys.modules.pop("porch_test_keys", None)


def test_a_function_beside_the_configuration_is_found(base: Path) -> None:
    key = hash_key("py:porch_test_keys:tenant", base)
    assert key(exchange_of(b"192.0.2.9")) == b"192.0.2.9"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("number", "py:porch_test_keys:number is no function"),
        ("slow", "py:porch_test_keys:slow is async, but nobody may wait for it with each request"),
        ("gone", "py:porch_test_keys:gone cannot be loaded: AttributeError"),
    ],
)
def test_what_cannot_be_used_is_told_and_served_without(base: Path, name: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        hash_key(f"py:porch_test_keys:{name}", base)
    told: list[str] = []
    key = load_hash_key(told.append, f"py:porch_test_keys:{name}", base)
    assert key(exchange_of()) is None
    (only,) = told
    assert why in only
    assert only.endswith("; requests go to endpoints drawn by weight until it can be")


def test_a_part_of_a_cache_key_that_cannot_be_loaded_is_none_and_told(base: Path) -> None:
    told: list[str] = []
    found = load_cache_key(told.append, "py:porch_test_keys:tenant", base)
    assert found is not None
    assert found(exchange_of(b"192.0.2.9")) == b"192.0.2.9"
    assert load_cache_key(told.append, "py:porch_test_keys:gone", base) is None
    (text,) = told
    assert text.endswith("nothing is kept of routes that have it in their key until it can be")


def test_a_limit_whose_key_or_cost_cannot_be_loaded_goes_on_without(base: Path) -> None:
    told: list[str] = []
    key = load_limit_key(told.append, "py:porch_test_keys:tenant", base)
    assert key is not None
    assert key(exchange_of(b"192.0.2.9")) == b"192.0.2.9"
    cost = load_cost(told.append, "py:porch_test_keys:tenant", base)
    assert cost is not None
    assert cost(exchange_of(b"192.0.2.9")) == b"192.0.2.9"
    assert told == []
    assert load_limit_key(told.append, "py:porch_test_keys:gone", base) is None
    assert load_cost(told.append, "py:porch_test_keys:slow", base) is None
    assert [each.rpartition("; ")[2] for each in told] == [
        "the limit counts by the client's address until it can be",
        "each request costs 1 until it can be",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("broken", "KeyError: 'x-tenant' (porch_test_keys.py:6)"),
        ("odd", "TypeError: the key of a request is 7, which is neither bytes nor a text (hash"),
    ],
)
def test_a_key_that_raises_is_told_with_function_and_route_and_goes_on_without(
    base: Path, name: str, why: str
) -> None:
    told: list[tuple[str, str]] = []

    def warn(text: str, about: str = "") -> None:
        told.append((text, about))

    word = f"py:porch_test_keys:{name}"
    exchange = exchange_of(b"192.0.2.9")
    exchange.route = Route(key="a.test/x")
    limit = load_limit_key(warn, word, base)
    assert limit is not None
    assert limit(exchange) == b"192.0.2.9", "by the address, so that it lets in no flood"
    assert load_hash_key(warn, word, base)(exchange) is None
    for (text, about), what, so in zip(
        told,
        (f"limit per {word}", f"balance = hash {word}"),
        ("are counted by the client's address", "go to endpoints drawn by weight"),
        strict=True,
    ):
        assert about == f"{what}, route a.test/x"
        assert text.startswith(f"{about}: {why}")
        assert text.endswith(f"); requests for which it raises {so}")


def test_whose_answer_is_whose_is_not_guessed_where_a_part_of_the_key_raises(base: Path) -> None:
    told: list[tuple[str, str]] = []

    def warn(text: str, about: str = "") -> None:
        told.append((text, about))

    word = "py:porch_test_keys:broken"
    found = load_cache_key(warn, word, base)
    assert found is not None
    exchange = exchange_of(b"192.0.2.9")
    exchange.route = Route(key="a.test/x")
    with pytest.raises(NoKey):
        found(exchange)
    ((text, about),) = told
    assert about == f"cache key {word}, route a.test/x"
    assert text == (
        f"{about}: KeyError: 'x-tenant' (porch_test_keys.py:6); "
        "requests for which it raises go past the cache"
    )


def test_a_state_loads_with_the_messages_of_its_worker(base: Path) -> None:
    state = State()
    told: list[str] = []
    messages: Any = SimpleNamespace(warn=told.append, tell=told.append)
    load_with(state, messages)
    assert state.load_limit_key("py:porch_test_keys:tenant", base) is not None
    for load in (state.load_key, state.load_cache_key, state.load_limit_key, state.load_cost):
        load("py:porch_test_keys:gone", base)
    state.tell("a word")
    assert len(told) == 5
