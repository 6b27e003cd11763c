"""The cache over the lives of a door: reloads, upgrades, restarts, deaths; and what it costs."""

import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from tests.e2e.conftest import Client, Connection, Door, Origin, is_ended, memory
from tests.support.crowd import Crowd

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]

GET = b"GET /%b HTTP/1.1\r\nHost: a.test\r\n\r\n"


class Numbered:
    """An origin that numbers its answers. lasts: their Cache-Control. pause: before each."""

    def __init__(self, start: Scripted, lasts: bytes = b"max-age=600", size: int = 0) -> None:
        self.asked = 0
        self.lasts = lasts
        self.pause = 0.0
        self.status = b"200 OK"
        self._size = size
        self._origin = start(self._serve)
        self.port = self._origin.port

    def _serve(self, connection: Connection) -> None:
        while True:
            connection.read_head()
            self.asked += 1
            body = b"%d" % self.asked + bytes(self._size)
            time.sleep(self.pause)
            connection.send(
                b'HTTP/1.1 %b\r\nCache-Control: %b\r\nETag: "%d"\r\nContent-Length: %d\r\n\r\n%b'
                % (self.status, self.lasts, self.asked, len(body), body)
            )

    def close(self) -> None:
        self._origin.close()


def config(port: int, words: str = "cache = true\n", more: str = "workers = 2\n") -> str:
    return f'{more}{words}[routes]\n"*" = "127.0.0.1:{port}"\n'


def get(running: Door, path: bytes = b"a") -> tuple[int, bytes, bytes]:
    client = Client(running)
    found = client.send(GET % path).read_answer()
    client.close()
    return found


def rests(running: Door) -> None:
    running.wait_until(
        lambda: not re.search(r"'running': [1-9-]", str(running.ask("status"))), "the end of all"
    )


@pytest.mark.parametrize("size", [0, 100_000])
def test_an_upgrade_keeps_what_is_stored(door: Start, origin: Scripted, size: int) -> None:
    numbered = Numbered(origin, size=size)
    running = door(config(numbered.port))
    before = get(running)[2]
    for _ in range(2):
        ran = running.porch("upgrade")
        assert ran.returncode == 0, ran.stderr
        assert {get(running)[2] for _ in range(8)} == {before}
    assert numbered.asked == 1
    running.ask("purge", all=True)
    assert get(running)[2] != before


def test_an_upgrade_that_keeps_answers_elsewhere(door: Start, origin: Scripted) -> None:
    numbered = Numbered(origin)
    running = door(config(numbered.port))
    get(running)
    folder = running.folder / "elsewhere"
    running.write(config(numbered.port, f'cache = true\ncache_store = {{ path = "{folder}" }}\n'))
    assert "porch upgrade puts this file in force" in running.reload()
    assert get(running)[2] == b"1"
    ran = running.porch("upgrade")
    assert ran.returncode == 0, ran.stderr
    assert get(running)[2] == get(running)[2] == b"2"
    assert (folder / "lock").exists()


@pytest.mark.parametrize("size", [0, 100_000])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_door_that_starts_again_has_what_was_stored(
    door: Start, origin: Scripted, number: signal.Signals, size: int
) -> None:
    numbered = Numbered(origin, size=size)
    store = {"path": ""}
    running = door(config(numbered.port))
    store["path"] = str(next(running.folder.rglob("lock")).parent)
    before = get(running)[2]
    workers = running.workers
    running.stop(number)
    running.wait_until(lambda: all(map(is_ended, workers)), "the end of the workers")
    words = f'cache = true\ncache_store = {{ path = "{store["path"]}" }}\n'
    again = door(config(numbered.port, words))
    assert get(again)[2] == before
    assert numbered.asked == 1


def test_reloads_change_the_cache_turn_it_off_and_on_again(door: Start, origin: Scripted) -> None:
    numbered = Numbered(origin, lasts=b"public")
    numbered.pause = 1.0
    running = door(config(numbered.port, 'cache = "10m"\n'))
    slow = Client(running).send(GET % b"a")
    running.wait_until(lambda: numbered.asked, "the question")
    running.write(config(numbered.port, ""))
    assert running.reload() == ""
    assert slow.read_answer()[2] == b"1", "a fill goes on"
    slow.close()
    numbered.pause = 0.0
    assert b"cache-status" not in get(running)[1].lower()
    running.write(config(numbered.port, 'cache = { ttl = "20m" }\n'))
    assert running.reload() == ""
    status, _, body = get(running)
    assert (status, body) == (200, b"3"), "what nobody would have let go of meanwhile is not there"
    assert b"; hit" in get(running)[1]
    rests(running)


@pytest.mark.parametrize(
    ("word", "said"),
    [("private", b"private, max-age=600"), ("no-store", b"no-store, max-age=600")],
)
def test_what_a_word_of_ignore_let_in_is_not_given_when_the_word_is_gone(
    door: Start, origin: Scripted, word: str, said: bytes
) -> None:
    numbered = Numbered(origin, lasts=said)
    running = door(config(numbered.port, f'cache = {{ ignore = ["{word}"] }}\n'))
    assert get(running)[2] == get(running)[2] == b"1"
    running.write(config(numbered.port))
    assert running.reload() == ""
    assert [get(running)[2], get(running)[2]] == [b"2", b"3"]


KEYS = {"ann": b"ann-0123456789abcdef0123456789", "bob": b"bob-0123456789abcdef0123456789"}


def test_who_is_told_by_another_field_now_has_no_page_of_whom_he_names_in_the_old_one(
    door: Start, origin: Scripted
) -> None:
    hashes = ", ".join(f'{name} = "sha256:{sha256(key).hexdigest()}"' for name, key in KEYS.items())
    numbered = Numbered(origin, lasts=b"public, max-age=600\r\nVary: X-Forwarded-User")
    words = "cache = true\nauth = {{ keys = {{ {} }}{} }}\n"
    running = door(config(numbered.port, words.format(hashes, "")))

    def asks(name: str, *lines: bytes) -> bytes:
        fields = b"\r\n".join([b"X-Api-Key: " + KEYS[name], *lines])
        client = Client(running).send(GET[:-2] % b"a" + fields + b"\r\n\r\n")
        status, _, body = client.read_answer()
        client.close()
        assert status == 200
        return body

    assert [asks("ann"), asks("bob"), asks("ann"), asks("bob")] == [b"1", b"2", b"1", b"2"]
    running.write(config(numbered.port, words.format(hashes, ', user = "X-User"')))
    assert running.reload() == ""
    assert asks("bob", b"X-Forwarded-User: ann") == b"3"
    assert asks("ann") == b"4"


def test_a_fill_that_nobody_waits_for_does_not_hold_up_the_end(
    door: Start, origin: Scripted
) -> None:
    numbered = Numbered(origin)
    numbered.pause = 30.0
    running = door(config(numbered.port, "cache = true\n", 'workers = 1\ngrace = "5s"\n'))
    client = Client(running).send(GET % b"a")
    running.wait_until(lambda: numbered.asked, "the question")
    client.close()
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 7.0


def test_one_that_is_waited_for_is_finished_before_the_end(door: Start, origin: Scripted) -> None:
    numbered = Numbered(origin)
    numbered.pause = 1.5
    running = door(config(numbered.port, "cache = true\n", 'workers = 1\ngrace = "10s"\n'))
    clients = [Client(running).send(GET % b"a") for _ in range(5)]
    running.wait_until(lambda: numbered.asked, "the question")
    running.process.send_signal(signal.SIGTERM)
    assert [each.read_answer()[2] for each in clients] == [b"1"] * 5
    for each in clients:
        each.close()
    assert running.stop() == 0


def test_a_stale_answer_is_asked_about_once_by_all_workers(door: Start, origin: Scripted) -> None:
    numbered = Numbered(origin, lasts=b"max-age=1, stale-while-revalidate=60")
    running = door(config(numbered.port))
    assert get(running)[2] == b"1"
    time.sleep(1.2)
    numbered.pause = 0.5
    numbered.lasts = b"max-age=60"
    gots = Crowd(running.port, 100, lambda _: GET % b"a").run()
    assert {got.body for got in gots} == {b"1"}
    time.sleep(1.0)
    assert get(running)[2] == b"2"
    assert numbered.asked == 2
    rests(running)


def test_a_dead_origin_has_stale_answers_stand_in_and_pages_are_each_clients_own(
    door: Start, origin: Scripted
) -> None:
    numbered = Numbered(origin, lasts=b"max-age=1")
    running = door(config(numbered.port))
    assert get(running)[2] == b"1"
    numbered.close()
    time.sleep(1.2)
    gots = Crowd(running.port, 50, lambda _: GET % b"a").run()
    assert {(got.status, got.body) for got in gots} == {(200, b"1")}
    assert all(b"; fwd=stale; ttl=-" in got.head for got in gots)

    def asked(number: int) -> bytes:
        kind = (b"text/html", b"application/json")[number % 2]
        return (GET % b"b")[:-2] + b"Accept: %b\r\n\r\n" % kind

    gots = Crowd(running.port, 20, asked).run()
    assert {got.status for got in gots} == {502}
    for number, got in enumerate(gots):
        assert (b"application/" if number % 2 else b"text/html") in got.head
        assert (b"<html" in got.body.lower()) == (number % 2 == 0)
    rests(running)


def test_the_log_has_the_endpoint_of_a_miss_and_none_of_a_hit(
    door: Start, origin: Scripted
) -> None:
    numbered = Numbered(origin)
    numbered.pause = 0.2
    running = door(config(numbered.port, "cache = true\n", 'workers = 1\nlog = "json"\n'))
    get(running)
    get(running)
    running.wait_until(lambda: running.log.count("\n") >= 2, "two lines")
    miss, hit = (json.loads(line) for line in running.log.splitlines()[:2])
    said: dict[str, Any] = {key: miss[key] for key in miss if key not in hit or hit[key] is None}
    assert any(f":{numbered.port}" in str(value) for value in miss.values()), miss
    assert not any(f":{numbered.port}" in str(value) for value in hit.values()), hit
    assert said, "and its times"


def test_stalled_clients_of_a_large_stored_body_cost_little(door: Start, origin: Scripted) -> None:
    size, count = 50_000_000, 200
    numbered = Numbered(origin, size=size)
    running = door(config(numbered.port, "cache = true\n", "workers = 1\nlog = false\n"))
    (got,) = Crowd(running.port, 1, lambda _: GET % b"a", keeps=False).run()
    assert got.is_whole
    (worker,) = running.workers
    before = memory(worker)
    stalled = []
    for _ in range(count):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", running.port))
        client.sendall(GET % b"a")
        stalled.append(client)
    time.sleep(3.0)
    cost = (memory(worker) - before) / count
    for client in stalled:
        client.close()
    assert numbered.asked == 1
    assert cost < 1024, f"{cost} KiB each"
    rests(running)


def test_many_followers_of_a_large_fill_cost_little(door: Start, origin: Scripted) -> None:
    size, count = 10_000_000, 200

    def serve(connection: Connection) -> None:
        connection.read_head()
        time.sleep(1.0)
        connection.send(
            b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n" % size
        )
        for _ in range(10):
            connection.send(bytes(size // 10))
            time.sleep(0.05)

    running = door(config(origin(serve).port, "cache = true\n", "workers = 1\nlog = false\n"))
    (worker,) = running.workers
    before = memory(worker)
    most = [before]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            most.append(memory(worker))

    thread = threading.Thread(target=watch)
    thread.start()
    gots = Crowd(running.port, count, lambda _: GET % b"a", keeps=False).run()
    ended.set()
    thread.join()
    assert all(got.is_whole for got in gots)
    assert (max(most) - before) / count < 1024, f"{(max(most) - before) / count} KiB each"
    rests(running)


def test_workers_that_are_killed_at_work_leave_the_others_in_order(
    door: Start, origin: Scripted
) -> None:
    numbered = Numbered(origin)
    numbered.pause = 0.2
    running = door(config(numbered.port))
    for round_ in range(3):
        os.kill(running.workers[0], signal.SIGKILL)
        running.wait_until(lambda: len(running.workers) == 2, "another worker")
        gots = Crowd(running.port, 20, lambda _, at=round_: GET % b"%d" % at).run()  # type: ignore[misc]
        assert all(got.is_whole for got in gots)
        assert len({got.body for got in gots}) == 1
    assert numbered.asked == 3
    rests(running)
