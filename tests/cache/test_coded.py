"""Coded forms that all workers find beside the store."""

import errno
import fcntl
import os
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from porch.cache import coded as module
from porch.cache.coded import EVERY, LOOKED, PARTS, SHARE, CodedForms
from porch.cache.opening import claim, open_store
from porch.cache.passes import Passes
from porch.cache.shelf import Shelf
from tests.support.cached import FakeLocks
from tests.support.storing import answer, key

NAME, CODING = b"r\x00\x00\x01\x00\x00\x00\x00\x07", b"zstd"
FORM = b"a form" * 1000


def never() -> bytes:
    raise AssertionError("it was there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "era-1").mkdir()
    return tmp_path / "era-1"


@pytest.fixture
def forms(folder: Path) -> CodedForms:
    return CodedForms(lambda: folder, 64 << 20)


def files(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]


def test_what_one_worker_made_the_others_have_and_one_behind_a_restart(
    forms: CodedForms, folder: Path
) -> None:
    assert forms.get(NAME, CODING) is None
    assert forms.make(NAME, CODING, lambda: FORM) == FORM
    other = CodedForms(lambda: folder, 64 << 20)
    assert other.get(NAME, CODING) == FORM
    assert other.make(NAME, CODING, never) == FORM
    assert other.get(NAME, b"br") is None
    assert other.get(NAME[:-1] + b"\x08", CODING) is None
    assert [each.stat().st_mode & 0o777 for each in files(folder)] == [0o600]


def test_one_worker_makes_it_and_the_others_wait_for_nobody(
    forms: CodedForms, folder: Path
) -> None:
    def work() -> bytes:
        assert CodedForms(lambda: folder, 64 << 20).make(NAME, CODING, never) is None
        return FORM

    assert forms.make(NAME, CODING, work) == FORM


def test_who_took_the_name_just_before_it_was_done_does_not_write_over_it(
    forms: CodedForms, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = fcntl.flock

    def meanwhile(descriptor: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", locks)
        new = next(each for each in files(folder) if each.suffix == ".new")
        new.write_bytes(b"what is done")
        new.rename(new.with_suffix(""))
        locks(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", meanwhile)
    assert forms.make(NAME, CODING, never) is None
    assert [each.read_bytes() for each in files(folder)] == [b"what is done"]


def test_work_that_fails_leaves_nothing(forms: CodedForms, folder: Path) -> None:
    def fails() -> bytes:
        raise ValueError("no such coding")

    with pytest.raises(ValueError, match="no such"):
        forms.make(NAME, CODING, fails)
    assert files(folder) == []
    assert forms.make(NAME, CODING, lambda: FORM) == FORM


@pytest.mark.parametrize("damage", ["a bit", "cut", "empty", "longer", "another's"])
def test_what_is_damaged_is_a_miss_that_heals(forms: CodedForms, folder: Path, damage: str) -> None:
    forms.make(NAME, CODING, lambda: FORM)
    (file,) = files(folder)
    data = bytearray(file.read_bytes())
    if damage == "a bit":
        data[Random(1).randrange(len(data))] ^= 4
    elif damage == "another's":
        forms.make(NAME[:-1] + b"\x17", CODING, lambda: b"of another")
        (file,) = set(files(folder)) - {file}
        file = file.rename(file.with_name(f"{NAME.hex()}.zstd"))
        data = bytearray(file.read_bytes())
    file.write_bytes({"cut": data[:-1], "empty": b"", "longer": data + b"x"}.get(damage, data))
    assert forms.get(NAME, CODING) is None
    assert files(folder) == []
    assert forms.make(NAME, CODING, lambda: FORM) == FORM
    assert forms.get(NAME, CODING) == FORM


def test_a_worker_that_is_killed_in_the_middle_leaves_no_form(
    forms: CodedForms, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(descriptor: int, data: bytes) -> None:
        os.pwrite(descriptor, data[: len(data) // 2], 0)
        os.kill(os.getpid(), signal.SIGKILL)

    pid = os.fork()
    if pid == 0:
        monkeypatch.setattr(module, "_write", half)
        try:
            forms.make(NAME, CODING, lambda: FORM * 2)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert [each.suffix for each in files(folder)] == [".new"]
    assert forms.get(NAME, CODING) is None
    assert forms.make(NAME, CODING, lambda: FORM) == FORM
    assert forms.get(NAME, CODING) == FORM
    assert [each.suffix for each in files(folder)] == [".zstd"]


@pytest.mark.parametrize("call", ["open", "pwrite", "ftruncate"])
def test_a_full_disk_keeps_nothing_and_the_worker_has_its_form(
    forms: CodedForms, folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    forms.make(NAME[:-1] + b"\x17", CODING, lambda: FORM)
    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        assert forms.make(NAME, CODING, lambda: FORM) == FORM
    assert len(files(folder)) == 1
    assert forms.get(NAME, CODING) is None
    assert forms.make(NAME, CODING, lambda: FORM) == FORM
    assert forms.get(NAME, CODING) == FORM


def test_a_database_that_has_gone_is_not_made_anew_by_a_form(
    forms: CodedForms, folder: Path
) -> None:
    folder.rmdir()
    assert forms.make(NAME, CODING, lambda: FORM) == FORM
    assert not folder.exists()
    assert forms.get(NAME, CODING) is None
    swept(forms, lambda ident: True)


def test_the_room_is_bounded_and_what_nobody_looked_for_goes(folder: Path) -> None:
    room = 8 << 20
    forms = CodedForms(lambda: folder, room)
    form = bytes(5000)
    for number in range(400):
        name = NAME[:-2] + number.to_bytes(2, "big")
        forms.make(name, CODING, lambda: form)
        assert forms.get(NAME[:-2] + b"\0\0", CODING) == form, "it is looked for"
    sizes = [each.stat().st_size for each in files(folder)]
    assert room // SHARE * 0.8 < sum(sizes) <= room // SHARE
    assert forms.get(NAME[:-2] + b"\0\1", CODING) is None
    assert forms.get(NAME[:-2] + (399).to_bytes(2, "big"), CODING) == form
    large = bytes(room // SHARE // PARTS)
    assert forms.make(NAME, b"br", lambda: large) == large
    assert forms.get(NAME, b"br") is None
    assert sum(each.stat().st_size for each in files(folder)) <= room // SHARE
    assert "1048576 bytes" in repr(forms)


def swept(forms: CodedForms, is_stored: Callable[[bytes], bool]) -> None:
    for _ in range(PARTS * EVERY):
        forms.sweep(is_stored)


def test_forms_of_what_is_not_stored_any_more_go(forms: CodedForms, folder: Path) -> None:
    names = [NAME[:-1] + bytes((each,)) for each in range(LOOKED * 9)]
    for name in names:
        forms.make(name, CODING, lambda: FORM)
    (folder / "forms" / "3" / "no name.zstd").write_bytes(b"")
    asked: list[bytes] = []

    def is_stored(ident: bytes) -> bool:
        asked.append(ident)
        return ident == names[5]

    for _ in range(EVERY):
        forms.sweep(is_stored)
    assert 0 < len(asked) <= LOOKED
    swept(forms, is_stored)
    assert [each.name for each in files(folder)] == [f"{names[5].hex()}.zstd"]


def test_what_is_being_made_stays_and_what_a_dead_worker_began_goes(
    forms: CodedForms, folder: Path
) -> None:
    def work() -> bytes:
        dead = folder / "forms" / "7" / f"{NAME.hex()}.br.new"
        dead.write_bytes(b"half")
        swept(forms, lambda ident: True)
        assert not dead.exists()
        return FORM

    assert forms.make(NAME, CODING, work) == FORM
    assert forms.get(NAME, CODING) == FORM


def test_an_answer_that_is_replaced_or_purged_has_no_form(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store", 64 << 20, claim(tmp_path / "store"), never_said)
    forms = CodedForms(lambda: store.folder, 64 << 20)
    shelf = Shelf(store, FakeLocks(), Passes(os.memfd_create("passes")))
    shelf.forms = forms

    def saved(body: bytes) -> bytes | None:
        entry = answer(1, len(body), received=store.now(), lifetime=9999.0)
        return store.save(key(1), entry, body, store.moment())

    first = saved(b"first")
    assert first is not None
    forms.make(first, CODING, lambda: b"of the first")
    second = saved(b"second")
    assert second is not None
    assert second != first, "the bytes have a name of their own"
    assert forms.get(second, CODING) is None
    forms.make(second, CODING, lambda: b"of the second")
    fresh = answer(1, 6, received=store.now(), lifetime=9999.0)
    assert store.freshen(key(1), second, fresh, store.moment())
    found = store.load(second)
    assert found is not None
    assert (found.ident, found.body) == (second, b"second"), "the same bytes have the same name"
    for _ in range(EVERY * 2):
        shelf.sweep()
    assert [each.name for each in files(store.folder / "forms")] == [f"{second.hex()}.zstd"]
    store.purge("all")
    for _ in range(EVERY * 2):
        shelf.sweep()
    assert files(store.folder / "forms") == []
    third = saved(b"third")
    assert third is not None
    assert third not in (first, second)


def never_said(text: str) -> None:
    raise AssertionError(text)
