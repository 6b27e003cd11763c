"""Who may open a store, and whether what is in it is trusted."""

import contextlib
import gc
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from porch import clock
from porch.cache import opening
from porch.cache.coded import CodedForms
from porch.cache.disk_store import DiskStore
from porch.cache.opening import LEAP, claim, forsake, open_store, settle
from porch.cache.store import LEAST, StoreError
from tests.support.hands import Hands
from tests.support.storing import SIZE, answer, body_of, keep, key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


class Machine:
    """Doors that start and end, on a machine that starts and ends."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.hands = Hands(monkeypatch)
        self.up_since = self.hands.wall - 500.0
        self._boot = folder.parent / "boot_id"
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(opening, "_BOOT", self._boot)
        monkeypatch.setattr(clock, "uptime", lambda: self.uptime)
        self.uptime = 500.0
        self.restart()

    def restart(self, off: float = 0.0) -> None:
        """The machine was off for so many seconds by its own clock."""
        self._boot.write_text(os.urandom(8).hex())
        self.hands.set(self.hands.wall + off)
        self.uptime = 20.0

    def advance(self, seconds: float) -> None:
        self.hands.advance(seconds)
        self.uptime += seconds

    def start(self) -> DiskStore:
        self.claimed = claim(self.folder)
        self.store = open_store(self.folder, SIZE, self.claimed, print)
        return self.store

    def kill(self) -> None:
        """All processes of the door end at once."""
        self.store.close()
        os.close(self.claimed.lock)
        os.close(self.claimed.board)

    def end(self) -> None:
        """The door is ended in order."""
        self.store.close()
        settle(self.folder, self.claimed)


@pytest.fixture
def machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(folder, monkeypatch)


def there(store: DiskStore, name: object = "a") -> list[bytes | None]:
    return [body_of(store.load(each.ident)) for each in store.variants(key(name))]


@pytest.mark.parametrize("how", ["kill", "end"])
def test_what_is_stored_survives_the_door(machine: Machine, how: str) -> None:
    keep(machine.start(), body=b"x")
    keep(machine.store, "large", body=bytes(100_000))
    getattr(machine, how)()
    store = machine.start()
    assert there(store) == [b"x"]
    assert there(store, "large") == [bytes(100_000)]
    machine.kill()


def test_what_a_door_has_done_without_is_empty_for_the_next(machine: Machine, folder: Path) -> None:
    keep(machine.start())
    machine.end()
    forsake(folder)
    forsake(folder / "none")
    assert there(machine.start()) == []
    machine.kill()


def test_it_survives_the_machine_if_the_door_was_ended_before(machine: Machine) -> None:
    keep(machine.start(), body=b"x")
    machine.end()
    machine.restart(off=60.0)
    assert there(machine.start()) == [b"x"]
    machine.kill()


def test_a_purge_survives_the_door(machine: Machine) -> None:
    hard = keep(machine.start(), "a", tags=[b"h"])
    soft = keep(machine.store, "b", tags=[b"s"])
    other = keep(machine.store, "c")
    machine.store.purge("tag", b"h")
    machine.store.purge("tag", b"s", soft=True)
    machine.end()
    store = machine.start()
    assert store.load(hard) is None
    assert store.load(soft).is_purged
    assert not store.load(other).is_purged
    assert not store.load(keep(store, "a", tags=[b"h"])).is_purged
    machine.kill()


def test_after_a_crash_of_the_machine_nothing_is_trusted(machine: Machine) -> None:
    keep(machine.start(), body=b"x")
    machine.end()
    assert there(machine.start()) == [b"x"]
    machine.kill()
    machine.restart()
    assert there(machine.start()) == []
    machine.kill()


def test_the_clock_runs_on_over_doors_and_nobody_sets_it(machine: Machine) -> None:
    before = machine.start().now()
    machine.kill()
    machine.advance(5.0)
    machine.hands.set(machine.hands.wall - 100_000.0)
    assert machine.start().now() == pytest.approx(before + 5.0)
    machine.kill()


def test_the_clock_runs_on_while_the_machine_is_off(machine: Machine) -> None:
    before = machine.start().now()
    machine.end()
    machine.restart(off=3600.0)
    assert machine.start().now() == pytest.approx(before + 3600.0)
    machine.advance(1.0)
    assert machine.store.now() == pytest.approx(before + 3601.0)
    machine.end()
    machine.restart(off=60.0)
    assert machine.start().now() == pytest.approx(before + 3661.0)
    machine.kill()


def test_where_nobody_knows_how_long_it_was_off_all_has_expired(machine: Machine) -> None:
    store = machine.start()
    for name, lifetime in (("a", 60.0), ("b", 2.0**31)):
        keep(store, name, received=store.now(), lifetime=lifetime, stale_error=2.0**31)
    before = store.now()
    machine.end()
    machine.restart(off=-10.0)
    store = machine.start()
    assert store.now() >= before + LEAP
    for name in "ab":
        entry = store.load(store.variants(key(name))[0].ident).entry
        assert entry.age_at(store.now()) > entry.lifetime + entry.stale_error
    machine.end()
    machine.restart(off=30.0)
    assert machine.start().now() == pytest.approx(before + LEAP + 30.0)
    machine.kill()


def test_a_clock_of_the_machine_that_has_gone_back_is_another_machines(machine: Machine) -> None:
    keep(machine.start())
    machine.kill()
    machine.uptime = 1.0
    assert there(machine.start()) == []
    machine.kill()


def test_a_machine_that_does_not_name_its_runs_trusts_an_ordered_end(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_BOOT", machine.folder / "none")
    keep(machine.start())
    machine.end()
    assert there(machine.start()) == [b"body"]
    machine.kill()
    assert there(machine.start()) == []
    machine.kill()


def test_a_store_of_another_version_is_emptied(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(machine.start())
    keep(machine.store, "large", body=bytes(100_000))
    machine.end()
    monkeypatch.setattr(opening, "FORMAT", opening.FORMAT + 1)
    store = machine.start()
    assert there(store) == there(store, "large") == []
    for _ in range(64):
        store.sweep()
    assert not [*machine.folder.glob("gone-*")]
    machine.kill()


@pytest.mark.parametrize(
    "state", [b"", b"nonsense", b"[]", b"{}", b'{"format": 1}', b'{"format": 1, "boot": 3}']
)
def test_a_store_that_does_not_say_what_it_is_is_emptied(machine: Machine, state: bytes) -> None:
    keep(machine.start())
    machine.end()
    (machine.folder / "state").write_bytes(state)
    assert there(machine.start()) == []
    machine.kill()


def test_a_database_that_is_cut_off_is_emptied(machine: Machine) -> None:
    for number in range(100):
        keep(machine.start() if number == 0 else machine.store, number, bytes(5000))
    machine.kill()
    (file,) = machine.folder.glob("era-*/data.mdb")
    os.truncate(file, file.stat().st_size // 2 // 4096 * 4096)
    assert there(machine.start(), 5) == []
    keep(machine.store, 5)
    assert there(machine.store, 5) == [b"body"]
    machine.kill()


def test_nothing_that_a_missing_database_has_left_is_of_the_next(machine: Machine) -> None:
    ident = keep(machine.start(), "closed", body=b"secret")
    forms = CodedForms(lambda: next(machine.folder.glob("era-*")), SIZE)
    forms.make(ident, b"gzip", lambda: b"coded secret")
    machine.end()
    (file,) = machine.folder.glob("era-*/data.mdb")
    file.unlink()
    assert there(machine.start(), "closed") == []
    assert keep(machine.store, "open", body=b"public") != ident
    assert forms.get(ident, b"gzip") is None
    machine.kill()


def test_two_databases_of_one_number_give_no_ident_twice(machine: Machine, folder: Path) -> None:
    first = keep(machine.start())
    machine.end()
    shutil.rmtree(folder)
    assert keep(machine.start()) != first
    machine.kill()


def test_a_database_that_is_mostly_empty_is_made_smaller(machine: Machine, monkeypatch) -> None:
    big = 128 << 20
    monkeypatch.setattr("tests.support.storing.SIZE", big)
    claimed = claim(machine.folder)
    store = open_store(machine.folder, big, claimed, print)
    for number in range(1000):
        keep(store, number, bytes(30_000))
    for number in range(995):
        store.forget(key(number))
    machine.store, machine.claimed = store, claimed
    before = store.stat().size
    machine.end()
    store = machine.start()
    assert before > 30 << 20
    assert store.stat().size < 4 << 20
    assert [there(store, number) for number in range(995, 1000)] == [[bytes(30_000)]] * 5
    machine.kill()


def test_two_cannot_have_one_store(folder: Path) -> None:
    first = claim(folder)
    with pytest.raises(StoreError, match=rf"another Porch \(process {os.getpid()}\)"):
        claim(folder)
    settle(folder, first)
    settle(folder, claim(folder))


def test_a_store_is_taken_until_the_last_worker_has_ended(folder: Path) -> None:
    claimed = claim(folder)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, b"x")
        signal.pause()
        os._exit(0)
    os.read(reading, 1)
    os.close(claimed.lock)
    with pytest.raises(StoreError, match="another Porch"):
        claim(folder)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    settle(folder, claim(folder))
    for each in (reading, writing, claimed.board):
        os.close(each)


def test_the_folder_is_made_for_this_user_alone(folder: Path) -> None:
    settle(folder / "below", claim(folder / "below"))
    assert (folder / "below").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_can_write_to_is_closed_to_them(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    settle(folder, claim(folder))
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("mode", "is_believed"), [(0o777, False), (0o770, False), (0o755, True)])
def test_what_others_could_have_put_there_is_not_believed(
    machine: Machine, mode: int, is_believed: bool
) -> None:
    keep(machine.start(), body=b"x")
    machine.end()
    machine.folder.chmod(mode)
    said: list[str] = []
    claimed = claim(machine.folder, say=said.append)
    assert [text for text in said if "others could write" in text] == said
    assert bool(said) != is_believed
    settle(machine.folder, claimed)
    assert there(machine.start()) == ([b"x"] if is_believed else [])
    machine.kill()


@pytest.mark.parametrize("linked", ["era-5", "era-5/bodies", "era-5/bodies/00"])
def test_no_link_is_followed_to_what_is_not_the_stores(
    machine: Machine, tmp_path: Path, linked: str
) -> None:
    other = tmp_path / "other" / "bodies" / "00"
    other.mkdir(parents=True)
    (other / "a").write_bytes(b"of another")
    (tmp_path / "other" / "data.mdb").write_bytes(b"of another")
    (other / "00").mkdir()
    (other / "00" / "b").write_bytes(b"of another")
    place = machine.folder / linked
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "other" if linked == "era-5" else other)
    machine.folder.chmod(0o777)
    machine.start()
    for _ in range(64):
        machine.store.sweep()
    assert not [*machine.folder.glob("gone-*")]
    assert len([each for each in (tmp_path / "other").rglob("*") if each.is_file()]) == 3
    machine.kill()


@pytest.mark.parametrize("name", ["era-5", "era-99999999999999999999", "era-\u00b2"])
def test_a_name_that_others_have_made_up_keeps_no_door_from_starting(
    machine: Machine, tmp_path: Path, name: str
) -> None:
    machine.folder.mkdir()
    (machine.folder / name).symlink_to(tmp_path / "none")
    machine.folder.chmod(0o777)
    keep(machine.start(), body=b"x")
    assert there(machine.store) == [b"x"]
    machine.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(folder: Path) -> None:
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(StoreError, match="belongs to another user"):
        claim(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_the_workers_user_is_taken(folder: Path) -> None:
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    settle(folder, claim(folder, 12345))
    settle(folder, claim(folder, 12345))


@pytest.mark.parametrize("name", ["lock", "state.new"])
def test_no_link_is_followed_that_a_worker_may_have_made(
    folder: Path, tmp_path: Path, name: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not to be written to")
    folder.mkdir()
    (folder / name).symlink_to(secret)
    with contextlib.suppress(StoreError):
        settle(folder, claim(folder))
    assert secret.read_bytes() == b"not to be written to"


def test_what_another_version_has_handed_over_is_not_opened(folder: Path, monkeypatch) -> None:
    claimed = claim(folder)
    with monkeypatch.context() as patched:
        patched.setattr(opening, "FORMAT", opening.FORMAT + 1)
        with pytest.raises(StoreError, match="another version of Porch: restart"):
            open_store(folder, SIZE, claimed, print)
        os.ftruncate(claimed.board, 4096)
        with pytest.raises(StoreError, match="another version"):
            open_store(folder, SIZE, claimed, print)
    settle(folder, claimed)


def test_a_worker_that_may_not_write_there_is_told_so(folder: Path) -> None:
    claimed = claim(folder)
    (folder / "sweep").mkdir()
    with pytest.raises(StoreError, match="let workers write there"):
        open_store(folder, SIZE, claimed, print)
    settle(folder, claimed)


def test_what_is_no_folder_is_refused_in_a_sentence(folder: Path) -> None:
    folder.write_bytes(b"")
    with pytest.raises(StoreError, match=r"cannot be kept in .*name another folder"):
        claim(folder)


def test_too_small_a_store_is_refused(folder: Path) -> None:
    claimed = claim(folder)
    with pytest.raises(StoreError, match="give it 8 MiB"):
        open_store(folder, LEAST - 1, claimed, print)
    settle(folder, claimed)


def test_a_refused_claim_leaves_nothing_open(folder: Path) -> None:
    first = claim(folder)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(StoreError):
            claim(folder)
    assert len(os.listdir("/proc/self/fd")) == before
    settle(folder, first)


def test_the_mark_of_an_ordered_end_is_gone_while_the_store_is_open(machine: Machine) -> None:
    machine.start()
    assert json.loads((machine.folder / "state").read_bytes())["clean"] is None
    machine.end()
    assert json.loads((machine.folder / "state").read_bytes())["clean"] is not None


def test_a_closed_store_holds_nothing_open(machine: Machine) -> None:
    machine.start()
    machine.end()
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        keep(machine.start())
        machine.store.sweep()
        machine.end()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_answers_of_a_former_door_are_not_younger(machine: Machine) -> None:
    store = machine.start()
    keep(store, received=store.now())
    machine.end()
    machine.restart(off=600.0)
    store = machine.start()
    entry = store.load(store.variants(key("a"))[0].ident).entry
    assert entry.age_at(store.now()) == pytest.approx(600.0)
    assert entry == answer("a", 4, received=entry.received)
    machine.kill()
