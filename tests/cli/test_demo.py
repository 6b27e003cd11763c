"""The demo without its backends. The whole of it runs in e2e."""

import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from porch.cli import demo as module
from porch.cli import run
from porch.cli.demo import CONFIGURATION, demo
from porch.config.check import check
from porch.config.load import load

SLEEP = [sys.executable, "-S", "-E", "-c", "import sys; sys.stdin.read()"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list["subprocess.Popen[bytes]"]:
    """The backends that were started: processes that do nothing until their stdin closes."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(words: list[str]) -> "subprocess.Popen[bytes]":
        processes.append(subprocess.Popen(SLEEP, stdin=subprocess.PIPE, start_new_session=True))
        return processes[-1]

    monkeypatch.setattr(module, "_start", start)
    return processes


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every backend counts as up."""
    monkeypatch.setattr(module, "_wait_until_up", lambda ports, processes: None)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files of doors that were run; each is ready and ends at once."""
    files: list[Path] = []

    def run_file(file: Path, *, ready: Callable[[], None]) -> int:
        files.append(file)
        assert check(load(file)).failed is False
        ready()
        return 0

    monkeypatch.setattr(run, "run_file", run_file)
    return files


def test_the_first_address_printed_is_the_doors_own(
    started: Any, up: None, served: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo() == 0
    out = capsys.readouterr().out
    first = out.splitlines()[0]
    assert first.startswith("door      http://127.0.0.1:")
    assert first.endswith("/")
    door = first.removeprefix("door      ").rstrip("/")
    for try_it in ("/api/hello", "/porch.svg", "/events", "/api/upload"):
        assert f"{door}{try_it}" in out


def test_whatever_ends_it_ends_its_backends_and_removes_its_folder(
    started: list["subprocess.Popen[bytes]"],
    up: None,
    served: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert demo() == 0
    assert len(started) == 4
    assert all(each.poll() is not None for each in started)
    assert not served[0].parent.exists()

    def fail(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run_file", fail)
    with pytest.raises(KeyboardInterrupt):
        demo()
    assert all(each.poll() is not None for each in started)


def test_sigterm_ends_it_while_the_backends_start(
    started: list["subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def wait(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(module, "_wait_until_up", wait)
    with pytest.raises(SystemExit) as caught:
        demo()
    assert caught.value.code == 128 + signal.SIGTERM
    assert all(each.poll() is not None for each in started)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_backend_that_ignores_the_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    process = subprocess.Popen(SLEEP, stdin=subprocess.PIPE)
    waited: list[float | None] = []
    really_wait = process.wait

    def wait(timeout: float | None = None) -> int:
        waited.append(timeout)
        if timeout is not None:
            raise subprocess.TimeoutExpired("backend", timeout)
        return really_wait()

    monkeypatch.setattr(process, "wait", wait)
    module._end(process)
    assert waited == [5, None]
    assert process.returncode == -signal.SIGKILL


def test_a_missing_package_is_named_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert demo() == 1
    assert capsys.readouterr().err == "porch demo needs uvicorn: pip install 'porch[demo]'\n"


def test_the_configuration_routes_by_host_and_path(tmp_path: Path) -> None:
    file = tmp_path / "porch.toml"
    ports = {"door": 1, "api1": 2, "api2": 3, "images": 4, "live": 5}
    file.write_text(
        CONFIGURATION.format(**ports)
        + '[[expect]]\nget = "http://127.0.0.1:1/api/hello"\n'
        + 'sends = "http://127.0.0.1:2/api/hello | http://127.0.0.1:3/api/hello"\n'
        + '[[expect]]\nget = "http://images.localhost/porch.svg"\n'
        + 'sends = "http://127.0.0.1:4/porch.svg"\n'
        + '[[expect]]\nget = "http://127.0.0.1:1/"\nsends = "http://127.0.0.1:5/"\n'
        + '[[expect]]\nget = "http://127.0.0.1:1/api/%2e%2e/"\nstatus = 400\n'
    )
    report = check(load(file))
    assert not report.failed, report.text


# --- the parts -------------------------------------------------------------------------------


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    started = subprocess.Popen(SLEEP, stdin=subprocess.PIPE)
    yield started
    assert started.stdin is not None
    started.stdin.close()
    started.wait()


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_backends_are_waited_for_until_they_accept(process: "subprocess.Popen[bytes]") -> None:
    with listening() as one, listening() as two:
        module._wait_until_up([each.getsockname()[1] for each in (one, two)], [process])


def test_a_backend_that_ends_at_once_is_said(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    with pytest.raises(SystemExit, match="a backend of the demo ended at once"):
        module._wait_until_up([1], [process])


def test_backends_are_not_waited_for_without_end(
    process: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    with pytest.raises(SystemExit, match="the backends did not start within 0 s"):
        module._wait_until_up([module._free_ports(1)[0]], [process])


def test_free_ports_differ_and_are_free() -> None:
    ports = module._free_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_the_pictures_are_pictures(tmp_path: Path) -> None:
    module._draw(tmp_path)
    assert (tmp_path / "porch.svg").read_text().startswith("<svg ")
    bitmap = (tmp_path / "colours.png").read_bytes()
    assert bitmap.startswith(b"\x89PNG\r\n\x1a\n")
    start = bitmap.index(b"IDAT") + 4
    assert len(zlib.decompress(bitmap[start:-16])) == 64 * (64 * 3 + 1)
