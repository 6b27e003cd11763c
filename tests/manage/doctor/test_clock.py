"""The clock, by what the kernel says or a test in its place."""

import ctypes
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from porch import clock
from porch.manage.doctor.clock import BUILT, check_clock
from porch.manage.doctor.patient import Patient


@pytest.mark.parametrize(
    ("told", "noted", "said", "text"),
    [
        ((0, 0.004), False, "ok", "synchronised, to 4 ms at most"),
        ((5, 16.0), True, "look", "nobody keeps the clock right"),
        ((0, 7.5), False, "look", "wrong by 7.5 s"),
        (None, True, "ok", "synchronised"),
        (None, False, "look", "not known"),
    ],
)
def test_it_is_as_the_kernel_says(
    tmp_path: Path, told: tuple[int, float] | None, noted: bool, said: str, text: str
) -> None:
    if noted:
        (tmp_path / "run/systemd/timesync").mkdir(parents=True)
        (tmp_path / "run/systemd/timesync/synchronized").touch()
    (found,) = check_clock(Patient(config=Path("p"), root=tmp_path), lambda: told)
    assert (found.said, text in found.sentence) == (said, True), found.sentence


def test_this_kernel_is_asked_and_not_changed() -> None:
    before = clock.wall() - clock.monotonic()
    (found,) = check_clock(Patient(config=Path("p")))
    assert found.check == "clock"
    assert "not known" not in found.sentence
    assert abs(clock.wall() - clock.monotonic() - before) < 1


@pytest.mark.parametrize("state", [0, -1])
def test_of_what_the_kernel_tells_the_largest_error_counts_and_not_the_likely_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: int
) -> None:
    def adjtimex(room: Any) -> int:
        told = struct.pack("@Illll", 0, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
        ctypes.memmove(room, told, len(told))
        return state

    libc = SimpleNamespace(adjtimex=adjtimex)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: libc)
    (found,) = check_clock(Patient(config=Path("p"), root=tmp_path))
    assert ("may be wrong by 3.0 s" if state == 0 else "is not known here") in found.sentence


def test_a_clock_of_long_ago_is_told_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: BUILT - 1.0)
    (found,) = check_clock(Patient(config=Path("p"), root=tmp_path), lambda: (0, 0.0))
    assert (found.said, "years behind" in found.sentence) == ("look", True)
