"""A crash costs what ran in the process that crashed, and nothing else."""

import contextlib
import os
import re
import resource
import selectors
import signal
import socket
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.conftest import PATIENCE, SOURCE, START, Door, clients_of, is_ended
from tests.support.echo import EchoOrigin
from tests.support.load import Load

TWO = "log = false\nworkers = 2\n"
ROUTE = '[routes]\n"*" = "127.0.0.1:{port}"\n'
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"

BLOCKING = """\
import signal, time

def waits_for_a_slow_database(*_):
    time.sleep(100)

signal.signal(signal.SIGRTMIN, waits_for_a_slow_database)
"""
"""A module that the interpreter imports at its start: a call that blocks, as user code might."""


def _answered(door: Door, times: int = 20) -> set[bytes]:
    """First lines of answers on new connections."""
    found = set()
    for _ in range(times):
        with door.connect() as connection:
            connection.sendall(GET)
            found.add(connection.recv(4096).split(b"\r\n")[0])
    return found


def _wait_replaced(door: Door, pids: set[int], count: int = 2) -> None:
    door.wait_until(
        lambda: len(door.workers) == count and not pids & {*door.workers}, "the replacement"
    )


def test_a_killed_worker_costs_its_own_exchanges_and_a_new_one_serves_within_a_second(door):
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port))
        with Load(started.port, callers=40, rate=800, idle=40, sockets=40, every=0.5) as load:
            load.answers(200)
            victim, other = started.workers
            its = clients_of(victim, started.port)
            others = clients_of(other, started.port)
            assert its & load.ports
            assert others & load.ports
            os.kill(victim, signal.SIGKILL)
            load.answers(800)
            tally = load.finish()
        assert {loss.port for loss in tally.harm} == its, str(tally)
        assert tally.percentile(1) < 1, str(tally)
        _wait_replaced(started, {victim})
        assert other in started.workers
    assert "worker was killed by SIGKILL" in started.errors


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_workers_killed_fifty_times_cost_their_own_exchanges(door):
    """Far enough apart that none dies soon after its start, which would make the door wait."""
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port))
        with Load(started.port, callers=40, rate=400) as load:
            lost: set[int] = set()
            for _ in range(50):
                load.answers(400 * 3)
                victim = min(started.workers, key=_start_of)
                lost |= clients_of(victim, started.port)
                os.kill(victim, signal.SIGKILL)
                _wait_replaced(started, {victim})
            tally = load.finish()
    assert {loss.port for loss in tally.harm} <= lost, str(tally)
    assert tally.percentile(1) < 1, str(tally)
    assert started.errors.count("soon after its start") <= 1, "the first"


def _start_of(pid: int) -> int:
    """When it was started: proc(5), the 22nd field of stat."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return int(text.rpartition(") ")[2].split()[19])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=lambda each: each.name)
def test_a_worker_that_dies_at_once_is_tried_ever_less_often_and_that_is_said_once(door, number):
    started = door("log = false\nworkers = 1\n" + '[routes]\n"*" = "respond:204"\n')
    killed: set[int] = set()
    until = time.monotonic() + 3
    while time.monotonic() < until:
        for pid in set(started.workers) - killed:
            os.kill(pid, number)
            killed.add(pid)
        time.sleep(0.002)
    assert 3 <= len(killed) <= 7, f"{len(killed)} in 3 s"
    assert started.errors.count("soon after its start") == 1
    assert f"was killed by {number.name}" in started.errors
    assert _answered(started, 3) == {b"HTTP/1.1 204 No Content"}
    assert started.process.poll() is None


def test_workers_that_hang_are_named_with_their_stack_and_replaced(door, tmp_path):
    """One in a blocking call, and one that is stopped, which cannot even tell its stack."""
    (tmp_path / "sitecustomize.py").write_text(BLOCKING, encoding="utf-8")
    path = f"{tmp_path}{os.pathsep}{SOURCE}"
    three = "log = false\nworkers = 3\n"
    with EchoOrigin() as origin:
        started = door(three + ROUTE.format(port=origin.port), environ={"PYTHONPATH": path})
        with Load(started.port, callers=30, rate=150) as load:
            load.answers(30)
            blocked, stopped, other = started.workers
            its = clients_of(blocked, started.port) | clients_of(stopped, started.port)
            began = time.monotonic()
            os.kill(blocked, signal.SIGRTMIN)
            os.kill(stopped, signal.SIGSTOP)
            _wait_replaced(started, {blocked, stopped}, 3)
            took = time.monotonic() - began
            load.answers(150)
            tally = load.finish()
        assert other in started.workers
    assert 9 < took < 14
    lost = {loss.port for loss in tally.harm} - its
    assert lost == set(), str(tally)
    said = started.errors
    assert f"worker {blocked} has hung for 10 s" in said
    assert "in waits_for_a_slow_database" in said
    assert f"worker {stopped} has hung for 10 s" in said
    assert "no stack: it is stopped" in said


def test_a_killed_supervisor_lets_its_workers_finish_and_the_address_is_free_at_once(door):
    with EchoOrigin() as origin:
        first = door(TWO + ROUTE.format(port=origin.port))
        workers = first.workers
        busy = [first.connect() for _ in range(8)]
        for each in busy:
            each.sendall(GET.replace(b"GET / ", b"GET /ms/1500 "))
        first.wait_until(lambda: origin.asked == 8, "the requests")
        config = first.file.read_text(encoding="utf-8").replace(":0", f":{first.port}", 1)
        first.process.kill()
        second = door(config)
        assert second.port == first.port
        assert _answered(second) == {b"HTTP/1.1 200 OK"}
        for each in busy:
            assert each.recv(4096).startswith(b"HTTP/1.1 200 OK")
            each.close()
        second.wait_until(lambda: all(is_ended(pid) for pid in workers), "the end of the workers")
        assert len(second.workers) == 2


def test_the_same_file_is_taken_over_after_a_kill(door):
    """The restart that a service manager makes: same file, same address, at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = door(
        f'listen = ["127.0.0.1:{port}"]\ngrace = "1s"\n{TWO}[routes]\n"*" = "respond:204"\n'
    )
    for _ in range(3):
        with started.connect():
            workers = started.workers
            started.stop(signal.SIGKILL)
            started = Door(started.folder, started.file.read_text(encoding="utf-8"))
            try:
                started.wait_ready()
                assert _answered(started) == {b"HTTP/1.1 204 No Content"}
                started.wait_until(lambda pids=workers: all(map(is_ended, pids)), "their end")
            except BaseException:
                started.stop()
                raise
    assert started.stop() == 0


def test_a_killed_supervisors_full_workers_let_go_of_the_address_though_clients_wait(door):
    started = door(TWO + '[routes]\n"*" = "respond:204"\n', prepare=_few_descriptors)
    config = started.file.read_text(encoding="utf-8").replace(":0", f":{started.port}", 1)
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(started.connect())
        started.wait_until(lambda: "further clients wait" in started.errors, "the shortage")
        started.stop(signal.SIGKILL)
        began = time.monotonic()
        again = Door(started.folder, config)
        stack.callback(again.stop)
        again.wait_ready()
        assert time.monotonic() - began < 4
        assert _answered(again) == {b"HTTP/1.1 204 No Content"}


def test_a_worker_that_hangs_does_not_hold_up_a_second_order_to_end(door):
    started = door(TWO + '[routes]\n"*" = "respond:204"\n')
    os.kill(started.workers[0], signal.SIGSTOP)
    started.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)  # two that come at once are one
    began = time.monotonic()
    started.process.send_signal(signal.SIGTERM)
    assert started.process.wait(10) == 0
    assert time.monotonic() - began < 5


def test_a_full_disk_under_the_log_costs_no_answer_and_is_said(door):
    started = door('workers = 2\nlog = "file:/dev/full"\n[routes]\n"*" = "respond:204"\n')
    fine = {b"HTTP/1.1 204 No Content"}
    started.wait_until(
        lambda: _answered(started, 5) == fine and "No space left on device" in started.errors,
        "the message",
    )
    assert started.errors.count("No space left on device") <= 2, "once a worker"
    assert len(started.workers) == 2
    assert started.stop() == 0


def test_a_log_that_finds_no_room_goes_on_when_there_is_room_again(door, tmp_path):
    log = tmp_path / "access.log"
    started = door(f'workers = 2\nlog = "file:{log}"\n[routes]\n"*" = "respond:204"\n')
    unlimited = resource.RLIM_INFINITY
    for pid in started.workers:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (2000, unlimited))
    fine = {b"HTTP/1.1 204 No Content"}
    started.wait_until(
        lambda: _answered(started, 5) == fine and "log lines wait" in started.errors, "the message"
    )
    assert log.stat().st_size <= 2000
    for pid in started.workers:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
    started.wait_until(
        lambda: _answered(started, 5) == fine and "taken again; 0 were lost" in started.errors,
        "the end of it",
    )
    assert log.stat().st_size > 2000
    assert started.stop() == 0


def test_a_supervisor_without_descriptors_refuses_a_reload_and_replaces_a_worker_later(door):
    started = door(TWO + '[routes]\n"*" = "respond:204"\n')
    fine = {b"HTTP/1.1 204 No Content"}
    soft, hard = resource.prlimit(started.process.pid, resource.RLIMIT_NOFILE)
    few = len(os.listdir(f"/proc/{started.process.pid}/fd"))
    resource.prlimit(started.process.pid, resource.RLIMIT_NOFILE, (few, hard))
    started.process.send_signal(signal.SIGHUP)
    started.wait_until(lambda: "configuration stays" in started.errors, "the refusal")
    assert "Too many open files" in started.errors
    started.process.send_signal(signal.SIGUSR1)
    victim, other = started.workers
    os.kill(victim, signal.SIGKILL)
    started.wait_until(lambda: "no new worker can be started" in started.errors, "the message")
    assert other in started.workers
    resource.prlimit(started.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
    started.wait_until(lambda: len(started.workers) == 2, "two workers")
    assert _answered(started, 30) == fine
    assert started.reload() == ""
    assert "Traceback" not in started.errors


def test_workers_without_descriptors_say_so_at_a_reload_and_take_it_when_there_are_some(door):
    started = door(TWO + '[routes]\n"*" = "respond:204"\n', prepare=_few_descriptors)
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(started.connect())
        started.wait_until(lambda: "further clients wait" in started.errors, "the shortage")
        started.process.send_signal(signal.SIGUSR1)
        started.reload()  # whichever: it ends, and the next one is in force
    started.wait_until(lambda: started.reload() == "", "a reload")
    assert _all_answers(started, 50) == {"204": 50}
    assert len(started.workers) == 2
    assert "Traceback" not in started.errors


def test_without_descriptors_clients_wait_and_nobody_is_refused(door):
    started = door(TWO + '[routes]\n"*" = "respond:204"\n', prepare=_few_descriptors)
    assert _all_answers(started, 300) == {"204": 300}
    assert len(started.workers) == 2
    assert "further clients wait" in started.errors
    assert "Traceback" not in started.errors


def test_without_descriptors_for_origins_the_answer_says_so_and_all_is_well_afterwards(door):
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port), prepare=_few_descriptors)
        answers = _all_answers(started, 300)
        assert {*answers} <= {"200", "503 out_of_descriptors"}
        assert answers.total() == 300
        assert _answered(started, 50) == {b"HTTP/1.1 200 OK"}
    assert len(started.workers) == 2
    assert "Traceback" not in started.errors


def _few_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))


def _all_answers(door: Door, count: int) -> Counter[str]:
    """What so many clients get that come at once and leave with their answer."""
    found: Counter[str] = Counter()
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(count):
            client = stack.enter_context(door.connect())
            client.sendall(GET)
            selector.register(client, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(15)
            assert ready, f"{len(selector.get_map())} still wait, the others got {found}"
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                head, _, body = key.fileobj.recv(4096).partition(b"\r\n\r\n")
                words = [head[9:12], *re.findall(rb"^\w+(?=:)", body, re.M)]
                found[b" ".join(words).decode()] += 1
                selector.unregister(key.fileobj)
                key.fileobj.close()
    return found


def test_a_worker_without_memory_takes_nobody_with_it(door):
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port))
        with Load(started.port, callers=20, rate=200) as load:
            load.answers(20)
            victim, _ = started.workers
            _starve(victim)
            greedy = [started.connect() for _ in range(300)]
            for each in greedy:
                each.settimeout(0.1)
                with contextlib.suppress(OSError):
                    each.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\nX: " + b"x" * 60_000)
            its = clients_of(victim, started.port)
            load.answers(200)
            for each in greedy:
                each.close()
            load.answers(200)
            tally = load.finish()
        harmed = {loss.port for loss in tally.harm}
        started.wait_until(lambda: len(started.workers) == 2, "two workers")
        assert _answered(started, 50) == {b"HTTP/1.1 200 OK"}
        assert victim not in started.workers or "MemoryError" in started.errors, "it had enough"
    assert harmed <= its, str(tally)


def _starve(pid: int) -> None:
    """Let a process have hardly more memory than it has."""
    text = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
    size = int(text.split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (size + 1_000_000, size + 1_000_000))


@pytest.mark.parametrize("phase", ["it reads", "workers build"])
def test_no_process_is_left_when_the_supervisor_is_killed_while_it_reloads(door, phase):
    started = door(TWO + '[routes]\n"*" = "respond:204"\n')
    workers = started.workers
    busy = started.process.pid
    routes = "".join(f'"*/{number}" = "respond:204"\n' for number in range(6000))
    started.write(TWO + "[routes]\n" + routes)
    spent = _cpu_seconds(busy)
    started.process.send_signal(signal.SIGHUP)
    if phase == "it reads":
        started.wait_until(lambda: _cpu_seconds(busy) > spent + 0.1, "the reading")
        assert not _has_parcel(workers[0])
    else:
        started.wait_until(lambda: _has_parcel(workers[0]), "the building", START)
    started.process.kill()
    for pid in workers:
        started.wait_until(lambda pid=pid: is_ended(pid), "the end of the workers")
    assert "loaded again" not in started.errors


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _has_parcel(pid: int) -> bool:
    """Whether a worker holds the configuration that it is to build."""
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if "porch configuration" in str(fd.readlink()):
                return True
    return False


@pytest.mark.parametrize("waiting", [0, 5])
def test_a_worker_without_any_descriptor_stops_within_its_time(door, waiting):
    """Nobody waits, or clients of whom none holds a descriptor that could become free."""
    started = door('workers = 1\n[routes]\n"*" = "respond:204"\n')
    (pid,) = started.workers
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    few = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, hard))
    with contextlib.ExitStack() as stack:
        for _ in range(waiting):
            stack.enter_context(started.connect()).sendall(GET)
        if waiting:
            started.wait_until(lambda: "further clients wait" in started.errors, "the shortage")
        began = time.monotonic()
        assert started.stop() == 0
    assert time.monotonic() - began < PATIENCE, "it waited for its whole grace"
    assert ("had let them in" in started.errors) is bool(waiting)
    assert "Traceback" not in started.errors


def test_who_only_waits_gives_a_stopping_worker_the_descriptor_that_others_wait_for(door):
    started = door(TWO.replace("2", "1") + '[routes]\n"*" = "respond:204"\n')
    (pid,) = started.workers
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(started.connect()) for _ in range(4)]
        for each in idle:
            each.sendall(GET)
            assert each.recv(4096).startswith(b"HTTP/1.1 204")
        few = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, hard))
        waits = [stack.enter_context(started.connect()) for _ in range(4)]
        for each in waits:
            each.sendall(GET)
        began = time.monotonic()
        started.process.send_signal(signal.SIGTERM)
        for each in waits:
            assert each.recv(4096).startswith(b"HTTP/1.1 204")
        assert started.stop() == 0
    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize(
    ("limit", "most", "said"),
    [
        (resource.RLIMIT_FSIZE, 100_000, "the size of files (ulimit -f, LimitFSIZE)"),
        (resource.RLIMIT_AS, 400_000_000, "memory (ulimit -v, LimitAS)"),
        (resource.RLIMIT_NOFILE, 14, "open files (ulimit -n, LimitNOFILE)"),
        (resource.RLIMIT_NOFILE, 17, "open files (ulimit -n, LimitNOFILE)"),
    ],
)
def test_a_limit_that_is_too_low_to_start_with_is_named(door, limit, most, said):
    started = door(
        TWO + '[routes]\n"*" = "respond:204"\n',
        ready=False,
        prepare=lambda: resource.setrlimit(limit, (most, most)),
    )
    assert started.process.wait(START) == 1
    assert said in started.errors
    assert "Traceback" not in started.errors
