"""Files that are whole or not there, in folders of the test's own."""

import errno
import os
import stat
from pathlib import Path

import pytest

from porch.certs.files import StoreError, check_folder, make_folder, put, read_file, said, sweep
from tests.support.hands import Hands


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_for_this_user_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_folder(tmp_path / "a" / "b")
        put(tmp_path / "a" / "b" / "c", b"x")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    assert mode(tmp_path / "a" / "b" / "c") == 0o600


def test_content_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for content in (b"one", b"", b"x" * 3_000_000):
        put(tmp_path / "a", content)
        assert (tmp_path / "a").read_bytes() == content
    assert os.listdir(tmp_path) == ["a"]


def test_what_is_no_file_holds_nothing_and_is_not_waited_for(tmp_path: Path) -> None:
    place = tmp_path / "a"
    put(place, b"x")
    assert read_file(place) == b"x"
    os.mkfifo(tmp_path / "pipe")
    assert read_file(tmp_path / "pipe") == b""
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        os.write(writer, b"as if it were a file")
        assert read_file(tmp_path / "pipe") == b""
    finally:
        os.close(writer)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none")


def test_a_place_that_cannot_be_taken_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError):
        put(tmp_path / "a", b"x")
    assert os.listdir(tmp_path) == ["a"]


def test_what_a_killed_writer_left_is_swept_when_it_is_old_or_from_the_future(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = Hands(monkeypatch)
    for name, age in ((".unfinished-old", 3601), (".unfinished-new", 60), ("kept", 10**6)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (hands.wall - age,) * 2)
    (tmp_path / ".unfinished-2099").touch()
    os.utime(tmp_path / ".unfinished-2099", (4_070_000_000,) * 2)
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".unfinished-new", "kept"]


@pytest.mark.parametrize("bits", [0o770, 0o702, 0o1777])
def test_a_folder_that_others_may_write_is_refused_with_the_way_out(
    tmp_path: Path, bits: int
) -> None:
    tmp_path.chmod(bits)
    with pytest.raises(StoreError, match=f"others may write .*; chmod 700 {tmp_path}"):
        check_folder(tmp_path)


def test_a_folder_of_somebody_else_is_refused_but_root_may_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(StoreError, match="belongs to another user"):
        check_folder(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    check_folder(tmp_path)


def test_what_is_no_folder_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    make_folder(tmp_path / "file")
    with pytest.raises(StoreError, match="is no folder"):
        check_folder(tmp_path / "file")
    with pytest.raises(StoreError, match="cannot be read: No such file"):
        check_folder(tmp_path / "missing")


@pytest.mark.system
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_in_a_users_folder_is_the_users(tmp_path: Path) -> None:
    os.chown(tmp_path, 4321, 1234)
    make_folder(tmp_path / "a" / "b")
    put(tmp_path / "a" / "b" / "c", b"x")
    for path in (tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "c"):
        assert (path.stat().st_uid, path.stat().st_gid) == (4321, 1234)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "the disk is full .*; make room. What was kept before is still there"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EACCES, "this user may not; run Porch as the user who owns /s, or give"),
        (errno.EROFS, "its disk is read-only; choose another"),
        (errno.EIO, "/s/a cannot be written: Input/output error"),
    ],
)
def test_each_reason_has_its_sentence(number: int, sentence: str) -> None:
    error = OSError(number, os.strerror(number))
    with pytest.raises(StoreError, match=sentence):
        raise said(error, Path("/s/a"), "written")
