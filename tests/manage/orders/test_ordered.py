"""What operators have said, with the way back."""

import shlex

from porch.config.orders import Back, Closed, Order, Orders
from porch.manage.orders.ordered import ordered

NAME = ("[pool.api]", "10.0.0.1:8000")


def test_each_is_told_with_the_command_that_ends_it() -> None:
    orders = Orders.none()
    for order in (
        Order("drained", NAME, 0.0),
        Order("weight", NAME, 3),
        Order("closed", "a.test/x/*", Closed(since=0.0, until=1800.0, allow=("10.0.0.0/8", "::1"))),
        Order("back", "a.test", Back(since=0.0, why="9% of 100", words="{}")),
    ):
        orders.note(order)
    assert [(each["order"], each["undo"]) for each in ordered(orders)] == [
        ("drained api/10.0.0.1:8000", "porch undrain api/10.0.0.1:8000"),
        ("weight 3 for api/10.0.0.1:8000", "porch weight api/10.0.0.1:8000 file"),
        (
            "maintenance of a.test/x/* for 30m, but for 10.0.0.0/8, ::1",
            "porch maintenance 'a.test/x/*' off",
        ),
        ("canary of a.test is back: 9% of 100", "porch canary a.test on"),
    ]
    assert [each["since"] for each in ordered(orders)] == [
        "1970-01-01T00:00:00Z",
        None,
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
    ]
    assert {each["about"] for each in ordered(orders)} == {
        shlex.split(str(each["undo"]))[2] for each in ordered(orders)
    }


def test_nothing_said_is_nothing_told() -> None:
    assert ordered(Orders.none()) == []
