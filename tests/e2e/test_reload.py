"""A reload under load: nothing is closed, nothing fails, and what is wrong changes nothing."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.e2e.conftest import Door, memory
from tests.support.damage import DAMAGES, UNBINDABLE, good
from tests.support.echo import EchoOrigin
from tests.support.load import Load
from tests.support.ports import free_port

TWO = "log = false\nworkers = 2\n"
ROUTE = '[routes]\n"*" = "127.0.0.1:{port}"\n'
GET = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n"


def _config(origin: EchoOrigin, number: int = 0) -> str:
    """The same door with one route that is another each time."""
    return TWO + ROUTE.format(port=origin.port) + f'"n{number}.test" = "respond:204"\n'


def _reload_often(door: Door, origin: EchoOrigin, load: Load, times: int) -> None:
    for number in range(times):
        door.write(_config(origin, number + 1))
        assert door.reload() == ""
        load.answers(5)


def _status_of(door: Door, host: bytes = b"a.test") -> int:
    with door.connect() as connection:
        connection.sendall(GET % host)
        return int(connection.recv(4096).split(b" ")[1])


def test_a_hundred_reloads_under_load_fail_no_request_and_close_no_connection(door):
    with EchoOrigin() as origin:
        started = door(_config(origin))
        workers = started.workers
        with Load(started.port, callers=30, rate=600, idle=300) as load:
            _reload_often(started, origin, load, 100)
            tally = load.finish()
        assert tally.harm == [], str(tally)
        assert tally.idle == 300
        assert started.workers == workers


@pytest.mark.parametrize(
    ("sockets", "reloads"),
    [(200, 20), pytest.param(1000, 100, marks=[pytest.mark.soak])],
)
def test_websockets_live_through_every_reload(door, sockets, reloads):
    with EchoOrigin() as origin:
        started = door(_config(origin))
        with Load(started.port, callers=5, rate=200, sockets=sockets, every=5) as load:
            _reload_often(started, origin, load, reloads)
            tally = load.finish()
    assert tally.harm == [], str(tally)
    assert tally.sockets == sockets


@pytest.mark.parametrize(
    ("reloads", "kib"),
    [(100, 1500), pytest.param(1000, 1500, marks=[pytest.mark.soak])],
)
def test_memory_and_processes_are_the_same_after_many_reloads(door, reloads, kib):
    with EchoOrigin() as origin:
        started = door(_config(origin))
        processes = [started.process.pid, *started.workers]
        with Load(started.port, callers=10, rate=200) as load:
            _reload_often(started, origin, load, 50)
            before = [memory(each) for each in processes]
            _reload_often(started, origin, load, reloads)
            after = [memory(each) for each in processes]
            assert load.finish().harm == []
        print(f"{reloads} reloads: {before} KiB, then {after} KiB")
        assert [started.process.pid, *started.workers] == processes
    assert len(processes) == 3
    for grown in (new - old for new, old in zip(after, before, strict=True)):
        assert grown < kib, f"{before} KiB became {after} KiB"


def test_the_command_returns_when_every_worker_has_the_new_routes(door):
    started = door(TWO + '[routes]\n"*" = "respond:410"\n')
    for number, status in enumerate((418, 451, 404)):
        assert len(started.workers) == 2
        started.write(f'{TWO}[routes]\n"*" = "respond:{status}"\n"b{number}.test" = ":1"\n')
        ran = started.porch("reload")
        assert ran.returncode == 0, ran.stderr
        assert {_status_of(started) for _ in range(200)} == {status}


@pytest.mark.parametrize(
    "text",
    [
        '[routes]\n"*" = { to = ":1", helth = "/" }\n"b.test" = ":port"\n',
        '[routes]\n"*" = "127.0.0.1:1\n',
        "",
    ],
    ids=["two mistakes", "TOML", "empty"],
)
def test_a_wrong_file_is_refused_with_the_words_of_check(door, text):
    started = door(TWO + '[routes]\n"*" = "respond:204"\n')
    started.file.write_text(text, encoding="utf-8")
    reloaded, checked = started.porch("reload"), _check(started.file)
    assert reloaded.returncode == checked.returncode == 1
    *said, last = reloaded.stderr.splitlines()
    assert said == checked.stderr.splitlines()[:-1]
    assert last.endswith("the running configuration stays.")
    assert "Traceback" not in started.errors
    assert {_status_of(started) for _ in range(20)} == {204}


def _check(file: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "porch", "check", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(240)  # 40 s, and more where others want the processor too
def test_a_hundred_damaged_files_reloaded_under_load_have_no_effect(door, tmp_path):
    with EchoOrigin() as origin:
        started = door(TWO + ROUTE.format(port=origin.port))
        listen = "127.0.0.1:0"
        folder = started.folder
        workers = started.workers
        with Load(started.port, callers=20, rate=300, idle=20, host="shop.test", path="/x") as load:
            good(folder, listen, f"127.0.0.1:{origin.port}")
            assert started.reload() == ""
            for damage in (*DAMAGES, *UNBINDABLE):
                text = good(folder, listen, f"127.0.0.1:{origin.port}")
                damage.write(folder, text)
                reason = _refusal(started)
                damage.undo(folder)
                assert all(word in reason for word in damage.words), f"{damage}: {reason}"
                assert "the running configuration stays." in reason
                load.answers(2)
            good(folder, listen, f"127.0.0.1:{origin.port}")
            assert started.reload() == ""
            tally = load.finish()
        assert started.workers == workers
    assert tally.harm == [], str(tally)
    assert len(tally.bodies) == 1
    assert "Traceback" not in started.errors


def _refusal(door: Door) -> str:
    """What it says of its file. A name that is a link to itself leads a command to no door, but a
    signal reaches it."""
    if not door.file.is_symlink():
        return door.reload()
    before = len(door.errors)
    door.process.send_signal(signal.SIGHUP)
    door.wait_until(lambda: "configuration stays" in door.errors[before:], "the refusal")
    return door.errors[before:]


def test_a_listener_that_stays_keeps_what_waits_in_its_backlog(door):
    started = door(TWO + '[routes]\n"*" = "respond:204"\n')
    for worker in started.workers:
        os.kill(worker, signal.SIGSTOP)
    waiting = [started.connect() for _ in range(40)]
    for each in waiting:
        each.sendall(GET % b"a.test")
    started.write(TWO + '[routes]\n"*" = "respond:418"\n')
    reloading = threading.Thread(target=started.reload)
    reloading.start()
    for worker in started.workers:
        os.kill(worker, signal.SIGCONT)
    statuses = {each.recv(4096).split(b" ")[1] for each in waiting}
    reloading.join(20)
    for each in waiting:
        each.close()
    assert statuses <= {b"204", b"418"}
    assert _status_of(started) == 418


def test_a_listener_that_moves_away_and_straight_back_is_never_refused(door):
    first, second = free_port(), free_port()
    text = TWO + '[routes]\n"*" = "respond:204"\n'
    started = door(f'listen = ["127.0.0.1:{first}"]\n{text}')
    with EchoOrigin():
        for number in range(20):
            port = (second, first)[number % 2]
            started.write(f'listen = ["127.0.0.1:{port}"]\n{text}')
            assert started.reload() == ""
            assert _answers(port)


def test_a_new_listener_opens_before_the_old_one_closes(door, client):
    """A client that is refused at the old address finds the new one open, whenever it asks."""
    first, second = free_port(), free_port()
    text = TWO + '[routes]\n"*" = "respond:204"\n'
    started = door(f'listen = ["127.0.0.1:{first}"]\n{text}')
    kept = client(started)
    misses: list[int] = []
    found = {first: 0, second: 0}
    changes = 0
    over = threading.Event()

    def knock() -> None:
        while not over.is_set():
            before = changes
            for port in (first, second):
                if _answers(port):
                    found[port] += 1
                    break
            else:
                if changes == before:  # else both were tried, each in its time of being closed
                    misses.append(1)

    knocking = threading.Thread(target=knock)
    knocking.start()
    for port in (second, first) * 5:
        changes += 1
        started.write(f'listen = ["127.0.0.1:{port}"]\n{text}')
        assert started.reload() == ""
        assert _answers(port)
        other = first if port == second else second
        started.wait_until(lambda port=other: not _answers(port), "the end of the old listener")
    over.set()
    knocking.join(10)
    assert not misses
    assert all(found.values())
    kept.send(GET % b"a.test")
    assert kept.read_head().startswith(b"HTTP/1.1 204 ")


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(GET % b"a.test")
            return connection.recv(100).startswith(b"HTTP/1.1 204 ")
    except ConnectionError:
        return False


def test_diff_tells_what_a_reload_would_change_and_changes_nothing(door):
    started = door(TWO + '[routes]\n"a.test" = "respond:204"\n"b.test" = ":1"\n')
    same = started.porch("reload", "--diff")
    assert (same.returncode, same.stderr) == (0, "")
    assert "nothing changes" in same.stdout
    started.write(TWO + 'grace = "5s"\n[routes]\n"a.test" = "respond:418"\n"c.test" = ":2"\n')
    ran = started.porch("reload", "--diff")
    assert ran.returncode == 0, ran.stderr
    for words in ("a.test", "respond:204", "respond:418", "b.test", "c.test", "grace"):
        assert words in ran.stdout
    assert _status_of(started) == 204
    started.file.write_text("[rutes]\n", encoding="utf-8")
    wrong = started.porch("reload", "--diff")
    assert wrong.returncode == 1
    assert "did you mean 'routes'?" in wrong.stderr


def test_rollback_goes_back_step_by_step_without_the_files(door):
    started = door(TWO + '[routes]\n"*" = "respond:410"\n')
    for status in (418, 451):
        started.write(f'{TWO}[routes]\n"*" = "respond:{status}"\n')
        assert started.reload() == ""
    started.file.unlink()
    for status in (418, 410):
        ran = started.porch("rollback")
        assert ran.returncode == 0, ran.stderr
        assert {_status_of(started) for _ in range(40)} == {status}
    ran = started.porch("rollback")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert _status_of(started) == 410


def test_ten_configurations_are_kept(door):
    started = door(TWO + '[routes]\n"*" = "respond:410"\n')
    for number in range(12):
        started.write(f'{TWO}[routes]\n"*" = "respond:{400 + number}"\n')
        assert started.reload() == ""
    steps = 0
    while "error" not in started.ask("rollback"):
        steps += 1
        assert _status_of(started) == 411 - steps
    assert steps == 9


def test_reloads_that_come_at_once_all_end(door):
    started = door(TWO + '[routes]\n"*" = "respond:204"\n')
    codes: list[int] = []
    asking = [
        threading.Thread(target=lambda: codes.append(started.porch("reload").returncode))
        for _ in range(6)
    ]
    for each in asking:
        each.start()
    started.process.send_signal(signal.SIGHUP)
    for each in asking:
        each.join(20)
    assert codes == [0] * 6, started.errors
    assert {_status_of(started) for _ in range(20)} == {204}


def test_more_and_fewer_workers_come_by_a_reload(door):
    route = '[routes]\n"*" = "127.0.0.1:{port}"\n'
    with EchoOrigin() as origin:
        started = door("log = false\nworkers = 1\n" + route.format(port=origin.port))
        with Load(started.port, callers=20, rate=300) as load:
            for count in (3, 1, 2):
                started.write(f"log = false\nworkers = {count}\n" + route.format(port=origin.port))
                assert started.reload() == ""
                load.answers(30)
                started.wait_until(lambda n=count: len(started.workers) == n, f"{count} workers")
            tally = load.finish()
    assert tally.failed == [], str(tally)
