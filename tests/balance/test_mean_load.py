"""The mean of what runs, with one look at one endpoint each time."""

from porch.balance.endpoint import Endpoint
from porch.balance.mean_load import MeanLoad
from porch.route.route import RUNNING
from tests.support.pools import pool


def load(endpoints: list[Endpoint], *running: int) -> None:
    for each, count in zip(endpoints, running, strict=True):
        each.counts[RUNNING] = count


def test_of_few_it_is_exact() -> None:
    endpoints = pool(1, 2, 1)
    load(endpoints, 1, 6, 1)
    assert MeanLoad(endpoints).look() == 2.0


def test_of_many_each_look_takes_one_more_into_account() -> None:
    endpoints = pool(*[1] * 10)
    load(endpoints, *[20] * 10)
    mean = MeanLoad(endpoints)
    assert [mean.look() for _ in range(12)] == [*range(2, 21, 2), 20, 20]
    load(endpoints, *[0] * 10)
    assert [mean.look() for _ in range(10)][-1] == 0


def test_what_was_known_of_those_who_stay_is_known_still() -> None:
    endpoints = pool(*[1] * 10)
    load(endpoints, *[20] * 10)
    before = MeanLoad(endpoints)
    for _ in range(10):
        before.look()
    after = MeanLoad(endpoints[5:] + pool(*[1] * 5), before)
    assert after.look() == 10.0
