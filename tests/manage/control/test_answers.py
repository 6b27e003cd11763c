"""What operations answer is as it is described; a real door's answers are looked at beside it in
tests/e2e/test_admin.py."""

from typing import Any

import pytest

from porch.config.orders import Order, Orders
from porch.manage.control.answers import AUDIT, ORDERS, STATUS, open_ended
from porch.manage.control.schema import flag, wrong
from porch.manage.orders.ordered import ordered


def test_orders_are_as_they_are_described() -> None:
    orders = Orders.none()
    orders.note(Order("drained", ("p", "a:1"), 5.0))
    orders.note(Order("weight", ("p", "a:1"), 3))
    assert wrong(ORDERS, {"orders": ordered(orders)}) == ""


def test_more_may_come_and_what_is_described_stays() -> None:
    schema = open_ended(on=flag("whether"))
    assert wrong(schema, {"on": True, "more": 1}) == ""
    assert wrong(schema, {"more": 1}) == "'on' is missing"
    assert wrong(schema, {"on": 1}) == "'on' is true or false"


@pytest.mark.parametrize("schema", [AUDIT, STATUS])
def test_an_answer_without_its_parts_is_another(schema: Any) -> None:
    assert wrong(schema, {}).endswith("is missing")
