"""Sums of one cell of many endpoints."""

from porch.balance.endpoint import FAILED, WIDTH
from porch.manage.endpoint_sums import endpoint_sums
from porch.route.route import RUNNING
from porch.shared import SharedTable


def test_each_is_the_sum_over_all_rows_in_use_in_the_order_that_is_asked_for() -> None:
    table = SharedTable(4, 200)
    table.use(2)
    columns = [100 + 3 * WIDTH, 100, 100 + WIDTH]
    for row in range(3):
        for at, column in enumerate(columns):
            table.rows[row][column + RUNNING] = 10 * row + at
            table.rows[row][column + FAILED] = 1
    table.rows[3][100 + RUNNING] = 1000
    assert endpoint_sums(table, columns, RUNNING) == [30, 33, 36]
    assert endpoint_sums(table, columns, FAILED) == [3, 3, 3]
    assert endpoint_sums(table, columns[:1], RUNNING) == [30]


def test_of_nothing_there_is_nothing() -> None:
    assert endpoint_sums(SharedTable(2, 20), [], RUNNING) == []
