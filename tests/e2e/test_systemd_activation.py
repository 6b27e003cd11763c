"""A real door with a service manager's variables: passed sockets, and what it says in return."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import PATIENCE, ROOT

CONFIG = 'listen = ["{listen}"]\nworkers = 2\ngrace = "5s"\n[routes]\n"*" = "respond:204"\n'
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"

PASS_ON = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "porch"}
os.execv(sys.argv[2], sys.argv[2:])
"""
"""What systemd does between its fork and its exec."""


class Door:
    """A door started as a service. said: by datagram to its manager, as (pid, lines)."""

    def __init__(self, folder: Path, listen: str) -> None:
        self.file = folder / "porch.toml"
        self.file.write_text(CONFIG.format(listen=listen), encoding="utf-8")
        self._errors = folder / "errors"
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.manager.settimeout(PATIENCE)
        self.manager.bind(f"\0{folder}")
        self.environ = os.environ | {
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "XDG_RUNTIME_DIR": str(folder),
            "NOTIFY_SOCKET": f"@{folder}",
            "WATCHDOG_USEC": "2000000",
        }
        self.command = [sys.executable, "-m", "porch", "run", str(self.file)]
        self.said: list[tuple[int, list[str]]] = []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    @property
    def errors(self) -> str:
        return self._errors.read_text(encoding="utf-8")

    def start(self, *before: str, pass_on: int | None = None) -> None:
        """before: the command that starts the door's."""
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                [*before, *self.command],
                env=self.environ,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=() if pass_on is None else (pass_on,),
            )

    def start_with(self, listening: socket.socket) -> None:
        """As systemd does with a socket of a .socket unit."""
        number = listening.fileno()
        self.start(sys.executable, "-c", PASS_ON, str(number), pass_on=number)

    def wait_for(self, line: str) -> list[str]:
        """The lines of the next message with `line`, passing over others."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                data, extra, *_ = self.manager.recvmsg(4096, socket.CMSG_SPACE(12))
                pid, _, _ = struct.unpack("3i", extra[0][2])
                self.said.append((pid, data.decode().split("\n")))
                if line in self.said[-1][1]:
                    return self.said[-1][1]
        raise AssertionError(f"{line} was not said; {self.said}; {self.errors}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[[str], Door]]:
    """Makes a door that listens as `service(listen)` says; not started yet."""
    doors: list[Door] = []

    def make(listen: str) -> Door:
        doors.append(Door(tmp_path, listen))
        return doors[-1]

    yield make
    for each in doors:
        each.manager.close()
        with contextlib.suppress(AssertionError):
            each.process.kill()
            each.process.wait(PATIENCE)


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket as a .socket unit holds it, through all starts and stops of the service."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def spelled(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"{host}:{port}"


def answer(connection: socket.socket) -> bytes:
    """The first line of all that comes until the end."""
    connection.settimeout(PATIENCE)
    data = b""
    while more := connection.recv(4096):
        data += more
    return data.partition(b"\r\n")[0]


def get(address: tuple[str, int] | str) -> bytes:
    with socket.socket(
        socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    ) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(address)
        connection.sendall(GET)
        return answer(connection)


def test_the_service_manager_hears_of_each_turn_from_the_supervisor_alone(
    service: Callable[[str], Door],
) -> None:
    door = service("127.0.0.1:0")
    door.start()
    assert any(line.startswith("STATUS=") for line in door.wait_for("READY=1"))
    door.wait_for("WATCHDOG=1")
    door.process.send_signal(signal.SIGHUP)
    reloading = door.wait_for("RELOADING=1")
    assert any(line.startswith("MONOTONIC_USEC=") for line in reloading)
    door.wait_for("READY=1")
    door.file.write_text("nonsense")
    door.process.send_signal(signal.SIGHUP)
    door.wait_for("RELOADING=1")
    door.wait_for("READY=1")
    door.process.send_signal(signal.SIGTERM)
    door.wait_for("STOPPING=1")
    assert door.stop() == 0
    assert {pid for pid, _ in door.said} == {door.process.pid}


def test_clients_wait_in_a_passed_socket_while_no_door_runs(
    service: Callable[[str], Door], listening: socket.socket
) -> None:
    door = service(spelled(listening))
    with socket.create_connection(listening.getsockname()) as early:
        early.sendall(GET)
        door.start_with(listening)
        assert answer(early) == b"HTTP/1.1 204 No Content"
    door.wait_for("READY=1")
    assert door.stop() == 0
    with socket.create_connection(listening.getsockname()) as between:
        between.sendall(GET)
        door.start_with(listening)
        assert answer(between) == b"HTTP/1.1 204 No Content"
    assert door.stop() == 0
    assert "warning" not in door.errors


def test_a_passed_socket_outlives_a_reload(
    service: Callable[[str], Door], listening: socket.socket
) -> None:
    door = service(spelled(listening))
    door.start_with(listening)
    door.wait_for("READY=1")
    door.process.send_signal(signal.SIGHUP)
    door.wait_for("RELOADING=1")
    door.wait_for("READY=1")
    assert get(listening.getsockname()) == b"HTTP/1.1 204 No Content"
    assert door.stop() == 0


def test_a_passed_socket_that_nothing_asks_for_is_named(
    service: Callable[[str], Door], listening: socket.socket
) -> None:
    door = service("127.0.0.1:0")
    door.start_with(listening)
    door.wait_for("READY=1")
    assert f"passes {spelled(listening)}, which no entry of listen asks for" in door.errors
    assert door.stop() == 0


def test_a_passed_socket_outlives_an_upgrade_and_its_file_is_not_removed(
    service: Callable[[str], Door], tmp_path: Path
) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind(str(path))
        passed.listen()
        door = service(f"unix:{path}")
        door.start_with(passed)
        door.wait_for("READY=1")
        pid = door.process.pid
        door.process.send_signal(signal.SIGUSR2)
        door.wait_for("RELOADING=1")
        door.wait_for("READY=1")
        assert door.process.pid == pid
        assert get(str(path)) == b"HTTP/1.1 204 No Content"
        assert door.stop() == 0
    assert path.exists()


@pytest.mark.system
def test_systemd_itself_passes_a_socket_on_the_first_connection(
    service: Callable[[str], Door], listening: socket.socket
) -> None:
    address = listening.getsockname()
    listening.close()  # systemd's own tool binds it
    door = service(f"{address[0]}:{address[1]}")
    names = ("PYTHONPATH", "XDG_RUNTIME_DIR", "NOTIFY_SOCKET")
    keep = [word for name in names for word in ("-E", name)]
    door.start("systemd-socket-activate", "-l", f"{address[0]}:{address[1]}", *keep)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(ConnectionRefusedError):
            assert get(address) == b"HTTP/1.1 204 No Content"
            break
    door.wait_for("READY=1")
    assert door.stop() == 0


@pytest.mark.system
def test_a_door_serves_reloads_and_stops_as_the_unit_confines_it(
    service: Callable[[str], Door], listening: socket.socket
) -> None:
    address = listening.getsockname()
    listening.close()
    door = service(f"{address[0]}:{address[1]}")
    unit = str(ROOT / "packaging" / "porch.service")
    door.start(sys.executable, "-m", "tests.support.confined", unit)
    door.wait_for("READY=1")
    assert get(address) == b"HTTP/1.1 204 No Content"
    door.process.send_signal(signal.SIGHUP)
    door.wait_for("RELOADING=1")
    door.wait_for("READY=1")
    assert get(address) == b"HTTP/1.1 204 No Content"
    assert door.stop() == 0
    assert "Traceback" not in door.errors
