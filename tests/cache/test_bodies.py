"""Files of bodies: written while they are read, then never changed."""

import os
import random
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from porch.cache.bodies import (
    BLOCK,
    CHECKED,
    LASTS,
    BodyFile,
    Checked,
    GrowingFile,
    Writer,
    path_of,
)
from tests.support.network import FakeClock
from tests.support.storing import answer

IDENT = b"f" + bytes(7) + b"\x05"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return path_of(tmp_path, IDENT)


def write(path: Path, data: bytes) -> Writer:
    writer = Writer(path)
    for start in range(0, len(data), 100_001):
        writer.write(data[start : start + 100_001])
    return writer


def read(path: Path, length: int, sums: bytes, lost: list[int] | None = None) -> BodyFile:
    return BodyFile(path, IDENT, length, sums, Checked(), partial((lost or []).append, 1))


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_what_is_written_is_read(path: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    writer = write(path, data)
    assert (writer.size, writer.content()) == (size, data)
    writer.complete(is_kept=True)
    body = read(path, size, writer.sums())
    assert body.read(0, size + 10) == data
    assert body.read(size // 3, 100) == data[size // 3 :][:100]
    assert body.read(size + 5, 10) == b""
    assert os.pread(body.descriptor, size, 0) == data
    assert path.stat().st_mode & 0o777 == 0o400


def test_damage_is_found_in_its_own_block_and_told_of(path: Path) -> None:
    data = random.Random(1).randbytes(3 * BLOCK)
    writer = write(path, data)
    writer.complete(is_kept=True)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(BLOCK + 5)
        file.write(b"damage")
    lost: list[int] = []
    body = BodyFile(path, IDENT, len(data), writer.sums(), Checked(), partial(lost.append, 1))
    assert body.read(0, BLOCK) == data[:BLOCK]
    assert body.read(2 * BLOCK, 9) == data[2 * BLOCK :][:9]
    assert lost == []
    assert body.read(BLOCK - 1, 2) is None
    assert not body.is_sound(0, 3 * BLOCK)
    assert lost == [1, 1]


def test_a_block_is_looked_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = write(path, bytes(2 * BLOCK))
    writer.complete(is_kept=True)
    args = (path, IDENT, 2 * BLOCK, writer.sums(), Checked(), lambda: None)
    assert BodyFile(*args).is_sound(0, 2 * BLOCK)
    again = BodyFile(*args)
    monkeypatch.setattr(os, "pread", lambda *words: pytest.fail("looked again"))
    assert again.is_sound(0, 2 * BLOCK)


@pytest.mark.parametrize("how", ["written", "dated back", "another in its place"])
def test_what_was_touched_since_it_was_looked_at_is_looked_at_again(path: Path, how: str) -> None:
    writer = write(path, bytes(2 * BLOCK))
    writer.complete(is_kept=True)
    args = (path, IDENT, 2 * BLOCK, writer.sums(), Checked(), lambda: None)
    assert BodyFile(*args).is_sound(0, 2 * BLOCK)
    before = path.stat()
    time.sleep(0.01)  # the clock of files ticks every 4 ms
    if how == "another in its place":
        path.unlink()
        path.write_bytes(bytes(2 * BLOCK))
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(BLOCK + 5)
        file.write(b"damage")
    if how == "dated back":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    again = BodyFile(*args)
    assert again.is_sound(0, BLOCK)
    assert not again.is_sound(BLOCK, 2 * BLOCK)


def test_of_so_many_files_it_is_remembered_what_was_looked_at(tmp_path: Path) -> None:
    checked, state = Checked(), tmp_path.stat()
    checked.blocks(b"first", 2, state)[0] = 1
    assert checked.blocks(b"first", 2, state)[0] == 1
    assert checked.blocks(b"first", 3, state) == bytes(3)
    checked.blocks(b"first", 3, state)[0] = 1
    for number in range(CHECKED):
        checked.blocks(b"%d" % number, 1, state)
    assert checked.blocks(b"first", 3, state) == bytes(3)


def test_a_file_of_another_length_or_none_is_refused(path: Path) -> None:
    writer = write(path, bytes(100))
    writer.complete(is_kept=True)
    with pytest.raises(ValueError, match="not as long"):
        read(path, 99, writer.sums())
    with pytest.raises(ValueError, match="not as long"):
        read(path, 100, writer.sums() * 2)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read(path, 100, writer.sums())


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic"):
        read(path, 1, bytes(4))
    with pytest.raises(FileExistsError):
        Writer(path)


def test_who_follows_sees_it_grow_and_end(path: Path) -> None:
    writer = write(path, b"ab")
    growth = GrowingFile(path, IDENT, answer())
    assert (growth.size(), growth.state()) == (2, "growing")
    writer.write(b"c")
    assert growth.size() == 3
    writer.complete(is_kept=True)
    assert (growth.state(), os.pread(growth.descriptor, 9, 0)) == ("complete", b"abc")


def test_who_follows_what_is_not_kept_has_it_all_the_same(path: Path) -> None:
    writer = write(path, b"ab")
    growth = GrowingFile(path, IDENT, answer())
    writer.complete(is_kept=False)
    assert not path.exists()
    assert (growth.state(), os.pread(growth.descriptor, 9, 0)) == ("complete", b"ab")


def test_what_failed_is_gone_and_known_to_have(path: Path) -> None:
    writer = write(path, b"ab")
    growth = GrowingFile(path, IDENT, answer())
    writer.fail()
    writer.fail()
    assert growth.state() == "failed"
    assert not path.exists()


def test_a_writer_that_is_dropped_has_failed(path: Path) -> None:
    growth_of = [write(path, b"ab")]
    growth = GrowingFile(path, IDENT, answer())
    growth_of.clear()
    assert growth.state() == "failed"


def test_the_writers_death_is_seen(path: Path) -> None:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            writer = write(path, b"ab")
            os.write(writing, b"%d" % writer.size)
            signal.pause()
        finally:
            os._exit(1)
    os.read(reading, 1)
    growth = GrowingFile(path, IDENT, answer())
    assert growth.state() == "growing"
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert (growth.size(), growth.state()) == (2, "failed")
    os.close(reading)
    os.close(writing)


def test_files_are_spread_over_folders() -> None:
    folders = {path_of(Path("/x"), b"f" + n.to_bytes(8, "big")).parent for n in range(1000)}
    assert len(folders) == 256


def test_what_was_sound_is_looked_at_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, state = FakeClock(monkeypatch), os.stat("/")
    checked = Checked()
    blocks = checked.blocks(b"a", 2, state)
    blocks[0] = 1
    fake.advance(LASTS)
    assert checked.blocks(b"a", 2, state)[0] == 1
    fake.advance(1)
    assert checked.blocks(b"a", 2, state)[0] == 0
