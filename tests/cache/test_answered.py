"""Who answered, for the log of those who waited."""

from typing import Any

from porch.cache.answered import Answered


class Asked:
    """As much of an exchange as is looked at."""

    def __init__(self, endpoint: object = None, *times: float) -> None:
        self.endpoint = endpoint
        self.attempts = 2
        self.reused = True
        self.started, self.connected, self.first_byte = times or (0.0, 0.0, 0.0)


def told(asked: Any, exchange: Any) -> Any:
    Answered(asked).tell(exchange)
    return exchange


def test_who_came_later_was_not_there_when_it_began() -> None:
    early, late = (
        told(Asked("a", 1.0, 2.0, 5.0), Asked(None, 1.0, 0.0, 0.0)),
        Asked(None, 4.0, 0, 0),
    )
    assert (early.endpoint, early.connected, early.first_byte) == ("a", 2.0, 5.0)
    late = told(Asked("a", 1.0, 2.0, 5.0), Asked(None, 4.0, 0.0, 0.0))
    assert (late.connected, late.first_byte) == (4.0, 5.0)


def test_of_who_asked_nobody_nothing_is_told() -> None:
    exchange = Asked("mine", 1.0, 1.0, 1.0)
    assert told(Asked(), exchange).endpoint == "mine"


def test_what_was_not_reached_stays_so() -> None:
    exchange = told(Asked("a", 1.0, 0.0, 0.0), Asked(None, 9.0, 0.0, 0.0))
    assert (exchange.connected, exchange.first_byte) == (0.0, 0.0)
