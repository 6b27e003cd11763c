"""What a file costs, exactly: Python calls, calls of the system, writes, tasks, timers.

Counted as in test_plain_exchange.py, with a folder on the disk.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from porch import clock
from porch.listen.h1 import ServerConnection
from porch.serve.files import SMALL
from tests.budget.test_plain_exchange import GET, Plain, calls_of
from tests.support.folder import write
from tests.support.network import FakeClock, FakeLoop, FakeTransport

MOST_CALLS = 26
MOST_FOLLOWING = 21
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

    def other(self) -> FakeTransport:
        """One more client, warm."""
        client = self._transport()
        connection = ServerConnection(self.door, b"http", b"80")
        self.loop.run(lambda: client.connect(connection))
        for _ in range(3):
            self.loop.run(lambda: client.feed(GET))
        client.arrived.clear()
        return client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "api/users", b"hello")
    return tmp_path


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Served]:
    fake = FakeClock(monkeypatch)
    loop = FakeLoop(fake)
    now = os.stat(folder).st_ctime + 60
    monkeypatch.setattr(clock, "wall", lambda: now)
    made = Served(loop, {"example.com": {"to": f"file:{folder}"}})
    yield made
    made.log.close()
    loop.close()


def test_a_small_file_takes_at_most_26_python_calls_and_one_look_at_the_disk(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Counted(monkeypatch)
    served.client.arrived.clear()
    calls = calls_of(served.exchange)
    assert len(calls) <= MOST_CALLS, "\n" + "\n".join(calls)
    assert found.names == ["stat"]
    assert bytes(served.client.arrived).endswith(b"\r\n\r\nhello")


def test_who_asks_for_it_in_the_same_turn_takes_at_most_21_and_none(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = served.other()
    found = Counted(monkeypatch)
    calls: list[str] = []

    def both() -> None:
        served.ask()
        calls.extend(calls_of(lambda: other.feed(GET)))
        assert found.names == ["stat"]

    served.loop.run(both)
    assert len(calls) <= MOST_FOLLOWING, "\n" + "\n".join(calls)
    assert bytes(other.arrived).endswith(b"\r\n\r\nhello")
    served.exchange()
    assert found.names == ["stat", "stat"]


def test_it_is_one_write_without_task_or_timer(served: Served) -> None:
    writes = served.client.writes
    served.loop.counts.clear()
    served.exchange()
    assert served.client.writes == writes + 1
    assert served.loop.counts == {"call_soon": 1}  # the turn's end


def test_a_large_file_is_opened_once_and_looked_at_twice(
    served: Served, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(folder, "api/users", bytes(SMALL + 1))
    at = os.stat(file).st_ctime
    monkeypatch.setattr(clock, "wall", lambda: at + 60)
    served.exchange()
    found = Counted(monkeypatch)
    served.exchange()
    assert [each for each in found.names if each != "pread"] == ["stat", "open", "fstat", "close"]


def test_a_file_that_is_not_known_takes_four_calls_and_three_a_folder(
    served: Served, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", clock.now + 60)
    found = Counted(monkeypatch)
    served.exchange()
    looked_at = [
        "open",
        "fstat",
        "open",
        "close",
        "stat",
        "open",
        "fstat",
        "close",
        "pread",
        "close",
    ]
    assert sorted(found.names) == sorted(looked_at)
