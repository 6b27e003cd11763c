"""The word `balance` as an algorithm."""

from pathlib import Path
from typing import Any

import pytest

from porch.balance.consistent_hash import ConsistentHash, Key
from porch.balance.first_available import FirstAvailable
from porch.balance.least_requests import LeastRequests
from porch.balance.least_time import LeastTime
from porch.balance.random_choice import RandomChoice
from porch.balance.ring import Ring
from porch.balance.round_robin import RoundRobin
from porch.balance.tiers import Tiers
from porch.balance.upstream import Balancer
from porch.config.balancing import balancer, is_hash
from tests.support.pools import chosen, exchange_of, pool

BASE = Path("/etc/porch")


def load(word: str, base: Path) -> Key:
    assert base == BASE
    return lambda exchange: word.encode()


def made(word: str, *, has_tiers: bool = False) -> Balancer:
    return balancer(word, Ring(), load, BASE, has_tiers=has_tiers)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("least-requests", LeastRequests),
        ("round-robin", RoundRobin),
        ("random", RandomChoice),
        ("least-time", LeastTime),
        ("first", FirstAvailable),
        ("hash client", ConsistentHash),
    ],
)
def test_each_word_is_an_algorithm(word: str, kind: type) -> None:
    assert type(made(word)) is kind
    assert is_hash(word) == (kind is ConsistentHash)


@pytest.mark.parametrize(
    ("word", "one", "two"),
    [
        ("hash client", {"client": b"1"}, {"client": b"2"}),
        ("hash path", {"target": b"/1?a"}, {"target": b"/2?a"}),
        ("hash query user", {"target": b"/?user=1"}, {"target": b"/?user=2"}),
        (
            "hash header X-Tenant",
            {"fields": [(b"x-tenant", b"1")]},
            {"fields": [(b"x-tenant", b"2")]},
        ),
        (
            "hash cookie sid",
            {"fields": [(b"cookie", b"sid=1")]},
            {"fields": [(b"cookie", b"sid=2")]},
        ),
    ],
)
def test_a_hash_goes_by_what_it_names(word: str, one: dict[str, Any], two: dict[str, Any]) -> None:
    endpoints = pool(*[1] * 100)
    of = made(word)
    of.use(endpoints, endpoints)
    assert chosen(of, exchange_of(**one)) is chosen(of, exchange_of(**one))
    assert chosen(of, exchange_of(**one)) is not chosen(of, exchange_of(**two))


def test_a_function_is_loaded_by_who_may() -> None:
    endpoints = pool(*[1] * 100)
    one, two = made("hash py:shop:tenant"), made("hash py:shop:other")
    for each in (one, two):
        each.use(endpoints, endpoints)
    found = {chosen(one, exchange_of(b"%d" % number)) for number in range(9)}
    assert len(found) == 1
    assert chosen(two, exchange_of()) not in found


def test_tiers_stand_around_any() -> None:
    endpoints = pool(1, 1, 1, 1)
    endpoints[0].priority = 1
    for word in ("round-robin", "hash client"):
        of = made(word, has_tiers=True)
        assert isinstance(of, Tiers)
        of.use(endpoints, endpoints)
        assert {chosen(of, exchange_of(b"%d" % number)) for number in range(99)} == {*endpoints[1:]}
