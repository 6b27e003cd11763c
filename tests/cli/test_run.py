"""Starting a door in this very process: each step that can fail, and what is said."""

import gc
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch.cli.run import run_file, run_loaded
from porch.config.load import load_mapping
from porch.manage.control import server
from porch.manage.control.client import socket_path

pytestmark = pytest.mark.usefixtures("runtime")

ROUTE = '[routes]\n"*" = "respond:204"\n'


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Serving tunes the collector for the life of the process; here that goes on."""
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every door stops as soon as it serves and has said so."""
    from porch.manage.supervisor import Supervisor

    announce = Supervisor._announce

    def announce_and_stop(door: Supervisor) -> None:
        announce(door)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Supervisor, "_announce", announce_and_stop)


def file(folder: Path, text: str) -> Path:
    found = folder / "porch.toml"
    found.write_text(text)
    return found


def test_a_door_says_where_it_listens_and_ends_with_0(
    stopped: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sock = tmp_path / "s"
    listen = f'listen = ["127.0.0.1:0", "unix:{sock}"]\nworkers = 2\n'
    config = file(tmp_path, f"{listen}log = false\n{ROUTE}")
    assert run_file(config) == 0
    first, second, *_, third = capfd.readouterr().err.splitlines()
    assert first.startswith("porch: listening on 127.0.0.1:")
    assert not first.endswith(":0")
    assert second == f"porch: listening on unix:{sock}"
    assert third == "porch: serving 1 route over plain HTTP with 2 workers; Ctrl-C stops"
    assert not sock.exists()
    assert not socket_path(config).exists()


def test_commands_reach_a_door_with_a_file(tmp_path: Path) -> None:
    config = file(tmp_path, f'listen = "127.0.0.1:0"\nlog = false\n{ROUTE}')
    found: list[bool] = []

    def ready() -> None:
        found.append(socket_path(config).is_socket())
        os.kill(os.getpid(), signal.SIGTERM)

    assert run_file(config, ready=ready) == 0
    assert found == [True]


def test_ready_stands_for_the_announcement(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = file(tmp_path, f'listen = "127.0.0.1:0"\nlog = false\n{ROUTE}')
    assert run_file(config, ready=lambda: os.kill(os.getpid(), signal.SIGTERM)) == 0
    assert capfd.readouterr() == ("", "")


def test_what_is_wrong_is_said_and_nothing_starts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_file(file(tmp_path, "lisen = 1\n" + ROUTE)) == 1
    err = capfd.readouterr().err
    assert "did you mean 'listen'?" in err
    assert "listening" not in err


def test_what_only_building_finds_is_said_too(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = file(tmp_path, f'listen = "https://127.0.0.1:0"\nlog = "file:x"\n{ROUTE}')
    descriptors = len(os.listdir("/proc/self/fd"))
    assert run_file(config) == 1
    assert "HTTPS needs a certificate" in capfd.readouterr().err
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_warnings_are_said_and_do_not_stop_it(
    stopped: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = f'listen = "127.0.0.1:0"\nlog = false\n{ROUTE}[site."b.test"]\n'
    assert run_file(file(tmp_path, text)) == 0
    err = capfd.readouterr().err
    assert 'no route is for the host "b.test"' in err
    assert "serving 1 route" in err


def test_a_log_that_cannot_be_opened_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = file(tmp_path, f'listen = "127.0.0.1:0"\nlog = "file:none/x"\n{ROUTE}')
    assert run_file(config) == 1
    assert capfd.readouterr().err == (f"porch: {tmp_path}/none/x: No such file or directory\n")


def test_an_address_in_use_is_said_and_nothing_stays_open(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config = file(tmp_path, f'listen = "{address}"\nlog = "file:x"\n{ROUTE}')
        descriptors = len(os.listdir("/proc/self/fd"))
        assert run_file(config) == 1
        assert len(os.listdir("/proc/self/fd")) == descriptors
    assert f"porch: {address} is in use by" in capfd.readouterr().err


def test_a_second_door_with_one_file_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SHORT_PATIENCE", 0.01)
    config = file(tmp_path, f'listen = "127.0.0.1:0"\nlog = false\n{ROUTE}')
    socket_path(config).parent.mkdir()
    with socket.socket(socket.AF_UNIX) as first:
        first.bind(str(socket_path(config)))
        first.listen()
        assert run_file(config) == 1
    assert capfd.readouterr().err == (
        "porch: a door already runs with this file; porch stop ends it\n"
    )


def test_a_door_without_a_control_socket_serves_and_says_so(
    stopped: None, tmp_path: Path, runtime: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (runtime / "porch").write_text("in the way")
    assert run_file(file(tmp_path, f'listen = "127.0.0.1:0"\nlog = false\n{ROUTE}')) == 0
    err = capfd.readouterr().err
    assert "porch: no control socket, so that no command reaches this door: " in err
    assert str(runtime / "porch") in err
    assert "serving 1 route" in err


def test_without_a_file_there_is_no_control_socket(runtime: Path) -> None:
    words = {"listen": "127.0.0.1:0", "log": False, "routes": {"*": "respond:204"}}
    found: list[list[Path]] = []

    def ready() -> None:
        found.append(list(runtime.iterdir()))
        os.kill(os.getpid(), signal.SIGTERM)

    assert run_loaded(lambda: load_mapping(words), ready=ready) == 0
    assert found == [[]]


def test_what_lives_as_long_as_the_process_is_kept_from_the_collector() -> None:
    words = {"listen": "127.0.0.1:0", "log": False, "routes": {"*": "respond:204"}}
    frozen: list[int] = []

    def ready() -> None:
        frozen.append(gc.get_freeze_count())
        os.kill(os.getpid(), signal.SIGTERM)

    assert run_loaded(lambda: load_mapping(words), ready=ready) == 0
    assert frozen[0] > 1000
