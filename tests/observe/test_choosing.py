"""Which exchanges have a line."""

import pytest

from porch.errors import ClientGone, ConnectionRefused
from porch.exchange import Exchange
from porch.failing import Tried
from porch.observe.choosing import Choice, phase
from tests.support.ended import ended


def slow(seconds: float, **words: object) -> Exchange:
    made = ended(**words)  # type: ignore[arg-type]
    made.ended = made.started + seconds
    return made


GOOD, MISSING, BROKEN = ended(), ended(status=404), ended(status=503)
REFUSED = ended(status=502, error=ConnectionRefused("x"))
LEFT = ended(status=0, error=ClientGone("x"))
ALL = [GOOD, MISSING, BROKEN, REFUSED, LEFT]


@pytest.mark.parametrize(
    ("statuses", "chosen"),
    [
        (("404",), [MISSING]),
        (("5xx",), [BROKEN, REFUSED]),
        (("404", "502"), [MISSING, REFUSED]),
        (("error",), [BROKEN, REFUSED, LEFT]),
        ((), ALL),
    ],
)
def test_a_status_or_a_class_of_them_chooses(statuses, chosen):
    assert Choice(statuses=statuses)(ALL) == chosen


def test_a_route_chooses_by_its_key():
    other = ended(route="other.test")
    assert Choice(routes=("other.test",))([GOOD, other]) == [other]


def test_errors_and_slow_ones_are_either_where_both_are_asked_for():
    late = slow(0.5)
    assert Choice(errors=True)([*ALL, late]) == [BROKEN, REFUSED, LEFT]
    assert Choice(slower=0.5)([*ALL, late]) == [late]
    assert Choice(slower=0.5, errors=True)([*ALL, late]) == [BROKEN, REFUSED, LEFT, late]


def test_a_route_narrows_what_is_slow():
    late = slow(2, route="other.test")
    assert Choice(routes=("other.test",), slower=1)([GOOD, late, slow(2)]) == [late]


def test_a_sample_has_its_share_and_all_that_failed_or_was_slow():
    chances = iter([0.005, 0.01, 0.5])
    late = slow(1.0)
    choice = Choice(sample=0.01, chance=lambda: next(chances))
    assert choice([GOOD, MISSING, BROKEN, late, ended()]) == [GOOD, BROKEN, late]


def test_a_sample_of_one_percent_is_one_in_a_hundred():
    share = len(Choice(sample=0.01)([GOOD] * 100_000)) / 100_000
    assert 0.005 < share < 0.02  # 16 standard deviations


def test_what_is_slow_for_a_sample_can_be_said():
    late = slow(0.2)
    assert Choice(sample=0.01, slower=0.2, chance=lambda: 1.0)([GOOD, late]) == [late]


def marked(connected: float, first_byte: float, end: float, tried: float = 0.0) -> Exchange:
    made = slow(end)
    made.connected = made.started + connected if connected else 0.0
    made.first_byte = made.started + first_byte if first_byte else 0.0
    if tried:
        error = ConnectionRefused("x")
        made.tried = (Tried("10.0.0.9:80", 0.0, made.started + tried, error),)
    return made


@pytest.mark.parametrize(
    ("exchange", "word"),
    [
        (marked(2, 2.1, 2.2), "connect"),
        (marked(0.1, 2.1, 2.2), "first_byte"),
        (marked(0.1, 0.2, 2.2), "body"),
        (marked(0, 0, 2.2), "connect"),
        (marked(0.1, 0, 2.2), "first_byte"),
        (marked(2.1, 2.2, 2.3, tried=2), "retries"),
        (marked(0.1, 0, 5, tried=1), "connect"),
        (slow(3, endpoint=None), "door"),
    ],
)
def test_the_phase_that_took_longest_is_named(exchange, word):
    assert phase(exchange) == word
