"""How questions ended, as other workers hear of it."""

import os
from collections.abc import Iterator

import pytest

from porch import clock
from porch.cache.lost import FillLost
from porch.cache.outcomes import PLACES, Outcome, Outcomes
from porch.cache.passes import PASS, Passes
from porch.errors import ConnectTimeout, GatewayTimeout
from tests.support.network import FakeClock


@pytest.fixture
def descriptor() -> Iterator[int]:
    made = os.memfd_create("outcomes")
    yield made
    os.close(made)


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def name(number: int) -> bytes:
    """One whose place is `number`."""
    return number.to_bytes(12, "big") + (number % PLACES).to_bytes(4, "big")


def test_nothing_is_known_at_first(descriptor: int) -> None:
    assert Outcomes(descriptor).told(name(1), 0.0) is None


def test_what_one_worker_tells_all_hear_who_waited_then(descriptor: int, fake: FakeClock) -> None:
    one, other = Outcomes(descriptor), Outcomes(descriptor)
    before = clock.monotonic()
    fake.advance(1.0)
    one.tell(name(1), Outcome(401, "status"))
    fake.advance(1.0)
    assert other.told(name(1), before) == Outcome(401, "status")
    assert other.told(name(2), before) is None
    assert other.told(name(1), clock.monotonic()) is None, "who came later"


@pytest.mark.parametrize("ident", [b"f" + bytes(7) + b"\x01", name(3)])
def test_an_error_is_the_same_elsewhere(descriptor: int, ident: bytes) -> None:
    outcomes = Outcomes(descriptor)
    outcomes.tell_error(ident, ConnectTimeout("10.0.0.1:80 did not, " + 200 * "x"))
    told = outcomes.told(ident, 0.0)
    assert told is not None
    assert told.status == 0
    error = told.error()
    assert type(error) is ConnectTimeout
    assert error.detail.startswith("10.0.0.1:80 did not, xxx")


def test_an_error_that_nobody_knows_is_one_of_the_cache() -> None:
    assert type(Outcome(0, "OfAnotherVersion").error()) is FillLost


def test_one_that_takes_the_place_of_another_is_not_taken_for_it(descriptor: int) -> None:
    outcomes = Outcomes(descriptor)
    outcomes.tell(name(1), Outcome(500, "status"))
    outcomes.tell_error(name(1 + PLACES), GatewayTimeout())
    assert outcomes.told(name(1), 0.0) is None
    assert outcomes.told(name(1 + PLACES), 0.0) == Outcome(0, "GatewayTimeout")


def test_it_leaves_the_passes_alone_that_are_in_the_same_file(descriptor: int) -> None:
    passes, outcomes = Passes(descriptor), Outcomes(descriptor)
    for number in range(0, PLACES, 64):
        passes.add(name(number), PASS)
        outcomes.tell(name(number), Outcome(500, "status"))
    for number in range(0, PLACES, 64):
        assert outcomes.told(name(number), 0.0) is not None
    assert passes.has(name(PLACES - 64))
