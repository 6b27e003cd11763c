"""Who writes, one at a time."""

import os
import signal
import time
from pathlib import Path

import pytest

from porch.cache.gate import PATIENCE, STUCK, Gate


def test_one_at_a_time_is_let_in(tmp_path: Path) -> None:
    one, other = Gate(tmp_path), Gate(tmp_path)
    assert one.enter()
    assert not other.enter(0.001)
    one.leave()
    assert other.enter()
    other.leave()


def test_who_has_waited_in_vain_does_not_wait_again_for_a_while(tmp_path: Path) -> None:
    one, other = Gate(tmp_path), Gate(tmp_path)
    assert one.enter()
    began = time.monotonic()
    assert not other.enter()
    assert time.monotonic() - began >= PATIENCE
    began = time.monotonic()
    for _ in range(100):
        assert not other.enter()
    assert time.monotonic() - began < min(PATIENCE, STUCK) / 2
    assert not other.enter(PATIENCE + 0.01), "but for what is urgent"
    one.leave()
    assert other.enter()
    other.leave()
    assert one.enter()
    began = time.monotonic()
    assert not other.enter()
    assert time.monotonic() - began >= PATIENCE, "it was let in meanwhile, so that it waits again"


def test_who_does_not_wait_has_not_waited_in_vain(tmp_path: Path) -> None:
    one, other = Gate(tmp_path), Gate(tmp_path)
    assert one.enter()
    began = time.monotonic()
    assert not other.enter(0.0)
    assert time.monotonic() - began < PATIENCE / 2
    began = time.monotonic()
    assert not other.enter()
    assert time.monotonic() - began >= PATIENCE


def test_the_death_of_who_writes_lets_others_in(tmp_path: Path) -> None:
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        held = Gate(tmp_path)
        held.enter()
        os.write(told, b"x")
        signal.pause()
        os._exit(1)
    os.read(ready, 1)
    gate = Gate(tmp_path)
    assert not gate.enter(0.001)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert gate.enter()
    os.close(ready)
    os.close(told)


def test_there_is_none_before_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Gate(tmp_path / "none")
