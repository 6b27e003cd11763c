"""A body that waits, in memory and in a file without a name."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.buffer.spool import IN_MEMORY, Spool, folder, no_room
from porch.errors import NoDescriptors, NoRoom


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_what_is_small_waits_in_memory() -> None:
    before = descriptors()
    spool = Spool()
    spool.append(b"x" * IN_MEMORY)
    assert (spool.size, descriptors()) == (IN_MEMORY, before)
    assert repr(spool) == "<Spool 65536 bytes in memory>"


def test_what_is_large_waits_in_a_file_that_nobody_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = descriptors()
    spool = Spool()
    spool.append(b"x" * IN_MEMORY)
    spool.append(b"y" * 100_000)
    assert list(tmp_path.iterdir()) == []
    assert (spool.size, descriptors()) == (IN_MEMORY + 100_000, before + 1)
    assert repr(spool) == "<Spool 165536 bytes in a file>"
    spool.clear()
    assert (spool.size, descriptors()) == (0, before)


def test_a_file_is_closed_when_all_of_it_was_taken() -> None:
    before = descriptors()
    spool = Spool()
    spool.append(b"x" * 200_000)
    assert b"".join(iter(lambda: spool.take(65536), b"")) == b"x" * 200_000
    assert (spool.size, spool.written, descriptors()) == (0, 0, before)


@given(st.lists(st.one_of(st.binary(max_size=40_000), st.integers(1, 50_000)), max_size=30))
def test_what_is_taken_is_what_was_appended(steps: list[bytes | int]) -> None:
    spool, given_in, taken = Spool(), b"", b""
    for step in steps:
        if isinstance(step, bytes):
            spool.append(step)
            given_in += step
        else:
            piece = spool.take(step)
            assert len(piece) <= step
            taken += piece
        assert spool.size == len(given_in) - len(taken)
    taken += spool.take(1 << 30)
    spool.clear()
    assert taken == given_in


def test_where_the_disk_is_full_nothing_was_appended(monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool()
    spool.append(b"a" * 10)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = descriptors()
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        spool.append(b"b" * IN_MEMORY)
    monkeypatch.undo()
    assert (spool.size, descriptors()) == (10, before)
    assert spool.take(20) == b"a" * 10


def test_a_disk_that_takes_a_part_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: whole(fd, data[:1000], at))
    spool = Spool()
    body = os.urandom(70_000)
    spool.append(body)
    assert spool.take(70_000) == body


def test_the_operator_is_told_what_is_missing() -> None:
    found = no_room(OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(found, NoRoom)
    assert found.detail == f"{folder()}: No space left on device"
    assert isinstance(no_room(OSError(errno.EMFILE, "Too many open files")), NoDescriptors)


def test_another_folder_than_the_operators_is_never_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    spool = Spool()
    with pytest.raises(FileNotFoundError) as raised:
        spool.append(b"x" * 100_000)
    told = no_room(raised.value)
    assert (told.status, told.detail) == (503, f"{tmp_path}/missing: No such file or directory")
    monkeypatch.setenv("TMPDIR", "")
    assert folder() == "/tmp"


def test_what_is_read_stays() -> None:
    for size in (1000, 200_000):
        spool = Spool()
        spool.append(b"a" * size)
        spool.append(b"b" * size)
        assert spool.read(size - 1, 2) == b"ab"
        assert spool.read(2 * size, 10) == b""
        assert spool.take(2 * size) == b"a" * size + b"b" * size
