"""A real supervisor as a process; what it does under load and on signals is in tests/e2e."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from porch.manage.control.client import ask

ROOT = Path(__file__).parent.parent.parent
GOOD = (
    'listen = ["127.0.0.1:0"]\nworkers = 2\nlog = false\ngrace = "1s"\n'
    '[routes]\n"*" = "respond:204"\n'
)


class Door:
    def __init__(self, folder: Path, text: str) -> None:
        self.file = folder / "porch.toml"
        self.file.write_text(text)
        self.err = folder / "err"
        with self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "porch", "run", str(self.file)],
                stderr=err,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
            )

    def wait(self, word: str) -> None:
        until = time.monotonic() + 15
        while word not in self.err.read_text():
            assert time.monotonic() < until, self.err.read_text()
            time.sleep(0.01)

    def ask(self, word: str) -> dict[str, Any]:
        return dict(ask(self.file, word))


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    doors: list[Door] = []

    def start(text: str = GOOD) -> Door:
        doors.append(Door(tmp_path, text))
        doors[-1].wait("serving")
        return doors[-1]

    yield start
    for each in doors:
        each.process.send_signal(signal.SIGTERM)
        try:
            each.process.wait(10)
        except subprocess.TimeoutExpired:
            each.process.kill()
            each.process.wait()


def test_status_has_every_fact_and_is_json(door: Any) -> None:
    found = door().ask("status")
    json.dumps(found)
    assert {each["state"] for each in found["workers"]} == {"serving"}
    assert len(found["workers"]) == 2
    assert found["configuration"]["routes"] == 1
    assert len(found["configuration"]["hash"]) == 12
    assert all(each["memory"] > 0 for each in found["workers"])


def test_a_reload_and_a_way_back(door: Any) -> None:
    started = door()
    first = started.ask("status")["configuration"]["hash"]
    started.file.write_text(GOOD.replace("204", "503"))
    assert "route *: to was respond:204" in started.ask("diff")["changes"][0]
    assert started.ask("reload")["loaded"] == "1 route"
    assert started.ask("status")["configuration"]["hash"] != first
    started.ask("rollback")
    assert started.ask("status")["configuration"]["hash"] == first
    assert "no earlier configuration" in started.ask("rollback")["error"]


def test_a_bad_file_changes_nothing_and_says_what_check_says(door: Any) -> None:
    started = door()
    before = started.ask("status")["configuration"]
    started.file.write_text(GOOD + "[routs]\n")
    assert "unknown option 'routs'" in started.ask("reload")["error"]
    assert started.ask("status")["configuration"] == before | {"refused": True}


def test_workers_can_be_more_and_fewer(door: Any) -> None:
    started = door()
    for count in (4, 1, 2):
        started.file.write_text(GOOD.replace("workers = 2", f"workers = {count}"))
        assert started.ask("reload")["workers"] == count
    until = time.monotonic() + 10
    while len(started.ask("status")["workers"]) != 2:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_storm_of_sighup_ends_with_the_file_of_now(door: Any) -> None:
    started = door()
    for number in range(30):
        started.file.write_text(GOOD.replace("*", f"h{number}.test"))
        started.process.send_signal(signal.SIGHUP)
    assert started.ask("reload")["loaded"] == "1 route"
    assert len(started.ask("status")["workers"]) == 2


def test_it_ends_with_0_and_leaves_no_socket(door: Any, tmp_path: Path) -> None:
    started = door()
    assert "stopping" in started.ask("stop")
    assert started.process.wait(10) == 0
    assert not [*(tmp_path / "porch").glob("*.sock")]


def test_a_worker_that_cannot_start_ends_the_door_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "porch.toml"
    file.write_text(GOOD.replace("workers = 2", "workers = 1"))  # a second would say it again
    program = (
        "import sys\n"
        "from porch.manage import process\n"
        "def fail(*_): raise ValueError('no worker today')\n"
        "process.Worker = fail\n"
        "from porch.cli.run import run_file\n"
        "from pathlib import Path\n"
        f"sys.exit(run_file(Path({str(file)!r})))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert ran.returncode == 1
    assert ran.stderr.count("a worker cannot start: no worker today") == 1


def test_all_that_changes_it_is_in_the_audit_whoever_did_it(door: Any) -> None:
    started = door()
    started.ask("reload")
    started.file.write_text("routes = 7\n")
    assert "error" in started.ask("reload")
    started.file.write_text(GOOD + '"a.test" = "respond:200"\n')
    started.process.send_signal(signal.SIGHUP)
    started.wait("loaded again: 2 routes")
    entries = started.ask("audit")["entries"]
    assert [(each["what"], each["outcome"]) for each in entries] == [
        ("start", "done"),
        ("reload", "done"),
        ("reload", "refused"),
        ("reload", "done"),
    ]
    start, _, refused, last = entries
    assert f"process {started.process.pid}" in start["who"]
    assert f"process {os.getpid()}" in refused["who"]
    assert "routes" in refused["error"]
    assert last["who"] == "signal SIGHUP"
    assert last["before"]["configuration"] != last["after"]["configuration"]
    file = Path(started.ask("status")["audit"]["file"])
    assert [json.loads(each)["outcome"] for each in file.read_text().splitlines()] == [
        "done",
        *("begun", "done"),
        *("begun", "refused"),
        *("begun", "done"),
    ]
    started.process.send_signal(signal.SIGTERM)
    started.process.wait(10)
    assert '"who": "signal SIGTERM"' in file.read_text().splitlines()[-1]


def test_a_drain_that_waits_is_written_down_before_anybody_can_kill_the_door(door: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as origin:  # takes requests and answers none
        port = origin.getsockname()[1]
        started = door(GOOD.replace('"respond:204"', f'"127.0.0.1:{port}"'))
        status = started.ask("status")
        file = Path(status["audit"]["file"])
        address = status["listening"][0].rpartition(":")[2]
        words = {"endpoint": f"127.0.0.1:{port}", "wait": 60}
        with socket.create_connection(("127.0.0.1", int(address))) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            taken, _ = origin.accept()
            with taken, ThreadPoolExecutor() as pool:
                drained = pool.submit(ask, started.file, "drain", words)
                until = time.monotonic() + 10
                while not started.ask("orders")["orders"]:
                    assert time.monotonic() < until
                os.kill(started.process.pid, signal.SIGKILL)
                with pytest.raises(OSError, match="the door ended before it answered"):
                    drained.result()
    last = json.loads(file.read_text().splitlines()[-1])
    assert (last["what"], last["outcome"], last["words"]) == ("drain", "begun", words)


def test_a_worker_that_hangs_is_named_by_a_change_until_it_goes_on(door: Any) -> None:
    started = door(GOOD.replace('"respond:204"', '"127.0.0.1:1"'))
    pid = started.ask("status")["workers"][0]["pid"]
    words = {"endpoint": "127.0.0.1:1"}
    os.kill(pid, signal.SIGSTOP)
    try:
        answer = ask(started.file, "drain", words)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (answer["pending"], answer["drained"]) == ([pid], ["*/127.0.0.1:1"])
    assert "pending" not in ask(started.file, "undrain", words)
