"""`porch upgrade`: the same process goes on with other code, and nobody at the door notices."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import cast

import pytest

from tests.e2e.conftest import SOURCE, Door, is_ended
from tests.support.echo import EchoOrigin
from tests.support.load import Load

TWO = "log = false\nworkers = 2\n"
ROUTE = '[routes]\n"*" = "127.0.0.1:{port}"\n'
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


WORKER_FAILS = (
    (SOURCE / "porch/manage/worker.py")
    .read_text(encoding="utf-8")
    .replace('self._send("ready")', 'raise TypeError("not in this version")')
)
SUPERVISOR_FAILS = (
    (SOURCE / "porch/manage/supervisor.py")
    .read_text(encoding="utf-8")
    .replace("self.since = clock.wall()", 'raise TypeError("not in this version")')
)


def _upgrade(door: Door) -> None:
    """Upgrade, and be sure that others serve now."""
    before = set(door.workers)
    ran = door.porch("upgrade")
    assert ran.returncode == 0, ran.stderr + door.errors
    now = set(door.workers) - before
    assert len(now) == 2, f"{door.workers}, before {before}"
    assert door.process.poll() is None


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package, which may be changed under a running door."""
    shutil.copytree(SOURCE, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


@pytest.mark.parametrize(
    "upgrades", [3, pytest.param(20, marks=[pytest.mark.soak, pytest.mark.timeout(300)])]
)
def test_upgrades_under_load_fail_no_request(door, upgrades):
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port))
        first = started.workers
        with Load(started.port, callers=40, rate=600, idle=40) as load:
            for _ in range(upgrades):
                _upgrade(started)
                load.answers(50)
            tally = load.finish()
        assert tally.failed == [], str(tally)
        assert all(is_ended(pid) or pid in started.workers for pid in first)
        print(tally)
        assert started.stop() == 0


def test_the_processes_of_before_are_gone_when_their_clients_are(door):
    with EchoOrigin() as origin:
        started = door(TWO + 'grace = "2s"\n' + ROUTE.format(port=origin.port))
        before = started.workers
        with Load(started.port, callers=10, rate=200, idle=10) as load:
            for _ in range(3):
                _upgrade(started)
            load.answers(20)
            assert load.finish().failed == []
        started.wait_until(lambda: len(started.workers) == 2, "the end of the old workers")
        assert all(is_ended(pid) for pid in before)


def test_a_long_exchange_ends_in_the_worker_that_began_it(door):
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port))
        with started.connect() as busy:
            busy.sendall(GET.replace(b"GET / ", b"GET /held "))
            started.wait_until(lambda: origin.asked == 1, "the request")
            _upgrade(started)
            status = started.ask("status")
            (endpoint,) = cast("list[dict[str, object]]", status["upstreams"])
            assert (endpoint["running"], endpoint["requests"]) == (1, 1)
            workers = cast("list[dict[str, object]]", status["workers"])
            found = [(each["state"], each["connections"], each["running"]) for each in workers]
            assert ("leaving", 1, 1) in found
            origin.release()
            assert busy.recv(4096).startswith(b"HTTP/1.1 200 OK")
        started.wait_until(lambda: len(started.workers) == 2, "the end of the old workers")
        (endpoint,) = cast("list[dict[str, object]]", started.ask("status")["upstreams"])
        assert (endpoint["running"], endpoint["requests"]) == (0, 1)


def test_tunnels_live_for_grace_and_are_told_to_leave(door):
    with EchoOrigin() as origin:
        started = door(TWO + 'grace = "3s"\n' + ROUTE.format(port=origin.port))
        with Load(started.port, callers=0, sockets=10, every=0.1) as load:
            began = time.monotonic()
            _upgrade(started)
            time.sleep(max(0.0, began + 2.2 - time.monotonic()))
            assert load.tally.lost == []
            load.wait(lambda tally: len(tally.lost) == 10)
            took = time.monotonic() - began
            tally = load.finish()
    assert took > 2.5
    assert {loss.what for loss in tally.lost} == {"close 1012"}, str(tally)


def test_sigusr2_upgrades_too(door):
    started = door(TWO + '[routes]\n"*" = "respond:204"\n')
    before = started.workers
    started.process.send_signal(signal.SIGUSR2)
    started.wait_until(lambda: "upgraded to" in started.errors, "the upgrade")
    started.wait_until(lambda: not {*before} & {*started.workers}, "the end of the old workers")
    assert _statuses(started) == {b"204"}


def test_the_new_code_serves_under_the_same_process_id(door, copy):
    started = door(TWO + '[routes]\n"*" = "respond:404"\n', environ={"PYTHONPATH": str(copy)})
    pid = started.ask("status")["pid"]
    version = copy / "porch" / "version.py"
    version.write_text('def installed_version() -> str:\n    return "77.7"\n', encoding="utf-8")
    _upgrade(started)
    now = started.ask("status")
    assert (now["pid"], now["version"]) == (pid, "77.7")


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("listen/door.py", "def broken(:\n", "SyntaxError"),
        ("listen/door.py", "import a_module_that_is_missing\n", "a_module_that_is_missing"),
        ("config/schema.py", "raise SystemExit(3)\n", "3"),
        ("manage/worker.py", WORKER_FAILS, "TypeError: not in this version"),
        ("manage/supervisor.py", SUPERVISOR_FAILS, "not in this version"),
    ],
    ids=["syntax", "import", "ends", "worker", "supervisor"],
)
def test_an_upgrade_that_cannot_start_leaves_the_old_in_service(door, copy, file, text, words):
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port), environ={"PYTHONPATH": str(copy)})
        workers = started.workers
        with Load(started.port, callers=20, rate=200, idle=20) as load:
            (copy / "porch" / file).write_text(text, encoding="utf-8")
            ran = started.porch("upgrade")
            assert ran.returncode == 1
            assert words in ran.stderr
            load.answers(50)
            tally = load.finish()
        assert tally.harm == [], str(tally)
        assert started.workers == workers


def test_an_upgrade_with_a_file_that_no_longer_passes_leaves_the_old_in_service(door):
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port))
        workers = started.workers
        with Load(started.port, callers=20, rate=200, idle=20) as load:
            started.write("[rutes]\n")
            ran = started.porch("upgrade")
            load.answers(50)
            tally = load.finish()
        assert ran.returncode == 1
        assert "did you mean 'routes'?" in ran.stderr
        assert tally.harm == [], str(tally)
        assert started.workers == workers


def test_a_reload_and_a_rollback_work_behind_an_upgrade(door):
    started = door(TWO + '[routes]\n"*" = "respond:404"\n')
    started.write(TWO + '[routes]\n"*" = "respond:410"\n')
    assert started.reload() == ""
    _upgrade(started)
    started.write(TWO + '[routes]\n"*" = "respond:418"\n')
    assert started.reload() == ""
    assert _statuses(started) == {b"418"}
    for status in (b"410", b"404"):
        assert "error" not in started.ask("rollback")
        assert _statuses(started) == {status}


def _statuses(door: Door) -> set[bytes]:
    found = set()
    for _ in range(40):
        with door.connect() as connection:
            connection.sendall(GET)
            found.add(connection.recv(4096).split(b" ")[1])
    return found


def test_what_runs_needs_no_file_of_a_version_that_was_replaced(door, copy):
    """`pip install` and `porch upgrade` are two steps: between them the old version is in memory
    alone, whatever it is asked to do."""
    with EchoOrigin() as origin:
        text = TWO + ROUTE.format(port=origin.port)
        started = door(text, environ={"PYTHONPATH": str(copy)})
        for file in (copy / "porch").rglob("*.py"):
            file.write_text("raise SystemError('a file of another version')\n", encoding="utf-8")
        shutil.rmtree(copy / "porch" / "__pycache__", ignore_errors=True)
        started.write(text + '"b.test" = "respond:503"\n"c.test" = ":1"\n')
        assert "changes" in started.ask("diff")
        assert started.reload() == ""
        started.write("helth = 1\n" + text)
        assert "helth" in started.reload()
        with Load(started.port, callers=5, rate=100, sockets=2, every=0.2) as load:
            load.answers(20)
            first = started.workers[0]
            os.kill(first, signal.SIGKILL)
            started.wait_until(lambda: {*started.workers} - {first} and _serve(started), "two")
            assert {_status(started, b"c.test"), _status(started, b"b.test")} == {b"502", b"503"}
            assert _status(started, b"a.test") == b"200"
        assert "loaded" in started.ask("rollback")
        assert "version" in started.ask("status")
        assert started.stop() == 0
        assert "SystemError" not in started.errors
        assert "Traceback" not in started.errors


def _serve(door: Door) -> bool:
    workers = cast("list[dict[str, str]]", door.ask("status")["workers"])
    return [each["state"] for each in workers] == ["serving", "serving"]


def _status(door: Door, host: bytes) -> bytes:
    with door.connect() as connection:
        connection.sendall(GET.replace(b"a.test", host))
        return connection.recv(4096).split(b" ")[1]
