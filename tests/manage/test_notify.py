"""What the service manager hears, on a real datagram socket in its place."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from porch import clock
from porch.manage.notify import LONGEST_STATUS, MARGIN, MOST_UNSENT, Notify


class Manager:
    """The service manager's end."""

    def __init__(self, name: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.socket.setblocking(False)
        self.environ = {"NOTIFY_SOCKET": name}

    def fill(self) -> None:
        """Let another sender write until no more fits in."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, suppress(BlockingIOError):
            other.setblocking(False)
            while True:
                other.sendto(b"STATUS=of another", self.environ["NOTIFY_SOCKET"])

    def heard(self) -> list[list[str]]:
        """The lines of every datagram since the last call."""
        found = []
        try:
            while True:
                found.append(self.socket.recv(4096).decode().split("\n"))
        except BlockingIOError:
            return found


@pytest.fixture
def manager() -> Iterator[Manager]:
    with tempfile.TemporaryDirectory(prefix="porch") as folder:
        made = Manager(str(Path(folder) / "notify"))
        yield made
        made.socket.close()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], float]:
    """Turns the clock: `at(12.5)`."""

    def turn(now: float) -> float:
        monkeypatch.setattr(clock, "monotonic", lambda: now)
        return now

    turn(100.0)
    return turn


def test_a_start_a_reload_and_a_stop_are_told_in_order(
    manager: Manager, at: Callable[[float], float]
) -> None:
    notify = Notify(manager.environ)
    assert notify.is_on
    notify.status("loading porch.toml")
    notify.ready("2 workers, 3 routes")
    at(1234.5)
    notify.reloading()
    notify.ready()
    notify.stopping(30)
    assert manager.heard() == [
        ["STATUS=loading porch.toml"],
        ["READY=1", "STATUS=2 workers, 3 routes"],
        ["RELOADING=1", "MONOTONIC_USEC=1234500000"],
        ["READY=1"],
        ["STOPPING=1", f"EXTEND_TIMEOUT_USEC={int(30 + MARGIN)}000000"],
    ]


def test_an_abstract_socket_is_found_too() -> None:
    manager = Manager(f"@porch-test-{os.getpid()}")
    Notify(manager.environ).ready()
    assert manager.heard() == [["READY=1"]]
    manager.socket.close()


def test_a_status_is_one_line_whatever_it_quotes(manager: Manager) -> None:
    notify = Notify(manager.environ)
    notify.status("reload refused\nporch.toml:3:1  error\nREADY=1")
    notify.status("x" * 10_000)
    notify.status("\ud800")
    assert manager.heard() == [
        ["STATUS=reload refused porch.toml:3:1 error READY=1"],
        ["STATUS=" + "x" * LONGEST_STATUS],
        ["STATUS=?"],
    ]


def test_signs_of_life_come_twice_as_often_as_asked(
    manager: Manager, at: Callable[[float], float]
) -> None:
    notify = Notify(manager.environ | {"WATCHDOG_USEC": "30000000"})
    assert notify.interval == 15
    assert notify.on_tick(at(100)) == 115
    assert manager.heard() == [["WATCHDOG=1"]]
    assert notify.on_tick(at(114)) == 115
    assert manager.heard() == []
    assert notify.on_tick(at(116)) == 131
    assert manager.heard() == [["WATCHDOG=1"]]


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
def test_no_sign_of_life_where_none_is_asked_of_this_process(
    manager: Manager, environ: dict[str, str]
) -> None:
    notify = Notify(manager.environ | environ)
    assert notify.interval is None
    assert notify.on_tick(clock.monotonic()) == clock.INFINITY
    assert manager.heard() == []


def test_the_watchdog_of_this_very_process_is_ours(manager: Manager) -> None:
    environ = {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}
    assert Notify(manager.environ | environ).interval == 0.5


@pytest.mark.parametrize("name", [None, "", "relative/path", "vsock:2:1234"])
def test_without_a_socket_nothing_is_sent(name: str | None) -> None:
    environ = {"WATCHDOG_USEC": "1000000"} | ({} if name is None else {"NOTIFY_SOCKET": name})
    notify = Notify(environ)
    notify.ready("nobody hears this")
    assert not notify.is_on
    assert notify.interval is None
    assert notify.on_tick(clock.monotonic()) == clock.INFINITY


def test_a_manager_that_has_gone_is_nobodys_trouble(manager: Manager) -> None:
    notify = Notify(manager.environ)
    manager.socket.close()
    notify.ready()
    os.unlink(manager.environ["NOTIFY_SOCKET"])
    notify.ready()
    assert notify.on_tick(0) == clock.INFINITY


def test_a_manager_that_does_not_read_gets_it_later_in_order(
    manager: Manager, at: Callable[[float], float]
) -> None:
    manager.fill()
    notify = Notify(manager.environ | {"WATCHDOG_USEC": "30000000"})
    notify.reloading()
    notify.ready()
    assert notify.on_tick(at(100)) == 100 + clock.TICK
    assert ["READY=1"] not in manager.heard()
    assert notify.on_tick(at(100.3)) == 115
    assert manager.heard() == [["RELOADING=1", "MONOTONIC_USEC=100000000"], ["READY=1"]]


def test_what_waits_for_a_deaf_manager_is_bounded(manager: Manager) -> None:
    manager.fill()
    notify = Notify(manager.environ)
    for number in range(3 * MOST_UNSENT):
        notify.status(str(number))
    manager.heard()
    for _ in range(MOST_UNSENT):
        notify.on_tick(0)
        if heard := manager.heard():
            assert heard[0] == [f"STATUS={2 * MOST_UNSENT}"]
            return
    raise AssertionError("nothing came")


def test_a_forked_worker_keeps_silent(manager: Manager) -> None:
    notify = Notify(manager.environ | {"WATCHDOG_USEC": "30000000"})
    pid = os.fork()
    if not pid:  # the worker
        notify.ready("of a worker")
        notify.on_tick(clock.monotonic())
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert manager.heard() == []
