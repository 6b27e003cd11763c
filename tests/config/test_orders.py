"""What operators have said, noted, kept and read again."""

import json
from typing import Any

import pytest

from porch.config.orders import Back, Closed, Order, Orders

NAME = ("[pool.api]", "10.0.0.1:8000")
CLOSED = Closed(
    since=100.0,
    until=200.0,
    opens=1200.0,
    retry_after=60.0,
    page=b"\xff<p>",
    file="/x",
    allow=("10.0.0.0/8",),
)
BACK = Back(since=1.0, why="x", words="{}")
ALL = [
    Order("drained", NAME, 5.0),
    Order("weight", NAME, 0),
    Order("closed", "a.test", CLOSED),
    Order("back", "a.test", BACK),
]


def noted(*orders: Order) -> Orders:
    made = Orders.none()
    for each in orders:
        made.note(each)
    return made


def test_each_holds_until_it_is_undone() -> None:
    for each in ALL:
        made = noted(each)
        assert made
        made.note(Order(each.kind, each.name, None))
        assert not made
        made.note(Order(each.kind, each.name, None))


def test_weight_0_is_a_weight() -> None:
    assert noted(Order("weight", NAME, 0)).weights == {NAME: 0}


def test_what_was_kept_comes_back_as_it_was() -> None:
    made = noted(*ALL)
    assert Orders.load(json.loads(json.dumps(made.dump())), 150.0, 1150.0) == made


def test_what_is_kept_ends_by_the_wall_clock_for_the_other_is_not_that_of_another_start() -> None:
    data = json.loads(json.dumps(noted(*ALL).dump()))
    assert Orders.load(data, 170.0, 7.0).closed["a.test"].opens == 37.0
    data = json.loads(json.dumps(noted(Order("closed", "a.test", Closed(since=0.0))).dump()))
    assert Orders.load(data, 170.0, 7.0).closed["a.test"].opens is None


def test_what_is_over_meanwhile_does_not_come_back() -> None:
    data = json.loads(json.dumps(noted(*ALL).dump()))
    assert Orders.load(data, 199.0, 0.0).closed
    assert not Orders.load(data, 200.0, 0.0).closed
    assert Orders.load(data, 200.0, 0.0).drained


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"drained": [], "weights": [], "closed": {}},
        {"drained": [["a"]], "weights": [], "closed": {}, "back": {}},
        {"drained": [], "weights": [], "closed": {"a": {"x": 1}}, "back": {}},
    ],
)
def test_rubbish_is_refused(data: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Orders.load(data, 0.0, 0.0)


def test_a_canary_is_back_only_in_the_words_that_failed() -> None:
    made = noted(ALL[3])
    assert made.is_back("a.test", "{}")
    assert not made.is_back("a.test", "{ }")
    assert not made.is_back("b.test", "{}")


def test_clients_come_again_no_later_than_the_end() -> None:
    assert CLOSED.left(1100.0) == 60.0
    assert CLOSED.left(1180.0) == 20.0
    assert CLOSED.left(1300.0) == 1.0
    assert Closed(since=0.0).left(1e9) == 600.0
