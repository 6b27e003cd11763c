"""Public hosts beside slow ones, and those that nobody has written down."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from porch.certs import issuer, lane, moments
from porch.certs.failure import IssueError
from porch.certs.keeper import AGAIN, Keeper
from porch.certs.kept import find_entry
from porch.certs.renewal import Suggestion, certificate_id
from porch.certs.rounds import EVERY
from porch.certs.shelf import take_down
from porch.certs.store import FileStore
from tests.support.hands import Hands
from tests.support.keeping import CA, HOST, Kept, World

DAY = 86400.0


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, hands: Hands) -> World:
    return World.instead(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


@pytest.mark.parametrize("slow", [1, 50])
def test_many_that_hang_delay_one_that_is_well_by_their_pace_alone(
    store: FileStore, world: World, monkeypatch: pytest.MonkeyPatch, slow: int
) -> None:
    """Behind an authority that drips, or a DNS provider that does not come back."""
    monkeypatch.setattr(lane, "PACE", 0.01)
    is_over = threading.Event()
    hanging = [f"a{number}.example" for number in range(slow)]
    one = Kept(store, *hanging, "z.example")

    def hang() -> None:
        if threading.current_thread().name != "porch z.example":
            assert is_over.wait(10)
            raise IssueError("network", "it does not come back")

    world.during = hang
    one.step()
    eventually(lambda: one.made == ["z.example"])
    one.step()
    assert sorted(world.asked) == sorted([*hanging, "z.example"])  # none is begun twice
    is_over.set()
    eventually(lambda: len(one.said) == 1 + slow)


def eventually(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_who_has_failed_comes_after_those_that_have_not(
    store: FileStore, world: World, hands: Hands
) -> None:
    world.fails["a.example"] = [IssueError("dns", "it has no address")]
    one = Kept(store, "a.example")
    one.step()
    hands.advance(AGAIN)
    one.want("a.example", "b.example", "c.example")
    one.step()
    assert world.asked == ["a.example", "b.example", "c.example", "a.example"]


def test_a_provider_that_ends_the_program_ends_its_own_name_alone(
    store: FileStore, world: World
) -> None:
    world.fails["a.example"] = [SystemExit(3)]
    one = Kept(store, "a.example", "b.example")
    one.step()
    assert one.made == ["b.example"]
    assert "no certificate for a.example: SystemExit: 3" in one.said


def test_one_that_nobody_has_written_down_is_got_when_it_is_asked_for(
    store: FileStore, world: World
) -> None:
    one = Kept(store)
    assert one.keeper.get(HOST).what == "issued"
    assert find_entry(store, HOST) is not None
    assert one.keeper.get(HOST).what == "held"
    world.fails["b.example"] = [IssueError("connection", "nobody answers", another=False)]
    assert [one.keeper.get("b.example").what for _ in range(2)] == ["failed", "waiting"]
    assert world.asked == [HOST, "b.example"]
    assert one.said == one.made == []  # whoever asks has it in his hands
    assert Keeper(store, one.made.extend, one.said.append).get(HOST).what == "waiting"


def test_of_those_got_on_demand_the_authority_is_asked_when_and_whoever_serves_them_is_told(
    store: FileStore, world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Kept(store)
    one.keeper.want({}, (replace(CA, staging=""),), ("http-01",), None, lambda host: host == HOST)
    for host in (HOST, "other.example"):
        assert one.keeper.get(host).what == "issued"
    asked: list[bytes] = []
    window = timedelta(days=10)

    def ask(_: object, chain: bytes) -> Suggestion:
        asked.append(chain)
        now = moments.now().replace(microsecond=0)
        start, end = now + window, now + window + timedelta(days=1)
        return Suggestion(certificate_id(chain), start, end, now, now + timedelta(hours=6))

    monkeypatch.setattr(issuer.renewal, "ask", ask)
    hands.advance(EVERY)
    one.step()
    found = find_entry(store, HOST)
    assert found is not None
    assert asked == [found.chain]
    assert one.made == [HOST]
    shelved = take_down(store, HOST)
    assert shelved is not None
    assert 10 * DAY <= shelved.renews - hands.wall <= 11 * DAY
    assert one.keeper.get(HOST).what == "held"
    for _ in range(3):
        hands.advance(EVERY)
        one.step()
    assert len(asked) == 1  # the authority said in six hours
    hands.advance(11 * DAY)
    assert one.keeper.get(HOST).what == "issued"  # a client has come
    assert len(world.asked) == 3
    renewed = take_down(store, HOST)
    assert renewed is not None
    assert renewed.renews - hands.wall > 50 * DAY  # what was said was of the one before


def test_one_that_is_good_is_got_anew_where_somebody_asks(store: FileStore, world: World) -> None:
    one = Kept(store, HOST)
    one.step()
    before = one.keeper.shown(HOST)
    assert one.keeper.renew(HOST).what == "issued"
    assert one.made == [HOST, HOST]  # whoever serves it is told
    assert one.keeper.shown(HOST) != before
    assert one.keeper.renew("asked-for.example").what == "issued"  # by a client, on demand
    assert (one.keeper.shown("none.example"), world.asked[-1]) == ("", "asked-for.example")


def test_what_stands_in_the_way_of_another_one_is_said(store: FileStore, world: World) -> None:
    one = Kept(store, HOST)
    lock = store.lock(f"issue/{HOST}", 60)
    assert lock is not None
    outcome = one.keeper.renew(HOST)
    assert (outcome.what, f"process {os.getpid()}" in outcome.sentence) == ("busy", True)
    lock.release()
    world.fails[HOST] = [IssueError("unauthorized", "the authority says no")]
    outcome = one.keeper.renew(HOST)
    assert (outcome.what, "the authority says no" in outcome.sentence) == ("failed", True)
    assert one.made == []
