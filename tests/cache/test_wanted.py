"""Which bytes of a file other processes want yet."""

import os
import signal
from pathlib import Path

import pytest

from porch.cache.wanted import LENT, free, is_lent, want, wanted
from porch.reader import OPEN

MUCH = 1 << 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "body"
    path.write_bytes(b"x" * MUCH)
    return path


def opened(path: Path, flags: int = os.O_RDONLY) -> int:
    return os.open(path, flags)


def test_nobody_wants_anything_at_first_and_the_slowest_counts(file: Path) -> None:
    writer, one, other = opened(file, os.O_RDWR), opened(file), opened(file)
    assert wanted(writer) == OPEN
    want(one, 0)
    want(other, 0)
    assert wanted(writer) == 0
    want(one, 700)
    assert wanted(writer) == 0
    want(other, 300)
    assert wanted(writer) == 300
    os.close(other)
    assert wanted(writer) == 700
    want(one, OPEN)
    assert wanted(writer) == OPEN
    for each in (writer, one):
        os.close(each)


def test_who_looks_at_the_file_by_another_descriptor_takes_nothing_back(file: Path) -> None:
    writer, one = opened(file, os.O_RDWR), opened(file)
    want(one, 5)
    os.close(opened(file))
    assert wanted(writer) == 5
    os.close(one)
    os.close(writer)


def test_the_dead_want_nothing(file: Path) -> None:
    writer = opened(file, os.O_RDWR)
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        want(opened(file), 9)
        os.write(told, b"x")
        signal.pause()
        os._exit(1)
    os.read(ready, 1)
    assert wanted(writer) == 9
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert wanted(writer) == OPEN
    for each in (writer, ready, told):
        os.close(each)


def test_the_room_of_what_nobody_wants_is_given_back_and_the_rest_stays(file: Path) -> None:
    writer = opened(file, os.O_RDWR)
    before = os.fstat(writer).st_blocks
    free(writer, 0, MUCH // 2)
    after = os.fstat(writer)
    assert after.st_blocks <= before // 2 + 16
    assert after.st_size == MUCH
    assert os.pread(writer, MUCH, MUCH // 2) == b"x" * (MUCH // 2)
    os.close(writer)
    with pytest.raises(OSError, match="Bad file descriptor"):
        free(writer, 0, MUCH)


def test_a_file_that_is_lent_can_be_seen_to_be(file: Path) -> None:
    descriptor = opened(file)
    assert not is_lent(descriptor)
    file.chmod(LENT)
    assert is_lent(descriptor)
    os.close(descriptor)
