"""The store in folders of the test's own, with real processes that are killed and that contend."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from porch.certs.store import DamagedError, FileStore, Store, StoreError
from tests.support.hands import Hands


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a process of its own, and return its pid. It exits 0 if nothing was raised."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException as error:
            print(repr(error), file=sys.stderr)
        finally:
            os._exit(status)
    return pid


def exit_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def only_file(store: FileStore) -> Path:
    (path,) = (path for path in store.folder.rglob("*.kept"))
    return path


# --- keeping ---------------------------------------------------------------------------------


def test_it_is_a_store(store: FileStore) -> None:
    kept: Store = store
    assert kept.read("certificates/example.com") is None
    kept.write("certificates/example.com", b"one")
    kept.write("certificates/example.com", b"two")
    assert kept.read("certificates/example.com") == b"two"
    assert kept.names() == ["certificates/example.com"]
    kept.delete("certificates/example.com")
    kept.delete("certificates/example.com")
    kept.delete("certificates/example.com/below")
    assert kept.read("certificates/example.com") is None
    assert kept.names() == []


def test_another_process_and_a_later_one_find_the_same(store: FileStore) -> None:
    assert exit_of(in_child(lambda: store.write("a/b", b"\0\n\xff"))) == 0
    assert FileStore(store.folder).read("a/b") == b"\0\n\xff"


def test_files_and_folders_are_for_this_user_alone(store: FileStore) -> None:
    store.write("accounts/a", b"x")
    assert store.lock("accounts/a", 10) is not None
    for path in (store.folder, *store.folder.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_names_are_those_that_begin_so(store: FileStore) -> None:
    names = ["a", "a/b", "a/b/c", "ab/c", "*.example.com", "a.kept", "a.kept/b", "n" * 400]
    for name in names:
        store.write(name, name.encode())
    assert store.lock("a", 10) is not None
    (store.folder / "lost+found").mkdir()
    (store.folder / "a" / "Notes.kept").touch()
    assert store.names() == sorted(names)
    assert store.names("a/") == ["a/b", "a/b/c"]
    assert store.names("a") == ["a", "a.kept", "a.kept/b", "a/b", "a/b/c", "ab/c"]
    assert store.names("n" * 300) == ["n" * 400]
    assert store.names("nothing/") == []
    assert store.names("/") == []


@pytest.mark.parametrize("name", ["", "/", "a//b", "/a", "a/"])
def test_a_name_with_an_empty_part_is_none(store: FileStore, name: str) -> None:
    with pytest.raises(ValueError, match="a part of the name is empty"):
        store.write(name, b"")
    with pytest.raises(ValueError, match="a part of the name is empty"):
        store.read(name)


NAMES = st.lists(st.text(st.characters(codec=None), min_size=1), min_size=1, max_size=3).map(
    lambda parts: "/".join(part.replace("/", "-") for part in parts)
)


@example({"../../etc/passwd", "..", ".", "a/../b", ".locks/a", ".locks"})
@example({"A", "a", "ä", "a\u0308", "\udc80", "%41", "a%2f", "\0"})
@example({"*.example.com", "a.kept", "a%2ekept", "x" * 5000, "x" * 5001, "x" * 5000 + "/y"})
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.sets(NAMES, max_size=5))
def test_any_name_can_be_kept_and_none_leads_elsewhere(tmp_path: Path, names: set[str]) -> None:
    store = FileStore(tmp_path / f"store{random.getrandbits(64)}")
    for name in names:
        store.write(name, name.encode("utf-8", "surrogatepass"))
    for name in names:
        assert store.read(name) == name.encode("utf-8", "surrogatepass")
    assert store.names() == sorted(names)
    assert {path.name for path in tmp_path.iterdir()} >= {store.folder.name}
    files = [path.relative_to(tmp_path).as_posix() for path in store.folder.rglob("*.kept")]
    assert len({file.lower() for file in files}) == len(names)
    assert all(file.isascii() and ".." not in file.split("/") for file in files)
    for name in names:
        store.delete(name)
    assert store.names() == []


# --- damage ----------------------------------------------------------------------------------


def test_damage_anywhere_is_noticed(store: FileStore) -> None:
    store.write("a", b"what was written")
    path = only_file(store)
    whole = path.read_bytes()
    for at in range(len(whole)):
        cut = whole[:at]
        turned = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        for content in (cut, turned):
            path.write_bytes(content)
            with pytest.raises(DamagedError, match=r"is damaged: .* for 'a'; put it back"):
                store.read("a")
    path.write_bytes(whole + b"\n")
    with pytest.raises(DamagedError):
        store.read("a")
    store.write("a", b"new")
    assert store.read("a") == b"new"


def test_one_that_was_moved_to_another_name_is_not_that(store: FileStore) -> None:
    store.write("a", b"a's")
    only_file(store).rename(store.folder / "b.kept")
    with pytest.raises(DamagedError, match="for 'b'"):
        store.read("b")


def test_a_pipe_in_its_place_is_damaged_and_not_waited_for(store: FileStore) -> None:
    store.write("a", b"1")
    (place,) = store.folder.glob("a*")
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(DamagedError):
        store.read("a")
    writer = os.open(place, os.O_RDWR)
    try:
        with pytest.raises(DamagedError):
            store.read("a")
    finally:
        os.close(writer)


def test_a_pipe_in_the_place_of_one_whose_name_stands_in_it_is_not_waited_for(
    store: FileStore,
) -> None:
    store.write("a", b"x")
    store.write("x" * 300, b"x")
    (place,) = store.folder.glob("x*")
    place.unlink()
    os.mkfifo(place)
    assert store.names() == ["a"]


@pytest.mark.parametrize("damage", [b"damage", b"[" * 100_000])
def test_one_that_is_damaged_is_named_unless_its_name_stood_only_in_it(
    store: FileStore, damage: bytes
) -> None:
    for name in ("a", "x" * 300):
        store.write(name, b"x")
    for path in store.folder.rglob("*.kept"):
        path.write_bytes(damage)
    assert store.names() == ["a"]


def test_a_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(StoreError, match=r"others may write into .*; chmod 700"):
        FileStore(tmp_path)


def test_rights_of_others_to_what_is_kept_are_told_with_what_mends_them(store: FileStore) -> None:
    store.write("accounts/a/key.pem", b"x")
    store.write("certificates/a.example", b"x")
    assert store.lock("issue/a.example", 60) is not None
    assert store.loose() == ""
    key = store.folder / "accounts" / "a" / "key.pem.kept"
    key.chmod(0o640)
    assert store.loose() == (
        f"others have rights to what is in the store, where keys are ({key}): chmod -R go="
        f" {store.folder}; if anybody may have read a key, renew its certificate"
    )
    (store.folder / "certificates").chmod(0o777)
    assert f"({key} and 1 more)" in store.loose()
    subprocess.run(["chmod", "-R", "go=", store.folder], check=True)
    assert store.loose() == ""
    (store.folder / "certificates").chmod(0o711)  # who may enter it does nobody harm
    (store.folder / "elsewhere").symlink_to("/")
    assert store.loose() == ""


def test_whether_there_is_room_is_found_out_and_leaves_nothing(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.check_room()
    assert [*store.folder.iterdir()] == []

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        with pytest.raises(StoreError, match=r"the disk is full .*; make room"):
            store.check_room()

    assert exit_of(in_child(full)) == 0
    assert [*store.folder.iterdir()] == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made: Not a directory"):
        FileStore(tmp_path / "file" / "store")


def test_a_disk_that_refuses_is_said(store: FileStore) -> None:
    (store.folder / "a.kept").mkdir()
    with pytest.raises(StoreError, match="cannot be written: Is a directory"):
        store.write("a", b"x")
    with pytest.raises(StoreError, match="cannot be read: Is a directory"):
        store.read("a")
    with pytest.raises(StoreError, match="cannot be removed"):
        store.delete("a")
    assert [path.name for path in store.folder.iterdir()] == ["a.kept"]


def test_a_full_disk_leaves_the_old_content_and_nothing_else(store: FileStore) -> None:
    store.write("a", b"old")

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        with pytest.raises(StoreError, match=r"the disk is full .*; make room"):
            store.write("a", b"new" * 65536)

    assert exit_of(in_child(fill)) == 0
    assert store.read("a") == b"old"
    assert [path.name for path in store.folder.iterdir()] == ["a.kept"]


def test_a_writer_killed_at_any_moment_loses_nothing(store: FileStore) -> None:
    contents = [bytes([letter]) * size for letter, size in ((65, 10), (66, 300_000), (67, 5000))]
    store.write("certificates/a", contents[0])
    store.write("certificates/b", b"untouched")

    def write() -> None:
        fresh = FileStore(store.folder)
        while True:
            for content in contents:
                fresh.write("certificates/a", content)

    for _ in range(100):
        pid = in_child(write)
        time.sleep(random.uniform(0, 0.01))
        os.kill(pid, signal.SIGKILL)
        assert exit_of(pid) == -signal.SIGKILL
        assert store.read("certificates/a") in contents
    assert store.read("certificates/b") == b"untouched"
    assert store.names() == ["certificates/a", "certificates/b"]


def test_what_killed_writers_left_is_gone_after_a_later_write(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("certificates/a", b"x")
    left = store.folder / "certificates" / ".unfinished-0"
    left.write_bytes(b"half")
    Hands(monkeypatch, left.stat().st_mtime + 3601)
    later = FileStore(store.folder)
    assert later.names() == ["certificates/a"]
    later.write("certificates/b", b"x")
    assert not left.exists()


# --- locks -----------------------------------------------------------------------------------


def test_a_lock_is_by_name_and_apart_from_what_is_kept(store: FileStore) -> None:
    store.write("a", b"x")
    lock = store.lock("a", 60)
    assert lock is not None
    assert store.lock("a", 60) is None
    assert store.lock("a/b", 60) is not None
    assert store.lock("x" * 500, 60) is not None
    assert FileStore(store.folder).lock("a", 60) is None
    store.delete("a")
    assert store.names() == []
    lock.release()
    lock.release()
    assert store.lock("a", 60) is not None
    with pytest.raises(ValueError, match="a lock needs a name"):
        store.lock("", 60)


def test_a_lock_of_a_killed_process_ends(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def hold() -> None:
        assert store.lock("a", 60) is not None
        os.kill(os.getpid(), signal.SIGKILL)

    assert exit_of(in_child(hold)) == -signal.SIGKILL
    assert store.lock("a", 60) is None
    Hands(monkeypatch, time.time() + 61)
    assert store.lock("a", 60) is not None


def test_of_processes_that_contend_one_at_a_time_has_it(store: FileStore) -> None:
    store.write("count", b"0")

    def count() -> None:
        mine = FileStore(store.folder)
        done = 0
        while done < 25:
            lock = mine.lock("count", 30)
            if lock is None:
                time.sleep(0.0005)
                continue
            mine.write("count", b"%d" % (int(mine.read("count") or b"") + 1))
            done += 1
            assert lock.is_held
            lock.release()

    children = [in_child(count) for _ in range(3)]
    assert [exit_of(pid) for pid in children] == [0, 0, 0]
    assert store.read("count") == b"75"
