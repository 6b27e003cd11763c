"""What a file costs, exactly: Python calls, calls of the system, writes, tasks, timers.

Counted as in test_plain_exchange.py, with a folder on the disk.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from porch import clock
from tests.budget.test_plain_exchange import Plain
from tests.support.folder import write
from tests.support.network import FakeClock, FakeLoop

MOST_CALLS = 27
SYSTEM = ("open", "close", "stat", "fstat", "pread")


class Counted:
    """Calls of the system while it is on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        for name in SYSTEM:
            monkeypatch.setattr(os, name, self._counting(name, getattr(os, name)))

    def _counting(self, name: str, call: Any) -> Any:
        def counting(*words: Any, **more: Any) -> Any:
            self.names.append(name)
            return call(*words, **more)

        return counting


class Served(Plain):
    """A door that serves a folder."""

    def answer(self) -> None:
        """Nobody is asked."""
        assert not self.origins


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "users", b"hello")
    return tmp_path


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Served]:
    fake = FakeClock(monkeypatch)
    loop = FakeLoop(fake)
    monkeypatch.setattr(clock, "wall", lambda: os.stat(folder).st_ctime + 60)
    made = Served(loop, {"example.com": {"to": f"file:{folder}"}})
    yield made
    made.log.close()
    loop.close()
