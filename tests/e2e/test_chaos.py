"""Everything an operator and a system may do to a door, in no order, while it serves."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Door, children, clients_of, is_ended
from tests.support.echo import EchoOrigin
from tests.support.load import Load, Loss

HEAD = 'log = "file:{log}"\ngrace = "2s"\nworkers = {workers}\n'
ROUTE = '[routes]\n"*" = "127.0.0.1:{port}"\n'
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"


class Chaos:
    """What may happen. lost: client ports whose worker was killed."""

    def __init__(self, door: Door, origin: EchoOrigin, load: Load, seed: int) -> None:
        self.door = door
        self.origin = origin
        self.load = load
        self.random = random.Random(seed)
        self.workers = 2
        self.number = 0
        self.lost: set[int] = set()
        self.done: list[str] = []

    def act(self) -> None:
        """One of them."""
        actions: list[Callable[[], None]] = [
            self.reload,
            self.reload,
            self.reload_and_kill,
            self.bad_file,
            self.storm,
            self.fewer_or_more,
            self.kill,
            self.rollback,
            self.rotate,
            self.ask_and_leave,
            self.upgrade,
        ]
        action = self.random.choice(actions)
        self.done.append(action.__name__)
        action()

    @property
    def stray(self) -> list[Loss]:
        """Requests that failed though their worker was not killed."""
        return [loss for loss in self.load.tally.failed if loss.port not in self.lost]

    def text(self) -> str:
        self.number += 1
        head = HEAD.format(log=self.door.folder / "access", workers=self.workers)
        extra = f'"n{self.number}.test" = "respond:204"\n'
        return head + ROUTE.format(port=self.origin.port) + extra

    def reload(self) -> None:
        self.door.write(self.text())
        assert self.door.reload() == ""

    def fewer_or_more(self) -> None:
        self.workers = self.random.randint(1, 4)
        self.reload()

    def kill(self) -> None:
        """A worker, with the clients that it has and those that it may be accepting."""
        workers = self.door.workers
        if not workers:
            return  # the last one was killed just now
        victim = self.random.choice(workers)
        # One that was leaving may be gone at any moment.
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(victim, signal.SIGSTOP)  # so that its clients stay what they are
            self.door.wait_until(lambda: _state(victim) in "TZX", "the standstill")
            self.lost |= clients_of(victim, self.door.port)
            os.kill(victim, signal.SIGKILL)
        self.door.wait_until(lambda: is_ended(victim), "the kill")

    def reload_and_kill(self) -> None:
        self.door.write(self.text())
        self.door.process.send_signal(signal.SIGHUP)
        time.sleep(self.random.uniform(0, 0.05))
        self.kill()

    def bad_file(self) -> None:
        good = self.door.file.read_text(encoding="utf-8")
        self.door.write("helth = 1\n" + good)
        assert "helth" in self.door.reload()
        self.door.write(good)

    def storm(self) -> None:
        for _ in range(self.random.randint(2, 30)):
            self.door.process.send_signal(signal.SIGHUP)

    def rollback(self) -> None:
        answer = self.door.ask("rollback")
        assert "loaded" in answer or "no earlier" in str(answer["error"])

    def rotate(self) -> None:
        log = self.door.folder / "access"
        log.rename(log.with_suffix(f".{self.number}"))
        self.door.process.send_signal(signal.SIGUSR1)
        self.door.wait_until(log.exists, "the new log")

    def ask_and_leave(self) -> None:
        words = self.random.choice(["status", "diff"])
        assert "error" not in self.door.ask(words)

    def upgrade(self) -> None:
        assert "upgraded" in self.door.ask("upgrade")


def _state(pid: int) -> str:
    """proc(5): T is stopped."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "X"
    return text.rpartition(") ")[2][0]


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.mark.parametrize(
    ("seed", "seconds"),
    [
        (1, 10),
        *(
            pytest.param(seed, 60, marks=[pytest.mark.soak, pytest.mark.timeout(300)])
            for seed in range(2, 12)
        ),
    ],
)
def test_whatever_is_done_only_a_kill_costs_and_only_its_own(door, seed, seconds):
    with EchoOrigin() as origin:
        head = HEAD.format(log="access", workers=2)
        started = door(head + ROUTE.format(port=origin.port))
        pid = started.process.pid
        with Load(started.port, callers=20, rate=300) as load:
            chaos = Chaos(started, origin, load, seed)
            chaos.reload()
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                chaos.act()
                load.answers(20)
                assert chaos.stray == [], (
                    f"{chaos.done}\n{chaos.stray}\n{load.tally}\n{started.errors}"
                )
            chaos.workers = 2
            chaos.reload()
            tally = load.finish()
        print(tally, chaos.done)
        assert chaos.stray == [], f"{tally}\n{chaos.done}\n{started.errors}"
        started.wait_until(lambda: len(started.workers) == 2, "two workers, and no more")
        assert started.process.pid == pid
        assert "Traceback" not in started.errors, started.errors
        before = _descriptors(pid)
        for _ in range(10):
            chaos.reload()
        started.wait_until(lambda: _descriptors(pid) <= before, "the end of what was open")
        assert tally.percentile(1) < 5, str(tally)
        assert children(pid) == started.workers
        with started.connect() as connection:
            connection.sendall(GET)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        workers = started.workers
        assert started.stop() == 0
        assert all(is_ended(each) for each in workers)
