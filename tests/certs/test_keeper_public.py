"""The certificates of public hosts: an authority that answers as it is told, and a real one."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from porch.certs import backoff
from porch.certs.answers import Answers
from porch.certs.authority import PRESETS, Authority
from porch.certs.failure import IssueError
from porch.certs.keeper import AGAIN, LONGEST_PAUSE, KeptForIssuer
from porch.certs.kept import find_entry, keep_entry
from porch.certs.means import Means
from porch.certs.store import FileStore, StoreError
from tests.support import validated
from tests.support.hands import Hands
from tests.support.keeping import CA, HOST, Kept, World
from tests.support.pebble import Pebble

DAY = 86400.0
STAGING = PRESETS["letsencrypt-staging"]


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, hands: Hands) -> World:
    return World.instead(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


def test_what_is_missing_is_got_kept_and_told(store: FileStore, world: World) -> None:
    one = Kept(store, HOST)
    assert one.step() == 1.0
    assert one.made == [HOST]
    assert one.said == [f"{HOST} has a certificate of acme-v02.api.letsencrypt.org"]
    found = find_entry(store, HOST)
    assert found is not None
    assert (found.source, found.names, found.directory) == ("acme", (HOST,), CA.directory)
    assert one.step() == 1.0  # it is asked when to renew
    assert one.step() == LONGEST_PAUSE
    assert world.asked == [HOST]


def test_it_is_renewed_in_time_and_not_before(store: FileStore, world: World, hands: Hands) -> None:
    one = Kept(store, HOST)
    one.step()
    hands.advance(50 * DAY)
    one.step()
    assert world.asked == [HOST]
    hands.advance(20 * DAY)
    one.step()
    assert world.asked == [HOST, HOST]
    found = find_entry(store, HOST)
    assert found is not None
    assert found.not_before == int(hands.wall)


@pytest.mark.parametrize("jumps", [[365 * DAY], [-DAY, DAY], [365 * DAY, -365 * DAY]])
def test_a_clock_that_jumps_causes_no_storm(
    store: FileStore, world: World, hands: Hands, jumps: list[float]
) -> None:
    one = Kept(store, HOST)
    one.step()
    for jump in jumps:
        hands.set(hands.wall + jump)
        before = len(world.asked)
        for _ in range(5):
            one.step()
            hands.advance(1)
        assert len(world.asked) <= before + 1


def test_a_failure_is_told_and_others_go_on(store: FileStore, world: World, hands: Hands) -> None:
    world.fails["bad.example"] = [IssueError("dns", "it has no address") for _ in range(9)]
    one = Kept(store, "bad.example", HOST, "a.test")
    tried: list[float] = []
    for _ in range(30):
        before = world.asked.count("bad.example")
        pause = one.step()
        tried += [hands.wall] * (world.asked.count("bad.example") - before)
        hands.advance(pause)
    assert one.made == ["a.test", HOST]
    assert one.said[0] == "no certificate for bad.example: it has no address"
    assert len(one.said) == 2
    waits = [later - sooner for sooner, later in pairwise(tried)]
    assert waits[0] == pytest.approx(AGAIN, abs=1)
    assert all(later > 1.5 * sooner for sooner, later in pairwise(waits))


def test_what_fails_again_after_it_was_well_is_told_again(
    store: FileStore, world: World, hands: Hands
) -> None:
    one = Kept(store, HOST)
    for _ in range(2):
        world.fails[HOST] = [IssueError("dns", "it has no address")]
        one.step()
        hands.advance(AGAIN)
        one.step()
        hands.advance(70 * DAY)
    assert [said[:14] for said in one.said] == ["no certificate", "shop.example h"] * 2


def test_a_fault_of_ours_with_one_host_is_not_that_of_the_others(
    store: FileStore, world: World, hands: Hands
) -> None:
    world.fails["bad.example"] = [RuntimeError("a fault") for _ in range(9)]
    one = Kept(store, "bad.example", HOST)
    for _ in range(5):
        one.step()
        hands.advance(1)
    assert one.made == [HOST]
    assert world.asked.count("bad.example") == 1
    assert "no certificate for bad.example: RuntimeError: a fault" in one.said


def test_a_damaged_entry_is_got_anew(store: FileStore, world: World) -> None:
    one = Kept(store, HOST, "b.example")
    one.step()
    (store.folder / "certificates" / f"{HOST}.kept").write_bytes(b"?")
    one.step()
    assert world.asked == ["b.example", HOST, HOST] or world.asked == [HOST, "b.example", HOST]
    assert find_entry(store, HOST) is not None


def test_an_entry_of_no_possible_time_is_none(store: FileStore, world: World) -> None:
    one = Kept(store, HOST)
    one.step()
    found = find_entry(store, HOST)
    assert found is not None
    keep_entry(store, replace(found, not_after=10**30))
    assert KeptForIssuer(store).find((HOST,)) is None
    one.step()
    assert len(world.asked) == 2


def test_damaged_notes_beside_it_are_none(store: FileStore, world: World, hands: Hands) -> None:
    world.fails[HOST] = [IssueError("dns", "it has no address")]
    one = Kept(store, HOST)
    one.step()
    (note,) = (store.folder / "backoff").glob("*.kept")
    note.write_bytes(b"?")
    hands.advance(AGAIN)
    one.step()
    assert one.made == [HOST]


def test_what_a_rehearsal_made_is_got_anew_by_who_is_asked_now(
    store: FileStore, world: World
) -> None:
    one = Kept(store, HOST, authority=STAGING)
    one.step()
    one.step()
    assert world.asked == [HOST]
    one.want(HOST)
    one.step()
    found = find_entry(store, HOST)
    assert found is not None
    assert found.directory == CA.directory


def test_what_another_authority_made_serves_on(store: FileStore, world: World) -> None:
    Kept(store, HOST, authority=PRESETS["zerossl"]).step()
    Kept(store, HOST).step()
    assert world.asked == [HOST]


# --- several, and the store ------------------------------------------------------------------


def test_two_on_one_store_get_one(store: FileStore, world: World, hands: Hands) -> None:
    one, two = Kept(store, HOST), Kept(FileStore(store.folder), HOST)
    paused: list[float] = []
    world.during = lambda: paused.append(two.step())
    one.step()
    assert paused == [AGAIN]
    two.step()
    assert (world.asked, one.made, two.made) == ([HOST], [HOST], [])


class Full(FileStore):
    """A store on a disk that takes locks, and nothing else."""

    is_full = True

    def write(self, name: str, data: bytes) -> None:
        if self.is_full:
            raise StoreError("the disk is full; make room")
        super().write(name, data)


def test_with_a_full_store_nobody_is_asked_each_second(
    store: FileStore, world: World, hands: Hands
) -> None:
    full = Full(store.folder)
    one = Kept(full, HOST)
    start = hands.wall
    while hands.wall < start + 10 * AGAIN:
        hands.advance(one.step())
    assert len(world.asked) <= 11
    assert one.said == [f"no certificate for {HOST}: the disk is full; make room"]
    full.is_full = False
    hands.advance(AGAIN)
    one.step()
    assert one.made == [HOST]
    full.is_full = True
    start = hands.wall
    while hands.wall < start + 10 * AGAIN:
        hands.advance(one.step())
    assert 1 <= world.consulted <= 11


def test_a_store_that_cannot_be_read_is_told_once_and_stops_no_local_one(
    store: FileStore, world: World, hands: Hands
) -> None:
    place = store.folder / "certificates" / f"{HOST}.kept"
    place.mkdir(parents=True)
    one = Kept(store, HOST, "a.test")
    for _ in range(3):
        assert one.step() == AGAIN
    assert (one.made, world.asked) == (["a.test"], [])
    (said,) = one.said
    assert said.startswith("no certificates of CAs: ")
    place.rmdir()
    one.step()
    assert one.made == ["a.test", HOST]


# --- what is wanted meanwhile ----------------------------------------------------------------


def test_who_comes_meanwhile_does_not_wait_for_all_others(store: FileStore, world: World) -> None:
    hosts = [f"h{number}.example" for number in range(5)]
    one = Kept(store, *hosts)
    world.during = lambda: one.want("a.test", *hosts)
    assert one.step() == 0.0
    assert len(one.made) == 1
    world.during = lambda: None
    one.step()
    assert one.made[1] == "a.test"
    assert len(one.made) == 6


def test_who_proves_by_dns_is_asked_for_in_the_step_and_told_of_once(
    store: FileStore, world: World
) -> None:
    one = Kept(store)
    added: list[Means] = []

    def add(means: Means) -> Means:
        added.append(means)
        raise ValueError("it has no password")

    for _ in range(2):
        one.keeper.want({HOST: "acme"}, (replace(CA, staging=""),), ("http-01",), add)
        one.step()
    assert len(added) == 2
    assert one.said[0] == "no proof by DNS: it has no password"
    assert one.made == [HOST]  # it goes without
    assert len([said for said in one.said if said.startswith("no proof")]) == 1


def test_what_is_wanted_while_proofs_are_made_ready_is_what_holds(
    store: FileStore, world: World
) -> None:
    """To load the operator's code takes time, and there may be a reload meanwhile."""
    one = Kept(store)

    def add(means: Means) -> Means:
        one.want(HOST, authority=PRESETS["zerossl"])
        return means

    one.keeper.want({HOST: "acme"}, (replace(CA, staging=""),), ("http-01",), add)
    one.step()
    one.step()
    found = find_entry(store, HOST)
    assert found is not None
    assert found.directory == PRESETS["zerossl"].directory


def test_a_stop_begins_no_other(store: FileStore, world: World) -> None:
    one = Kept(store, HOST, "b.example")
    world.during = one.keeper.stop
    one.step()
    assert len(world.asked) == 1
    assert one.step() >= 0
    assert len(world.asked) == 1


# --- a real one ------------------------------------------------------------------------------


@pytest.mark.system
def test_a_real_authority_certifies_and_a_new_keeper_has_nothing_to_do(
    store: FileStore, pebble: Pebble, authority: Authority
) -> None:
    before = pebble.certificates
    one = Kept(store, "keeper.example", "a.test", authority=authority)
    with validated.http(Answers(store), pebble.http_port):
        while "keeper.example" not in one.made:
            one.step()
            assert not [said for said in one.said if said.startswith("no ")]
    again = Kept(FileStore(store.folder), "keeper.example", "a.test", authority=authority)
    again.step()
    assert again.made == []
    assert pebble.certificates == before + 1
    assert store.names("answers/") == []
    found = find_entry(store, "keeper.example")
    assert found is not None
    assert found.names == ("keeper.example",)
    assert backoff.kept(store, "keeper.example").failures == 0
