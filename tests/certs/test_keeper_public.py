"""The certificates of public hosts: an authority that answers as it is told, and a real one."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import trustme

from porch import clock
from porch.certs import backoff, issuer, lane, moments
from porch.certs.answers import Answers
from porch.certs.authority import PRESETS, Authority
from porch.certs.entry import Source
from porch.certs.failure import IssueError
from porch.certs.issuer import Names
from porch.certs.keeper import AGAIN, LONGEST_PAUSE, Keeper, KeptForIssuer
from porch.certs.kept import find_entry, keep_entry
from porch.certs.means import Means
from porch.certs.order import Issued
from porch.certs.renewal import Suggestion, certificate_id
from porch.certs.rounds import EVERY
from porch.certs.shelf import take_down
from porch.certs.store import FileStore, StoreError
from tests.support import validated
from tests.support.hands import Hands
from tests.support.pebble import Pebble

HOST = "shop.example"
DAY = 86400.0
ROOT = trustme.CA()
CA = PRESETS["letsencrypt"]
STAGING = PRESETS["letsencrypt-staging"]


class World:
    """Authorities that answer as they are told.

    fails: by host, what is raised, each once. asked: host of each order so far. consulted: how
    often one was asked when to renew. during: called while an order is under way.
    """

    def __init__(self) -> None:
        self.fails: dict[str, list[BaseException]] = {}
        self.asked: list[str] = []
        self.consulted = 0
        self.during: Callable[[], object] = lambda: None

    def open_account(self, authority: Authority, store: object) -> Authority:
        return authority

    def ask(self, *_: object) -> Suggestion:
        self.consulted += 1
        raise IssueError("network", "it does not say")

    def order(self, authority: Authority, names: Names, *_: object, **__: object) -> "FakeOrder":
        self.asked.append(names[0])
        return FakeOrder(self, authority.directory, names)


class FakeOrder:
    def __init__(self, world: World, directory: str, names: Names) -> None:
        self._world = world
        self._directory = directory
        self._names = names

    def obtain(self) -> Issued:
        self._world.during()
        failing = self._world.fails.get(self._names[0])
        if failing:
            raise failing.pop(0)
        begins = datetime.fromtimestamp(clock.wall(), UTC).replace(microsecond=0)
        made = ROOT.issue_cert(
            *self._names, not_before=begins, not_after=begins + timedelta(days=90)
        )
        key = made.private_key_pem.bytes()
        return Issued(self._names, made.cert_chain_pems[0].bytes(), key, self._directory, ())

    def forget(self) -> None: ...


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, hands: Hands) -> World:
    one = World()
    monkeypatch.setattr(issuer, "open_account", one.open_account)
    monkeypatch.setattr(issuer, "Order", one.order)
    monkeypatch.setattr(issuer, "Conversation", lambda authority: authority)
    monkeypatch.setattr(issuer.renewal, "ask", one.ask)
    return one


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


class Kept:
    """A keeper, and what it told. made: hosts whose certificate is new."""

    def __init__(self, store: FileStore, *hosts: str, authority: Authority = CA) -> None:
        self.made: list[str] = []
        self.said: list[str] = []
        self.keeper = Keeper(store, self.made.extend, self.said.append)
        self.want(*hosts, authority=authority)

    def want(self, *hosts: str, authority: Authority = CA) -> None:
        wanted: dict[str, Source] = {
            host: "local" if host.endswith(".test") else "acme" for host in hosts
        }
        self.keeper.want(wanted, (replace(authority, staging=""),), ("http-01",))

    def step(self) -> float:
        return self.keeper.step()


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
