"""Bounds on connections, and slow clients, at real doors with two workers."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.conftest import PATIENCE, Connection, Door, Origin
from tests.support.h2_attack import Attacker

CONFIG = """\
listen = ["127.0.0.1:0"]
workers = 2
log = false
{more}
[connections]
{bounds}
[routes]
"*" = "{to}"
"""
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
OK = b"HTTP/1.1 204"
Start = Callable[..., Door]


def config(bounds: str, to: str = "respond:204", more: str = "") -> str:
    return CONFIG.format(bounds=bounds, to=to, more=more)


class Crowd:
    """Clients that stay connected. source: the address they come from."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._all: list[socket.socket] = []

    def come(self, source: str = "127.0.0.1") -> socket.socket:
        made = socket.create_connection(
            ("127.0.0.1", self._door.port), PATIENCE, source_address=(source, 0)
        )
        self._all.append(made)
        return made

    def asks(self, source: str = "127.0.0.1") -> bytes:
        """What one more client is answered first; b"" where it is closed."""
        return ask(self.come(source))

    def leave(self) -> None:
        for each in self._all:
            each.close()
        self._all.clear()


def ask(client: socket.socket) -> bytes:
    try:
        client.sendall(GET)
        return client.recv(4096)[:12]
    except ConnectionError:
        return b""


@contextlib.contextmanager
def crowd(door: Door) -> Iterator[Crowd]:
    made = Crowd(door)
    try:
        yield made
    finally:
        made.leave()


def cut(door: Door) -> dict[str, int]:
    return {word: count for word, count in door.ask("status")["cut"].items() if count}


def test_a_client_has_so_many_connections_with_all_workers_and_no_more(door: Start) -> None:
    running = door(config("per_client = 10"))
    with crowd(running) as clients:
        answers = [clients.asks() for _ in range(10)]
        assert answers == [OK] * 10
        assert [clients.asks() for _ in range(3)] == [b""] * 3
        assert clients.asks("127.0.0.2") == OK
        running.wait_until(lambda: cut(running) == {"client_connections": 3}, "the count")
        assert "3 client_connections" in running.porch("status").stdout
        assert "127.0.0.1 has 10 connections already" in running.errors
        os.kill(running.workers[0], signal.SIGKILL)  # its clients are gone with it
        running.wait_until(lambda: len(running.workers) == 2, "another worker")
        running.wait_until(lambda: clients.asks() == OK, "room for another")
        clients.leave()
        running.wait_until(lambda: clients.asks() == OK, "room for all")


def test_a_flood_of_new_connections_is_closed_and_others_are_served(door: Start) -> None:
    running = door(config("new_per_client = 20"))
    with crowd(running) as clients:
        answers = [clients.asks() for _ in range(200)]
        assert 20 <= answers.count(OK) < 120
        assert clients.asks("127.0.0.2") == OK
        running.wait_until(
            lambda: cut(running) == {"client_arrivals": answers.count(b"")}, "the count"
        )


def test_all_together_come_so_fast_and_no_faster_and_nobody_is_turned_away(door: Start) -> None:
    """100 at once, of whom two workers accept 20 a second: the others wait. A second is one of the
    clock that both read, so that 100 take three whole ones and a part of two more."""
    running = door(config("new_per_second = 20"))
    begun = time.monotonic()
    with crowd(running) as clients:
        came = [clients.come(f"127.0.0.{1 + number % 50}") for number in range(100)]
        for each in came:
            each.sendall(GET)
        answers = [each.recv(4096)[:12] for each in came]
        took = time.monotonic() - begun
        assert answers == [OK] * 100
        assert 3 <= took < 3 + PATIENCE
        assert cut(running) == {}
        assert "20 clients came in a second, further clients wait" in running.errors
        running.wait_until(
            lambda: all(each["requests"] for each in running.ask("status")["workers"]), "both"
        )


def test_a_client_who_comes_too_fast_takes_nothing_of_what_all_may_together(door: Start) -> None:
    """Who is closed for himself is not counted among all: they do not wait for him."""
    running = door(config("new_per_second = 40\nnew_per_client = 10"))
    with crowd(running) as clients:
        begun = time.monotonic()
        flood = [clients.asks() for _ in range(300)]
        assert flood.count(OK) <= 11 * (time.monotonic() - begun + 2)
        assert [clients.asks(f"127.0.0.{2 + each}") for each in range(5)] == [OK] * 5
        assert "further clients wait" not in running.errors
        running.wait_until(
            lambda: cut(running) == {"client_arrivals": flood.count(b"")}, "the count"
        )


def test_where_a_door_is_full_the_longest_idle_connection_goes(door: Start) -> None:
    running = door(config("most = 8", more="h2c = true").replace("workers = 2", "workers = 1"))
    with crowd(running) as clients:
        first = clients.come()
        assert ask(first) == OK
        attacker = Attacker(running.port, secure=False)
        time.sleep(0.5)
        others = [clients.come() for _ in range(6)]
        assert [ask(each) for each in others] == [OK] * 6
        time.sleep(2)  # they are idle by now
        assert clients.asks() == OK
        assert first.recv(1) == b""
        assert [ask(each) for each in others] == [OK] * 6
        time.sleep(2)
        assert clients.asks() == OK
        running.wait_until(lambda: cut(running) == {"idle_shed": 2}, "the count")
        assert "further clients wait" not in running.errors
        with attacker:
            assert [ask(each) for each in others] == [OK] * 6, "it was the one of HTTP/2"
    assert "those that have been idle longest are closed" in running.errors


def test_who_comes_to_a_door_full_of_busy_ones_waits_and_is_served(door: Start) -> None:
    origin = Origin(lambda connection: (connection.read_head(), connection.gone.wait()))  # type: ignore[arg-type]
    running = door(
        config("most = 3", f"127.0.0.1:{origin.port}").replace("workers = 2", "workers = 1")
    )
    try:
        with crowd(running) as clients:
            busy = [clients.come() for _ in range(3)]
            for each in busy:
                each.sendall(GET)
            running.wait_until(lambda: len(origin.connections) == 3, "they are served")
            last = clients.come()
            last.sendall(GET)
            running.wait_until(lambda: "further clients wait" in running.errors, "it is said")
            assert len(origin.connections) == 3
            busy[0].close()
            running.wait_until(lambda: len(origin.connections) == 4, "its turn")
    finally:
        for each in origin.connections:
            each.gone.set()
        origin.close()


def test_one_client_has_so_many_requests_at_once_over_all_connections(door: Start) -> None:
    go_on = threading.Event()

    def serve(connection: Connection) -> None:
        connection.read_head()
        go_on.wait(PATIENCE)
        connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    origin = Origin(serve)
    running = door(config("requests_per_client = 4", f"127.0.0.1:{origin.port}"))
    try:
        with crowd(running) as clients:
            busy = [clients.come() for _ in range(4)]
            for each in busy:
                each.sendall(GET)
            running.wait_until(lambda: len(origin.connections) == 4, "they are served")
            assert clients.asks() == b"HTTP/1.1 429"
            clients.come("127.0.0.2").sendall(GET)
            running.wait_until(lambda: len(origin.connections) == 5, "another client")
            go_on.set()
            assert [each.recv(4096)[:12] for each in busy] == [OK] * 4
            running.wait_until(lambda: clients.asks() == OK, "room again")
    finally:
        origin.close()


def test_requests_of_before_an_upgrade_count_behind_it(door: Start) -> None:
    go_on = threading.Event()

    def serve(connection: Connection) -> None:
        connection.read_head()
        go_on.wait(PATIENCE)
        connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    origin = Origin(serve)
    running = door(config("requests_per_client = 4", f"127.0.0.1:{origin.port}"))
    try:
        with crowd(running) as clients:
            busy = [clients.come() for _ in range(4)]
            for each in busy:
                each.sendall(GET)
            running.wait_until(lambda: len(origin.connections) == 4, "they are served")
            before = set(running.workers)
            ran = running.porch("upgrade")
            assert ran.returncode == 0, ran.stderr + running.errors
            assert len(set(running.workers) - before) == 2
            assert [clients.asks() for _ in range(6)] == [b"HTTP/1.1 429"] * 6
            go_on.set()
            assert [each.recv(4096)[:12] for each in busy] == [OK] * 4
            running.wait_until(lambda: clients.asks() == OK, "room again")
            running.wait_until(lambda: not before & set(running.workers), "the end of the old")
            busy = [clients.come() for _ in range(4)]
    finally:
        origin.close()


@pytest.mark.system
def test_slow_bodies_and_slow_readers_are_cut_and_quiet_ones_are_not(door: Start) -> None:
    """A body by a byte a second is answered 408, an answer of which little is taken is reset; a
    stream of events of which nothing comes goes on."""
    big = 64 << 20

    def serve(connection: Connection) -> None:
        head = connection.read_head()
        if b"/events" in head:
            connection.send(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n"
            )
            connection.wait_closed(60)
        elif b"/big" in head:
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % big)
            connection.socket.settimeout(60)
            connection.send(bytes(big))
        else:
            connection.read_body(head)

    origin = Origin(serve)
    running = door(config("", f"127.0.0.1:{origin.port}"))
    try:
        with crowd(running) as clients:
            poster, reader, listener = (clients.come() for _ in range(3))
            poster.sendall(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9999\r\n\r\n")
            reader.sendall(GET.replace(b" / ", b" /big "))
            listener.sendall(GET.replace(b" / ", b" /events "))
            poster.settimeout(1)
            begun, answer, after = time.monotonic(), b"", 0.0
            while time.monotonic() - begun < 45:
                with contextlib.suppress(OSError):
                    poster.sendall(b"x")
                with contextlib.suppress(TimeoutError, ConnectionError):
                    answer += poster.recv(4096)
                if answer and not after:
                    after = time.monotonic() - begun
                    poster = clients.come()
                    poster.settimeout(1)
            assert answer.startswith(b"HTTP/1.1 408")
            assert 9 < after < 20
            assert cut(running) == {"slow_client": 2}
            assert "limits.min_rate" in running.errors
            listener.sendall(b"")
            assert b"data: 1" in listener.recv(4096)
            listener.settimeout(0.2)
            with pytest.raises(TimeoutError):
                listener.recv(1)
    finally:
        origin.close()
