"""The certificates of hosts that have none given: the local authority's, and what time does."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from porch.certs import keeper
from porch.certs.entry import Entry, Source
from porch.certs.facts import read_facts
from porch.certs.keeper import AGAIN, LONGEST_PAUSE, SELDOM, Keeper
from porch.certs.kept import find_entry, keep_entry
from porch.certs.local_ca import INTERMEDIATE, LEAF_LIFE, ROOT, LocalAuthority
from porch.certs.store import FileStore, StoreError
from tests.support.hands import Hands

HOST = "a.test"
DAY = 86400.0


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


class Kept:
    """A keeper, and what it told. made: hosts whose certificate is new."""

    def __init__(self, store: FileStore, *hosts: str) -> None:
        self.made: list[str] = []
        self.said: list[str] = []
        self.keeper = Keeper(store, self.made.extend, self.said.append)
        self.want(*hosts)

    def want(self, *hosts: str) -> None:
        local: Source = "local"
        self.keeper.want(dict.fromkeys(hosts, local), (), ())

    def step(self) -> float:
        return self.keeper.step()


def entry(store: FileStore, host: str = HOST) -> Entry:
    found = find_entry(store, host)
    assert found is not None
    return found


def file_of(store: FileStore, name: str) -> Path:
    return store.folder / f"{name}.kept"


# --- made, and made anew ---------------------------------------------------------------------


def test_what_is_missing_is_made_and_told_once(store: FileStore, hands: Hands) -> None:
    one = Kept(store, HOST, "*.b.test", "[::1]")
    assert one.step() == LONGEST_PAUSE
    assert one.made == [HOST, "*.b.test", "[::1]"]
    for host in one.made:
        assert read_facts(entry(store, host).chain).names == (host,)
    assert one.step() == LONGEST_PAUSE
    assert (len(one.made), one.said) == (3, [])


def test_without_hosts_nothing_is_made(store: FileStore, hands: Hands) -> None:
    assert Kept(store).step() == LONGEST_PAUSE
    assert store.names() == []


def test_it_is_renewed_after_two_thirds_of_its_life(store: FileStore, hands: Hands) -> None:
    one = Kept(store, HOST)
    one.step()
    first = entry(store)
    due = first.not_before + (first.not_after - first.not_before) * 2 / 3
    hands.set(due - 10)
    assert one.step() == pytest.approx(10)
    assert entry(store) == first
    hands.advance(10)
    assert one.step() == LONGEST_PAUSE
    assert entry(store).key != first.key
    assert one.made == [HOST, HOST]
    assert entry(store).not_after == int(due) + LEAF_LIFE


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 2000])
def test_a_damaged_entry_is_mended(store: FileStore, hands: Hands, content: bytes) -> None:
    one = Kept(store, HOST)
    one.step()
    file_of(store, f"certificates/{HOST}").write_bytes(content)
    one.step()
    assert entry(store).names == (HOST,)
    store.write(f"certificates/{HOST}", content)
    one.step()
    assert entry(store).names == (HOST,)
    assert (one.made, one.said) == ([HOST] * 3, [])


def test_what_an_authority_had_made_makes_room(store: FileStore, hands: Hands) -> None:
    one = Kept(store, HOST)
    one.step()
    keep_entry(store, replace(entry(store), source="acme"))
    one.step()
    assert entry(store).source == "local"


def test_a_host_that_comes_later_is_made_then(store: FileStore, hands: Hands) -> None:
    one = Kept(store, HOST)
    one.step()
    one.want(HOST, "b.test")
    one.step()
    assert one.made == [HOST, "b.test"]


@pytest.mark.parametrize("names", [(ROOT,), (INTERMEDIATE,), (ROOT, INTERMEDIATE)])
def test_an_authority_that_was_removed_takes_its_certificates_with_it(
    store: FileStore, hands: Hands, names: tuple[str, ...]
) -> None:
    """Whoever trusts the new root would not take those of the old one."""
    one = Kept(store, HOST)
    one.step()
    for name in names:
        store.delete(name)
    one.step()
    between = Entry.load(store.read(INTERMEDIATE) or b"")
    assert entry(store).chain.endswith(between.chain)
    one.step()
    assert one.made == [HOST, HOST]


def test_a_damaged_authority_is_told_once_and_what_is_there_stays(
    store: FileStore, hands: Hands
) -> None:
    one = Kept(store, HOST)
    one.step()
    first, good = entry(store), store.read(INTERMEDIATE)
    assert good is not None
    file_of(store, INTERMEDIATE).write_bytes(b"?")
    assert one.step() == LONGEST_PAUSE
    (said,) = one.said  # days before anybody goes without
    assert said.startswith("no certificates for local names: the intermediate of the local")
    assert f"put {file_of(store, INTERMEDIATE)} back from a backup, or remove it" in said
    hands.advance(5 * DAY)
    for _ in range(3):
        assert one.step() == AGAIN
    assert entry(store) == first
    assert one.said == [said]
    store.write(INTERMEDIATE, good)
    one.step()
    assert entry(store) != first


def test_rights_of_others_are_told_once_with_what_mends_them(
    store: FileStore, hands: Hands
) -> None:
    one = Kept(store, HOST)
    one.step()
    file_of(store, ROOT).chmod(0o644)
    for _ in range(2):
        hands.advance(SELDOM)
        one.step()
    (said,) = one.said
    assert f"chmod -R go= {store.folder}" in said
    assert str(file_of(store, ROOT)) in said


# --- clocks ----------------------------------------------------------------------------------


def test_one_from_a_clock_that_was_ahead_is_made_anew(store: FileStore, hands: Hands) -> None:
    right = hands.wall
    hands.set(right + 30 * DAY)
    one = Kept(store, HOST)
    one.step()
    hands.set(right)
    one.step()
    assert entry(store).obtained == int(right)
    one.step()
    assert one.made == [HOST, HOST]


@pytest.mark.parametrize(
    "jumps",
    [
        [-600.0],
        [-3 * 3600.0],
        [-DAY, DAY],
        [365 * DAY],
        [365 * DAY, -365 * DAY],
        [-400 * DAY, 800 * DAY],
        [5 * DAY, -5 * DAY, 5 * DAY],
        [-1_799_990_000.0, 1_799_990_000.0],
    ],
)
def test_a_clock_that_jumps_causes_no_storm(
    store: FileStore, hands: Hands, jumps: list[float]
) -> None:
    """One new certificate a jump at most, and one that holds after each, wherever it lands."""
    one = Kept(store, HOST)
    one.step()
    for jump in jumps:
        hands.set(hands.wall + jump)
        before = len(one.made)
        for _ in range(4):
            one.step()
            hands.advance(1)
        assert len(one.made) <= before + 1
        found = entry(store)
        assert found.not_after > hands.wall
        begins = Entry.load(store.read(ROOT) or b"").not_before
        assert found.not_before <= max(hands.wall, begins)
    assert one.said == []


# --- what cannot be made ---------------------------------------------------------------------


def test_a_name_it_may_not_vouch_for_is_told_once_and_others_go_on(
    store: FileStore, hands: Hands
) -> None:
    one = Kept(store, "nas", HOST)
    for _ in range(3):
        assert one.step() == AGAIN
        hands.advance(AGAIN)
    assert one.made == [HOST]
    (said,) = one.said
    assert said.startswith("no certificate for nas: the local authority may not vouch for 'nas'")


def test_it_is_tried_again_later(store: FileStore, hands: Hands) -> None:
    one = Kept(store, "nas", HOST)
    one.step()
    for name in (ROOT, INTERMEDIATE):
        store.delete(name)
    LocalAuthority.open(store, ["nas"])
    assert one.step() == LONGEST_PAUSE
    assert one.made == [HOST, "nas", HOST]


def test_a_host_that_is_taken_out_and_put_back_is_told_again(
    store: FileStore, hands: Hands
) -> None:
    one = Kept(store, "nas")
    one.step()
    one.want(HOST)
    one.step()
    one.want("nas")
    one.step()
    assert len(one.said) == 2


# --- several ---------------------------------------------------------------------------------


def test_two_on_one_store_make_one(store: FileStore, hands: Hands) -> None:
    one, two = Kept(store, HOST), Kept(FileStore(store.folder), HOST)
    one.step()
    two.step()
    assert one.made + two.made == [HOST]


class Meeting(FileStore):
    """A store in which somebody else makes it between our look and our lock."""

    meets: Callable[[], object] | None = None

    def lock(self, name: str, seconds: float):  # type: ignore[no-untyped-def]
        meets, self.meets = self.meets, None
        if meets is not None:
            meets()
        return super().lock(name, seconds)


def test_what_another_made_meanwhile_is_not_made_again_but_told(
    store: FileStore, hands: Hands
) -> None:
    meeting = Meeting(store.folder)
    one, two = Kept(meeting, HOST), Kept(store, HOST)
    meeting.meets = two.step
    one.step()
    assert (one.made, two.made) == ([HOST], [HOST])
    first = entry(store)
    one.step()
    assert (entry(store), one.made) == (first, [HOST])


def test_what_another_is_about_is_looked_for_soon_and_told(store: FileStore, hands: Hands) -> None:
    lock = FileStore(store.folder).lock(f"issue/{HOST}", 60)
    assert lock is not None
    one, other = Kept(store, HOST), Kept(store, HOST)
    assert one.step() == 1.0
    assert one.made == []
    lock.release()
    other.step()
    hands.advance(1)
    one.step()
    one.step()
    assert one.made == [HOST]


def test_two_threads_that_start_together_make_one(store: FileStore) -> None:
    several = [Kept(FileStore(store.folder), HOST) for _ in range(4)]
    chains: set[bytes] = set()

    def run(one: Kept) -> None:
        while one.step() == 1.0:
            pass
        chains.add(entry(store).chain)

    threads = [threading.Thread(target=run, args=[one]) for one in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(chains) == 1


def test_the_lock_of_a_killed_holder_ends(store: FileStore, hands: Hands) -> None:
    assert FileStore(store.folder).lock(f"issue/{HOST}", AGAIN) is not None
    one = Kept(store, HOST)
    steps = 0
    while not one.made:
        hands.advance(one.step())
        steps += 1
    assert steps <= AGAIN + 2


# --- a store that is no good -----------------------------------------------------------------


class Full(FileStore):
    """A store on a disk that may be full."""

    is_full = True

    def write(self, name: str, data: bytes) -> None:
        if self.is_full:
            raise StoreError("the disk is full; make room")
        super().write(name, data)


def test_a_full_store_is_told_once_and_the_old_one_serves(store: FileStore, hands: Hands) -> None:
    Kept(store, HOST).step()
    first = entry(store)
    full = Full(store.folder)
    one = Kept(full, HOST)
    hands.advance(5 * DAY)
    for _ in range(3):
        assert one.step() == AGAIN
    assert one.said == [f"no certificate for {HOST}: the disk is full; make room"]
    assert entry(store) == first
    full.is_full = False
    one.step()
    assert entry(store) != first
    full.is_full = True
    hands.advance(5 * DAY)
    one.step()
    assert len(one.said) == 2  # it is another time


def test_a_folder_that_is_gone_comes_back(store: FileStore, hands: Hands) -> None:
    """As an unmounted disk, whose place is a file here so that nobody can write (root can)."""
    one = Kept(store, HOST)
    store.folder.rmdir()
    store.folder.write_text("")
    for _ in range(2):
        assert one.step() == AGAIN
    assert len(one.said) == 1
    store.folder.unlink()
    one.step()
    assert one.made == [HOST]


# --- its thread ------------------------------------------------------------------------------


@pytest.fixture
def threaded(store: FileStore) -> Iterator[Callable[..., "Threaded"]]:
    made: list[Threaded] = []

    def make(*hosts: str) -> Threaded:
        made.append(Threaded(store, *hosts))
        return made[-1]

    yield make
    for each in made:
        each.end()


class Threaded(Kept):
    """One that runs in its thread. step_ended: after each step."""

    def __init__(self, store: FileStore, *hosts: str) -> None:
        super().__init__(store, *hosts)
        self.steps = threading.Semaphore(0)
        step = self.keeper.step_local

        def counted() -> float:
            try:
                return step()
            finally:
                self.steps.release()

        self.keeper.step_local = counted  # type: ignore[method-assign]
        self.keeper.start_once()
        self.keeper.start_once()
        thread = self.keeper._thread
        assert thread is not None
        self.thread = thread

    def wait(self) -> None:
        assert self.steps.acquire(timeout=10)

    def end(self) -> None:
        self.keeper.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()


def test_it_works_in_a_thread_that_ends_at_once(threaded: Callable[..., Threaded]) -> None:
    one = threaded(HOST)
    one.wait()
    assert one.made == [HOST]
    one.end()


def test_what_is_wanted_wakes_it(threaded: Callable[..., Threaded]) -> None:
    one = threaded(HOST)
    one.wait()
    one.want("b.test")
    one.wait()
    assert one.made == [HOST, "b.test"]


def test_a_stop_inside_a_step_is_not_lost(
    store: FileStore, threaded: Callable[..., Threaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even before the step has looked: the thread would sleep for ten minutes more."""
    one = threaded(HOST)
    one.wait()
    local = one.keeper._local

    def stopped(wanted: object) -> object:
        one.keeper.stop()
        return local(wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(one.keeper, "_local", stopped)
    one.want("b.test")
    one.thread.join(10)
    assert not one.thread.is_alive()
    assert one.made == [HOST]  # nothing more is begun


def test_a_fault_is_told_once_and_does_not_end_it(
    threaded: Callable[..., Threaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "AGAIN", 0.001)

    def broken(_: object) -> None:
        raise RuntimeError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(LocalAuthority, "open", broken)
        one = threaded(HOST)
        for _ in range(3):
            one.wait()
    while not one.made:
        one.wait()
    assert one.said == ["getting certificates failed: RuntimeError: a fault"]


def test_an_authority_that_hangs_keeps_no_local_name_waiting(
    threaded: Callable[..., Threaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(self: Keeper, wanted: object) -> list[float]:
        hangs.set()
        goes_on.wait(20)
        return []

    monkeypatch.setattr(Keeper, "_public", hang)
    try:
        one = threaded(HOST)
        assert hangs.wait(10)
        one.wait()
        one.want("b.test")
        while "b.test" not in one.made:
            one.wait()
    finally:
        goes_on.set()
