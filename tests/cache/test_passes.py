"""What is known to be of no use to wait for."""

import os
from collections.abc import Iterator

import pytest

from porch.cache import refusal
from porch.cache.passes import LASTING, PASS, PASS_BRIEFLY, PLACES, Passes, seconds_of
from porch.cache.refusal import REFUSALS
from tests.support.network import FakeClock


@pytest.fixture
def descriptor() -> Iterator[int]:
    made = os.memfd_create("passes")
    yield made
    os.close(made)


def name(number: int) -> bytes:
    """One whose place is `number`."""
    return number.to_bytes(8, "big") + number.to_bytes(4, "little") + bytes(4)


def test_nothing_is_known_at_first(descriptor: int) -> None:
    assert not Passes(descriptor).has(name(1))


def test_what_one_worker_finds_out_all_know_until_its_time_is_over(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeClock(monkeypatch)
    one, other = Passes(descriptor), Passes(descriptor)
    one.add(name(1), PASS)
    assert other.has(name(1))
    assert not other.has(name(2))
    fake.advance(PASS - 1)
    assert other.has(name(1))
    fake.advance(2)
    assert not other.has(name(1))


def test_what_can_be_stored_after_all_is_waited_for_again(descriptor: int) -> None:
    passes = Passes(descriptor)
    passes.add(name(1), PASS)
    passes.drop(name(2))
    assert passes.has(name(1))
    passes.drop(name(1))
    assert not passes.has(name(1))


def test_one_that_takes_the_place_of_another_is_not_taken_for_it(descriptor: int) -> None:
    passes = Passes(descriptor)
    passes.add(name(1), PASS)
    passes.add(name(1 + PLACES), PASS)
    assert passes.has(name(1 + PLACES))
    assert not passes.has(name(1))
    passes.drop(name(1))
    assert passes.has(name(1 + PLACES))


def test_the_table_does_not_grow(descriptor: int) -> None:
    passes = Passes(descriptor)
    for number in range(PLACES * 2):
        passes.add(name(number), PASS)
    assert os.fstat(descriptor).st_size == 16 * PLACES


def test_for_no_time_at_all_nothing_is_noted(descriptor: int) -> None:
    Passes(descriptor).add(name(1), 0.0)
    assert os.fstat(descriptor).st_size == 0


def test_words_that_last_are_words_of_refusals() -> None:
    assert {each.word for each in REFUSALS} >= LASTING


@pytest.mark.parametrize(
    ("why", "status", "seconds"),
    [
        (refusal.PRIVATE, 200, PASS),
        (refusal.PRIVATE, 404, PASS_BRIEFLY),
        (refusal.NO_STORE, 500, 0.0),
        (refusal.SET_COOKIE, 200, PASS_BRIEFLY),
        (refusal.STATUS, 416, 0.0),
        (refusal.REQUEST_NO_STORE, 200, 0.0),
    ],
)
def test_how_long_it_lasts_goes_by_whose_fault_it_may_have_been(
    why: refusal.Refusal, status: int, seconds: float
) -> None:
    assert seconds_of(why, status) == seconds
