"""Starting, stopping and changing a real door, and what it says when it cannot."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

from tests.e2e.conftest import ROOT, Connection, echo

ROUTE = '[routes]\n"*" = "127.0.0.1:{port}"\n'
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


def _porch(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "porch", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        check=False,
    )


def test_a_port_in_use_is_said_with_its_holder(door):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        started = door(f'listen = ["127.0.0.1:{port}"]\n' + ROUTE.format(port=1), ready=False)
        assert started.process.wait(15) == 1
    assert f"127.0.0.1:{port} is in use by" in started.errors
    assert f"(pid {os.getpid()})" in started.errors
    assert "Traceback" not in started.errors


def test_a_wrong_file_is_refused_with_every_problem_and_exit_1(tmp_path):
    file = tmp_path / "porch.toml"
    file.write_text('[routes]\n"a.test" = { to = "127.0.0.1:1", strp = true }\n"b" = {}\n')
    ran = _porch("run", str(file))
    assert ran.returncode == 1
    assert f"{file}:2:34  error  unknown option 'strp' for a route" in ran.stderr
    assert "did you mean 'strip'?" in ran.stderr
    assert "2 problems; nothing was changed." in ran.stderr
    assert _porch("check", str(file)).stderr == ran.stderr


def test_a_file_that_does_not_exist_is_said(tmp_path):
    ran = _porch("run", str(tmp_path / "none.toml"))
    assert (ran.returncode, "does not exist" in ran.stderr) == (1, True)


def test_words_used_wrongly_exit_with_2():
    ran = _porch("explain", "GET")
    assert ran.returncode == 2
    assert "Missing argument" in ran.stderr


def test_sigterm_lets_a_running_exchange_finish_and_closes_idle_connections(door, origin, client):
    arrived, answer = threading.Event(), threading.Event()

    def serve(connection: Connection) -> None:
        connection.read_head()
        arrived.set()
        answer.wait(10)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

    started = door(ROUTE.format(port=origin(serve).port))
    idle, busy = client(started), client(started)
    busy.send(GET)
    assert arrived.wait(10)
    started.process.send_signal(signal.SIGTERM)
    assert idle.read_rest() == b""
    answer.set()
    status, head, body = busy.read_answer()
    assert (status, body) == (200, b"late")
    assert b"connection: close" in head
    assert started.process.wait(10) == 0
    assert '"status":200' in started.log.replace(" ", "")


def test_a_second_signal_ends_at_once(door, origin, client):
    arrived = threading.Event()

    def serve(connection: Connection) -> None:
        connection.read_head()
        arrived.set()
        connection.wait_closed()

    started = door(ROUTE.format(port=origin(serve).port))
    busy = client(started)
    busy.send(GET)
    assert arrived.wait(10)
    started.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert started.process.poll() is None
    started.process.send_signal(signal.SIGTERM)
    assert started.process.wait(5) == 0


def test_grace_ends_what_never_finishes(door, origin, client):
    arrived = threading.Event()

    def serve(connection: Connection) -> None:
        connection.read_head()
        arrived.set()
        connection.wait_closed()

    started = door('grace = "300ms"\n' + ROUTE.format(port=origin(serve).port))
    busy = client(started)
    busy.send(GET)
    assert arrived.wait(10)
    assert started.stop() == 0
    assert b"503" in busy.read_rest()


def test_a_reload_changes_the_routes_and_closes_no_connection(door, origin, client):
    one, two = origin(echo), origin(echo)
    started = door(ROUTE.format(port=one.port))
    kept = client(started)
    assert kept.send(GET).read_answer()[0] == 200
    before = len(two.connections)
    text = started.file.read_text().replace(str(one.port), str(two.port))
    started.file.write_text(text)
    started.process.send_signal(signal.SIGHUP)
    started.wait_until(lambda: "loaded again" in started.errors, "the reload")
    assert kept.send(GET).read_answer()[0] == 200
    assert len(two.connections) == before + 1


def test_a_bad_reload_changes_nothing_and_says_why(door, origin, client):
    started = door(ROUTE.format(port=origin(echo).port))
    kept = client(started)
    assert kept.send(GET).read_answer()[0] == 200
    started.file.write_text(started.file.read_text().replace("[routes]", "[routs]"))
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "XDG_RUNTIME_DIR": str(started.folder),
    }
    ran = subprocess.run(
        [sys.executable, "-m", "porch", "reload", "--config", str(started.file)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ran.returncode == 1
    assert "did you mean 'routes'?" in ran.stderr
    assert "the running configuration stays" in ran.stderr
    assert kept.send(GET).read_answer()[0] == 200


def test_a_watched_file_is_loaded_again_when_it_changes(door, origin, client):
    started = door("watch = true\n" + ROUTE.format(port=origin(echo).port))
    started.file.write_text(started.file.read_text() + '"b.test" = "respond:418"\n')
    started.wait_until(lambda: "loaded again: 2 routes" in started.errors, "the reload")
    asking = client(started).send(b"GET / HTTP/1.1\r\nHost: b.test\r\n\r\n")
    assert asking.read_answer()[0] == 418


def test_a_door_without_a_file_serves(origin):
    started = origin(echo)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "porch", f":{port}=127.0.0.1:{started.port}"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    try:
        assert process.stderr is not None
        assert f"listening on :{port}" in process.stderr.readline()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(GET)
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stderr.close()


def test_an_upstream_name_that_does_not_resolve_stops_no_start(door, client):
    started = door('[routes]\n"*" = "no-such-host.invalid:80"\n"b.test" = "respond:204"\n')
    asking = client(started).send(b"GET / HTTP/1.1\r\nHost: b.test\r\n\r\n")
    assert asking.read_head().startswith(b"HTTP/1.1 204 ")
    status, head, _ = asking.send(GET).read_answer()
    assert status == 502
    assert b"dns_error" in head
