"""What a request costs that is not counted as one."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.http.message import ResponseHead
from porch.shield.limit_costs import by_bytes, by_field, by_function, by_time


def exchange_of(**words: Any) -> Any:
    return SimpleNamespace(**words)


def test_bytes_are_those_of_both_bodies() -> None:
    assert by_bytes(exchange_of(bytes_in=3, bytes_out=4)) == 7


@pytest.mark.parametrize(
    ("connected", "first_byte", "ended", "asked", "cost"),
    [
        (10.0, 10.25, 99.0, True, 250),
        (10.0, 0.0, 11.5, True, 1500),  # nothing came
        (10.0, 9.0, 10.5, True, 500),  # the last attempt has brought nothing
        (0.0, 0.0, 11.0, True, 0),
        (10.0, 10.2, 11.0, False, 0),
    ],
)
def test_time_is_that_of_the_origin(
    connected: float, first_byte: float, ended: float, asked: bool, cost: int
) -> None:
    exchange = exchange_of(
        connected=connected,
        first_byte=first_byte,
        ended=ended,
        endpoint=object() if asked else None,
    )
    assert by_time(exchange) == cost


@pytest.mark.parametrize(
    ("value", "cost"),
    [
        (b"7", 7),
        (b" 12 ", 12),
        (b"0", 0),
        (b"1.0", 1),
        (b"1.25", 2),
        (b"-5", 1),
        (b"nan", 1),
        (b"1e3", 1),
        (b"", 1),
        (b"1.x", 1),
        (b"9" * 5000, 10**12),
        (None, 1),
    ],
)
def test_a_number_in_a_field_is_taken_and_nonsense_is_one(value: bytes | None, cost: int) -> None:
    fields = [(b"x-cost", value)] if value is not None else []
    assert by_field(b"x-cost")(exchange_of(response=ResponseHead(200, fields))) == cost


def test_no_answer_is_one() -> None:
    assert by_field(b"x-cost")(exchange_of(response=None)) == 1


@pytest.mark.parametrize(("said", "cost"), [(3, 3), (0.2, 1), (0, 0), (float("inf"), 10**12)])
def test_a_function_says_a_number(said: float, cost: int) -> None:
    assert by_function(lambda exchange: said)(exchange_of()) == cost


@pytest.mark.parametrize("said", [None, -1, float("nan"), "5", True])
def test_what_is_no_number_is_told(said: object) -> None:
    with pytest.raises(TypeError, match="no number from 0 on"):
        by_function(lambda exchange: said)(exchange_of())
