"""What an operator and a system do to a door: status, signals, log rotation, process 1."""

import json
import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Door, children, clients_of, is_ended
from tests.support.echo import EchoOrigin
from tests.support.load import Load

TWO = "log = false\nworkers = 2\n"
NOBODY = '[routes]\n"*" = "respond:204"\n'
ROUTE = '[routes]\n"*" = "127.0.0.1:{port}"\n'
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


def _status(door: Door) -> dict:
    ran = door.porch("status", "--json")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


# --- status and stop ------------------------------------------------------------------------------


def test_status_tells_all_that_runs(door):
    with EchoOrigin() as origin:
        config = (
            '{0}[pool.api]\nservers = ["127.0.0.1:{1}", "127.0.0.1:1"]\n[routes]\n"*" = "api"\n'
        )
        started = door(config.format(TWO, origin.port))
        with Load(started.port, callers=10, rate=200, idle=7) as load:
            load.answers(50)
            found = _status(started)
            load.finish()
    assert found["version"]
    assert found["pid"] == started.process.pid
    assert found["since"].startswith("20")
    assert found["configuration"]["file"] == str(started.file)
    assert re.fullmatch("[0-9a-f]{12,64}", found["configuration"]["hash"])
    assert found["configuration"]["loaded"].startswith("20")
    assert [each.rpartition(":")[2] for each in found["listening"]] == [str(started.port)]
    workers = found["workers"]
    assert len({each["pid"] for each in workers}) == 2
    assert sum(each["connections"] for each in workers) == 17
    assert sum(each["requests"] for each in workers) >= 50
    for each in workers:
        assert each["state"] == "serving"
        assert each["cpu_seconds"] >= 0
        assert each["memory"] > 1_000_000
        assert each["running"] >= 0
    good, refusing = found["upstreams"]
    assert (good["pool"], good["endpoint"]) == ("[pool.api]", f"127.0.0.1:{origin.port}")
    assert (good["state"], good["requests"] >= 40) == ("up", True)
    assert refusing["endpoint"] == "127.0.0.1:1"
    assert re.fullmatch(r"out since \S+: connection_refused", refusing["state"])


def test_status_for_a_person_is_short_and_has_no_braces(door):
    started = door(TWO + NOBODY)
    ran = started.porch("status")
    assert ran.returncode == 0
    assert str(started.port) in ran.stdout
    for pid in (started.process.pid, *started.workers):
        assert str(pid) in ran.stdout
    assert "{" not in ran.stdout


def test_only_the_owner_may_open_the_control_socket(door):
    started = door(TWO + NOBODY)
    (path,) = (started.folder / "porch").glob("*.sock")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_stop_ends_everything_and_removes_the_socket(door):
    started = door(TWO + NOBODY)
    workers = started.workers
    assert started.porch("stop").returncode == 0
    assert started.process.wait(10) == 0
    assert all(is_ended(pid) for pid in workers)
    assert list((started.folder / "porch").glob("*.sock")) == []
    ran = started.porch("status")
    assert ran.returncode == 1
    assert "no door runs" in ran.stderr


# --- signals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_lets_finish_and_a_second_ends_at_once(door, number):
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port))
        workers = started.workers
        with started.connect() as busy:
            busy.sendall(GET.replace(b"GET / ", b"GET /ms/60000 "))
            started.wait_until(lambda: origin.asked == 1, "the request")
            started.process.send_signal(number)
            started.wait_until(lambda: len(started.workers) < 2, "the end of the idle worker")
            assert started.process.poll() is None
            began = time.monotonic()
            started.process.send_signal(number)
            assert started.process.wait(10) == 0
            assert time.monotonic() - began < 2
    assert all(is_ended(pid) for pid in workers)


def test_ctrl_c_reaches_the_whole_group_and_still_lets_finish(door):
    """A terminal sends SIGINT to every process of the group, the workers too."""
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port), prepare=os.setsid)
        with started.connect() as busy:
            busy.sendall(GET.replace(b"GET / ", b"GET /ms/700 "))
            started.wait_until(lambda: origin.asked == 1, "the request")
            os.killpg(started.process.pid, signal.SIGINT)
            assert busy.recv(4096).startswith(b"HTTP/1.1 200 OK")
        assert started.process.wait(10) == 0
        assert "Traceback" not in started.errors


def test_sighup_loads_again(door):
    started = door(TWO + NOBODY)
    started.write(TWO + '[routes]\n"*" = "respond:418"\n')
    started.process.send_signal(signal.SIGHUP)
    started.wait_until(lambda: "loaded again" in started.errors, "the reload")
    with started.connect() as connection:
        connection.sendall(GET)
        assert connection.recv(4096).startswith(b"HTTP/1.1 418 ")


def test_sigusr1_opens_moved_log_files_anew_and_loses_no_line(door):
    with EchoOrigin() as origin:
        started = door('workers = 2\nlog = "file:access.log"\n' + ROUTE.format(port=origin.port))
        log = started.folder / "access.log"
        with Load(started.port, callers=20, rate=400) as load:
            for number in range(3):
                load.answers(50)
                log.rename(log.with_suffix(f".{number}"))
                started.process.send_signal(signal.SIGUSR1)
                started.wait_until(lambda: log.exists() and log.stat().st_size, "a new file")
            load.answers(50)
            tally = load.finish()
        assert tally.harm == []
        assert started.stop() == 0
    files = [log, *(log.with_suffix(f".{number}") for number in range(3))]
    lines = [len(each.read_text(encoding="utf-8").splitlines()) for each in files]
    assert sum(lines) == tally.answered
    assert all(lines)


def test_long_log_files_are_moved_away_and_no_line_of_any_worker_is_lost(door):
    log = '{ to = "file:access.log", rotate = { size = "100KB", keep = 100 } }'
    with EchoOrigin() as origin:
        started = door(f"workers = 2\nlog = {log}\n" + ROUTE.format(port=origin.port))
        file = started.folder / "access.log"
        with Load(started.port, callers=20, rate=600) as load:
            started.wait_until(lambda: file.with_name("access.log.2").exists(), "a second file")
            tally = load.finish()
        assert tally.harm == []
        assert started.stop() == 0
    files = [*started.folder.glob("access.log*")]
    lines = [len(each.read_text(encoding="utf-8").splitlines()) for each in files]
    assert sum(lines) == tally.answered
    assert len(files) >= 3


def test_descriptors_are_raised_to_the_hard_limit(door):
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    started = door(TWO + NOBODY, prepare=few)
    for pid in (started.process.pid, *started.workers):
        assert resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] == hard


# --- processes ------------------------------------------------------------------------------------


def test_as_process_1_it_reaps_orphans_and_obeys_signals(door):
    within = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    started = door(TWO + NOBODY, within=within)
    (first,) = children(started.process.pid)
    for _ in range(5):
        orphan = ["nsenter", "-t", str(first), "-p", "sh", "-c", "sleep 0.05 & exit 0"]
        subprocess.run(orphan, check=True, timeout=10)
    started.wait_until(lambda: _zombies(first) == 0 and len(_all_children(first)) == 2, "reaping")
    os.kill(first, signal.SIGHUP)
    started.wait_until(lambda: "loaded again" in started.errors, "the reload")
    os.kill(first, signal.SIGTERM)
    assert started.process.wait(10) == 0


def _all_children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(each) for each in file.read().split()]


def _zombies(pid: int) -> int:
    return sum(is_ended(each) for each in _all_children(pid))


def test_there_is_no_process_but_the_supervisor_and_the_workers(door):
    started = door(TWO + NOBODY)
    assert len(started.workers) == 2
    assert [children(pid) for pid in started.workers] == [[], []]


def test_two_doors_do_not_disturb_each_other(door):
    with EchoOrigin() as origin:
        one, two = (door(TWO + ROUTE.format(port=origin.port)) for _ in range(2))
        with Load(two.port, callers=20, rate=300, idle=20) as load:
            one.write(TWO + NOBODY)
            assert one.reload() == ""
            assert one.porch("upgrade").returncode == 0
            assert one.porch("stop").returncode == 0
            assert one.process.wait(10) == 0
            load.answers(30)
            tally = load.finish()
        assert tally.harm == [], str(tally)
        assert _status(two)["pid"] == two.process.pid


def test_a_second_door_at_the_same_address_is_refused(door):
    first = door(TWO + NOBODY)
    text = f'listen = ["127.0.0.1:{first.port}"]\n{TWO}{NOBODY}'
    second = door(text, ready=False)
    assert second.process.wait(10) == 1
    assert f"127.0.0.1:{first.port} is in use by" in second.errors
    assert len(first.workers) == 2


def test_two_workers_share_two_thousand_connections_evenly(door):
    started = door(TWO + NOBODY)
    with Load(started.port, callers=0, idle=2000) as load:
        shares = [len(clients_of(pid, started.port)) for pid in started.workers]
        tally = load.finish()
    assert tally.idle == sum(shares) == 2000
    print(f"{shares[0]} and {shares[1]} of 2,000 connections")
    assert max(shares) <= 1100


# --- signals that come early ----------------------------------------------------------------------


def _holds_signals(pid: int) -> bool:
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return bool(int(re.findall(r"^SigBlk:\s*(\w+)", text, re.M)[0], 16) & 1)  # SIGHUP is bit 0


def test_signals_before_it_serves_wait_until_it_does(door):
    started = door(TWO + NOBODY, ready=False)
    started.wait_until(lambda: _holds_signals(started.process.pid), "the first step")
    for number in (signal.SIGHUP, signal.SIGUSR1):
        started.process.send_signal(number)
    assert "listening" not in started.errors
    started.wait_ready()
    started.wait_until(lambda: "loaded again" in started.errors, "the reload")
    assert started.stop() == 0


def test_an_order_to_end_before_it_serves_ends_it_in_peace(door):
    started = door(TWO + NOBODY, ready=False)
    started.wait_until(lambda: _holds_signals(started.process.pid), "the first step")
    started.process.send_signal(signal.SIGTERM)
    assert started.process.wait(20) == 0
    assert "Traceback" not in started.errors
