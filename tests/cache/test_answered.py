"""Who answered, for the log of those who waited."""

from typing import Any

import pytest

from porch.cache.answered import Answered, tell


class Asked:
    """As much of an exchange as is looked at."""

    def __init__(self, endpoint: object = None, *times: float) -> None:
        self.endpoint = endpoint
        self.attempts = 2
        self.reused = True
        self.started, self.connected, self.first_byte = times or (0.0, 0.0, 0.0)


@pytest.fixture(params=["asked", "ended"])
def told(request: pytest.FixtureRequest) -> Any:
    """Tells an exchange, while the one that asked has not ended or when it has."""

    def made(asked: Any, exchange: Any) -> Any:
        tell(asked if request.param == "asked" else Answered(asked), exchange)
        return exchange

    return made


def test_who_came_later_was_not_there_when_it_began(told: Any) -> None:
    early = told(Asked("a", 1.0, 2.0, 5.0), Asked(None, 1.0, 0.0, 0.0))
    assert (early.endpoint, early.connected, early.first_byte) == ("a", 2.0, 5.0)
    late = told(Asked("a", 1.0, 2.0, 5.0), Asked(None, 4.0, 0.0, 0.0))
    assert (late.connected, late.first_byte) == (4.0, 5.0)


def test_of_who_asked_nobody_nothing_is_told(told: Any) -> None:
    exchange = Asked("mine", 1.0, 1.0, 1.0)
    assert told(Asked(), exchange).endpoint == "mine"


def test_what_was_not_reached_stays_so(told: Any) -> None:
    exchange = told(Asked("a", 1.0, 0.0, 0.0), Asked(None, 9.0, 0.0, 0.0))
    assert (exchange.connected, exchange.first_byte) == (0.0, 0.0)
