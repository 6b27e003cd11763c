"""The first takes all."""

from porch.balance.first_available import FirstAvailable
from porch.route.route import RUNNING
from tests.support.pools import NOBODY, counts, pool


def test_the_first_takes_all_while_it_is_there() -> None:
    endpoints = pool(1, 1, 1)
    endpoints[0].counts[RUNNING] = 1000
    balancer = FirstAvailable()
    balancer.use(endpoints, endpoints)
    assert counts(balancer, endpoints, 50) == [50, 0, 0]
    balancer.use(endpoints[1:], endpoints)
    assert counts(balancer, endpoints, 50) == [0, 50, 0]
    balancer.use(endpoints, endpoints)
    assert counts(balancer, endpoints, 50) == [50, 0, 0]


def test_the_others_follow_as_they_are_written() -> None:
    endpoints = pool(1, 9, 1)
    balancer = FirstAvailable()
    balancer.use(endpoints, endpoints)
    assert [*balancer.candidates(NOBODY)] == endpoints
