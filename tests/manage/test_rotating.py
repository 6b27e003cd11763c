"""Log files that are moved away."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from porch import clock
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.manage.rotating import PAUSE, Rotating
from tests.support.network import FakeClock

DAY = 86400.0
NOON = 1_700_049_600.0  # 2023-11-15 12:00 UTC


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A day with its midnight two hours ahead of UTC, and files that are written now."""
    fake = FakeClock(monkeypatch)
    monkeypatch.setenv("TZ", "TWO-02:00")
    time.tzset()
    return fake


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Any:
    class Wall:
        at = NOON

        def __call__(self) -> float:
            return self.at

    made = Wall()
    monkeypatch.setattr(clock, "wall", made)
    return made


@pytest.fixture(autouse=True)
def _zone_again() -> Any:
    yield
    os.environ.pop("TZ", None)
    time.tzset()


def loaded(folder: Path, **rotate: object) -> Loaded:
    log = {"to": f"file:{folder / 'x'}", "rotate": rotate}
    found = load_mapping({"routes": {"*": ":1"}, "log": log})
    assert found.ok, found.report()
    return found


def write(path: Path, text: str, at: float | None = None) -> None:
    with path.open("a") as file:
        file.write(text)
    if at is not None:
        os.utime(path, (at, at))


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def never(text: str) -> None:
    raise AssertionError(text)


def test_a_file_is_moved_once_it_is_long_enough(tmp_path: Path) -> None:
    rotating, words = Rotating(never), loaded(tmp_path, size="10B")
    assert not rotating.look(words)
    write(tmp_path / "x", "one\n")
    assert not rotating.look(words)
    write(tmp_path / "x", "two three\n")
    assert rotating.look(words)
    assert texts(tmp_path) == {"x.1": "one\ntwo three\n"}
    assert not rotating.look(words)


def test_only_so_many_old_ones_stay_and_the_newest_is_the_first(tmp_path: Path) -> None:
    rotating, words = Rotating(never), loaded(tmp_path, size="1B", keep=2)
    write(tmp_path / "x.3", "of a time when more were kept")
    write(tmp_path / "x.other", "somebody's")
    for number in range(4):
        write(tmp_path / "x", str(number))
        assert rotating.look(words)
    assert texts(tmp_path) == {"x.1": "3", "x.2": "2", "x.other": "somebody's"}


def test_a_day_ends_at_midnight_of_this_machine(tmp_path: Path, wall: Any) -> None:
    rotating, words = Rotating(never), loaded(tmp_path, every="1d")
    write(tmp_path / "x", "one\n", NOON)
    assert not rotating.look(words)
    wall.at = NOON + 10 * 3600 - 1  # 23:59:59
    write(tmp_path / "x", "two\n", wall.at)
    assert not rotating.look(words)
    wall.at += 1
    assert rotating.look(words)
    assert texts(tmp_path) == {"x.1": "one\ntwo\n"}


def test_a_file_of_before_the_door_was_started_is_as_old_as_its_last_line(
    tmp_path: Path, wall: Any
) -> None:
    words = loaded(tmp_path, every="1d")
    write(tmp_path / "x", "one\n", NOON - DAY)
    assert Rotating(never).look(words)
    write(tmp_path / "x", "two\n", NOON)
    assert not Rotating(never).look(words)


def test_a_clock_that_jumps_to_and_fro_moves_a_file_once_a_minute(
    tmp_path: Path, wall: Any, now: FakeClock
) -> None:
    rotating, words = Rotating(never), loaded(tmp_path, every="1h", keep=100)
    moved = 0
    for second in range(int(2 * PAUSE)):
        wall.at = NOON + (second % 2) * 1e9
        write(tmp_path / "x", "x", NOON)
        moved += rotating.look(words)
        now.time += 1
    assert 1 <= moved <= 3


def test_what_is_no_file_stays(tmp_path: Path) -> None:
    write(tmp_path / "real", "long enough\n")
    (tmp_path / "x").symlink_to(tmp_path / "real")
    assert not Rotating(never).look(loaded(tmp_path, size="1B"))
    (tmp_path / "x").unlink()
    os.mkfifo(tmp_path / "x")
    assert not Rotating(never).look(loaded(tmp_path, size="1B"))


def test_a_file_that_cannot_be_moved_is_said_and_tried_again(
    tmp_path: Path, now: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    rotating, words = Rotating(said.append), loaded(tmp_path, size="1B")
    write(tmp_path / "x", "one\n")
    with monkeypatch.context() as patch:

        def replace(*_paths: object) -> None:
            raise PermissionError(13, "Permission denied")

        patch.setattr(os, "replace", replace)
        assert not rotating.look(words)
        assert not rotating.look(words)
    (text,) = said
    assert text.startswith(f"{tmp_path / 'x'}: Permission denied; it is not rotated")
    assert not rotating.look(words)
    now.time += PAUSE
    assert rotating.look(words)


def test_a_log_without_the_word_stays_as_it_is(tmp_path: Path) -> None:
    found = load_mapping({"routes": {"*": ":1"}, "log": f"file:{tmp_path / 'x'}"})
    write(tmp_path / "x", "one\n", NOON - DAY)
    assert not Rotating(never).look(found)
    assert repr(Rotating(never)) == "<Rotating 0 files>"
