"""The disk under the map of a database."""

import os
import resource
from pathlib import Path

import pytest

from porch.cache import ground
from porch.cache.ground import FIRST, extend, is_firm, kinds, lengthened, rounded

LINE = "36 35 {device} / {where} rw,relatime shared:1 master:2 - {kind} /dev/x rw\n"


@pytest.mark.parametrize(
    ("kind", "firm"), [("ext4", True), ("xfs", True), ("btrfs", False), ("overlay", False)]
)
def test_a_file_system_that_writes_in_place_is_firm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, firm: bool
) -> None:
    device = tmp_path.stat().st_dev
    known = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        LINE.format(device="0:99", where="/other", kind="ext4")
        + LINE.format(device=known, where=tmp_path, kind=kind)
    )
    monkeypatch.setattr(ground, "_MOUNTS", mounts)
    assert is_firm(tmp_path) is firm
    assert kinds(tmp_path) == [kind]


def test_what_is_not_known_is_not_firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "_MOUNTS", tmp_path / "none")
    assert not is_firm(tmp_path)
    (tmp_path / "none").write_text(LINE.format(device="0:99", where="/other", kind="ext4"))
    assert not is_firm(tmp_path)


def test_sizes_are_of_whole_pages() -> None:
    assert [rounded(size) for size in (0, 1, 4096, 4097)] == [0, 4096, 4096, 8192]


def test_a_file_is_made_longer_and_holes_are_filled(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(b"x")
    os.truncate(file, 100_000)
    extend(file, 200_000)
    found = file.stat()
    assert found.st_size == 200_000
    assert found.st_blocks * 512 >= 200_000
    assert file.read_bytes() == b"x" + bytes(199_999)
    extend(file, 4096)
    assert file.stat().st_size == 200_000


def test_a_file_doubles_until_a_step_is_less_than_it_has(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(bytes(FIRST))
    found = [lengthened(file, 3 * FIRST, 12 * FIRST) // FIRST for _ in range(5)]
    assert found == [2, 4, 7, 10, 12]


def test_as_much_is_taken_as_there_is_room_for(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(bytes(8 * FIRST))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (11 * FIRST, limits[1]))
    try:
        assert lengthened(file, 8 * FIRST, 100 * FIRST) == 10 * FIRST
        assert lengthened(file, 8 * FIRST, 100 * FIRST) == 11 * FIRST
        with pytest.raises(OSError, match="File too large"):
            lengthened(file, 8 * FIRST, 100 * FIRST)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_without_room_it_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(b"x")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            extend(file, 8192)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
