"""What is remembered of files, and for how long."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from porch import clock
from porch.serve import remembered
from porch.serve.beneath import identity
from porch.serve.remembered import LASTS, Memory, Remembered
from tests.support.folder import write


def of(*files: Path, body: bytes | None = b"x") -> Remembered:
    watched = [(os.fsencode(each), identity(os.stat(each))) for each in files]
    return Remembered((b"a",), (), body, watched)


def test_it_holds_while_nothing_changes(tmp_path: Path) -> None:
    file = write(tmp_path, "a", b"1")
    assert of(file).is_current()
    assert of(file).identity == identity(os.stat(file))
    assert of(file).size == 1


@pytest.mark.parametrize("which", ["a", "b"])
def test_it_does_not_where_any_of_its_files_changed(tmp_path: Path, which: str) -> None:
    known = of(write(tmp_path, "a", b"1"), write(tmp_path, "b", b"2"))
    (tmp_path / which).write_bytes(b"3")
    assert not known.is_current()


def test_it_does_not_where_one_is_gone_or_another_is_in_its_place(tmp_path: Path) -> None:
    file = write(tmp_path, "a", b"1")
    known = of(file)
    write(tmp_path, "new", b"1").rename(file)
    assert not known.is_current()
    file.unlink()
    assert not known.is_current()


def test_all_is_looked_up_anew_after_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = of(write(tmp_path, "a", b"1"))
    monkeypatch.setattr(clock, "now", clock.now + LASTS)
    assert not known.is_current()


class _Keeper:
    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        assert seconds == 0.0
        self.calls.append(call)


def test_it_is_looked_at_once_in_a_turn_of_the_loop_and_anew_in_the_next(tmp_path: Path) -> None:
    a, b = write(tmp_path, "a", b"1"), write(tmp_path, "b", b"1")
    known, other = of(a), of(b)
    memory = Memory()
    keeper: Any = _Keeper()
    assert memory.is_current(known, keeper)
    assert memory.is_current(other, keeper)
    assert (known.looked_at, other.looked_at) == (True, True)
    a.write_bytes(b"2")
    (end,) = keeper.calls
    end()
    assert (known.looked_at, other.looked_at) == (False, False)
    assert not memory.is_current(known, keeper)
    assert not known.looked_at
    assert memory.is_current(other, keeper)
    assert len(keeper.calls) == 2


def test_a_worker_remembers_so_much_and_the_first_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "ROOM", 3 * 2100)
    memory = Memory()
    file = write(tmp_path, "a", b"1")
    for number in range(4):
        memory.keep((None, b"%d" % number, ()), of(file))
    assert [key[1] for key in memory] == [b"1", b"2", b"3"]
    memory.keep((None, b"1", ()), of(file))
    assert [key[1] for key in memory] == [b"2", b"3", b"1"]
    memory.keep((None, b"4", ()), of(file, body=bytes(4000)))
    assert [key[1] for key in memory] == [b"4"]
    memory.drop((None, b"none", ()))
    memory.drop((None, b"4", ()))
    assert not memory
