"""Each by its weight, whatever runs."""

import random

import pytest

from porch.balance.random_choice import RandomChoice
from porch.route.route import RUNNING
from tests.support.chance import is_fair
from tests.support.pools import NOBODY, counts, pool


@pytest.mark.parametrize("weights", [(1, 1), (5, 2, 1), (1,) * 10])
def test_each_has_its_share_whatever_runs_there(weights: tuple[int, ...]) -> None:
    endpoints = pool(*weights)
    endpoints[0].counts[RUNNING] = 1000
    balancer = RandomChoice(random.Random(3).random)
    balancer.use(endpoints, endpoints)
    assert is_fair(counts(balancer, endpoints, 4000), weights)


def test_the_others_follow_each_once() -> None:
    endpoints = pool(3, 1, 1, 1, 9)
    balancer = RandomChoice(random.Random(3).random)
    balancer.use(endpoints[1:], endpoints)
    for _ in range(20):
        assert {*balancer.candidates(NOBODY)} == {*endpoints[1:]}
        assert len([*balancer.candidates(NOBODY)]) == 4
