"""The cache beside retries, hedges, admission, mirrors and sticky clients: a fill passes them, a
hit touches none."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from porch.http.websocket import accept_key
from tests.e2e.conftest import Client, Connection, Door, Origin
from tests.e2e.test_grpc import Far, Front
from tests.support.crowd import Crowd, Got
from tests.support.grpc_origin import GrpcOrigin

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]

MANY = 30


class Server:
    """One endpoint. status, pause: of its answers. asked: the paths that it was asked for."""

    def __init__(self, start: Scripted, pause: float = 0.3, status: bytes = b"200 OK") -> None:
        self.asked: list[bytes] = []
        self.pause = pause
        self.status = status
        self.port = start(self._serve).port

    def _serve(self, connection: Connection) -> None:
        while True:
            head = connection.read_head()
            self.asked.append(head.split(b" ")[1])
            time.sleep(self.pause)
            connection.send(
                b"HTTP/1.1 %b\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nhi"
                % self.status
            )


def get(path: bytes) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: a.test\r\n\r\n" % path


def crowd(running: Door, path: bytes = b"/a", count: int = MANY) -> list[Got]:
    return Crowd(running.port, count, lambda _: get(path)).run()


def started(door: Start, servers: list[Server], words: str, route: str = "") -> Door:
    listed = ", ".join(f'"127.0.0.1:{each.port}"' for each in servers)
    return door(
        f"log = false\nworkers = 2\n"
        f'[routes]\n"*" = {{ to = "pool", cache = true{route} }}\n'
        f"[pool.pool]\nservers = [{listed}]\n{words}"
    )


def rests(running: Door) -> None:
    running.wait_until(
        lambda: not re.search(r"'running': [1-9-]", str(running.ask("status"))), "the end of all"
    )


def test_an_attempt_that_fails_is_repeated_once_for_all(door: Start, origin: Scripted) -> None:
    bad, good = Server(origin, status=b"503 Busy"), Server(origin)
    running = started(door, [bad, good], 'balance = "first"\n', ", retry = { on = [503] }")
    gots = crowd(running)
    assert {got.status for got in gots} == {200}
    assert (bad.asked, good.asked) == ([b"/a"], [b"/a"])
    rests(running)


def test_a_hedge_helps_all_who_wait(door: Start, origin: Scripted) -> None:
    slow, quick = Server(origin, pause=8.0), Server(origin)
    words = 'balance = "first"\n'
    running = started(door, [slow, quick], words, ', retry = { hedge = "200ms" }')
    began = time.monotonic()
    gots = crowd(running)
    assert {got.status for got in gots} == {200}
    assert max(got.ended for got in gots) - began < 5.0
    assert (slow.asked, quick.asked) == ([b"/a"], [b"/a"])
    rests(running)


def test_who_waits_counts_once_where_only_so_many_are_let_in(door: Start, origin: Scripted) -> None:
    server = Server(origin, pause=1.5)
    running = started(door, [server], "overload = { pool = 1, queue = 0 }\n")
    found: list[Got] = []
    thread = threading.Thread(target=lambda: found.extend(crowd(running)))
    thread.start()
    running.wait_until(lambda: server.asked, "the question")
    refused = crowd(running, b"/b", 10)
    assert {got.status for got in refused} <= {503}
    assert all(b"retry-after: " in got.head for got in refused)
    thread.join()
    assert {got.status for got in found} == {200}
    server.pause = 3.0
    waiting = Client(running).send(get(b"/c"))
    running.wait_until(lambda: b"/c" in server.asked, "another question")
    assert {got.status for got in crowd(running)} == {200}, "hits are let in"
    waiting.read_answer()
    waiting.close()
    rests(running)


def test_a_mirror_sees_what_the_origin_sees(door: Start, origin: Scripted) -> None:
    server, mirror = Server(origin), Server(origin)
    running = started(door, [server], "", f', mirror = {{ to = "127.0.0.1:{mirror.port}" }}')
    for _ in range(2):
        assert {got.status for got in crowd(running)} == {200}
    running.wait_until(lambda: mirror.asked, "the mirror's request")
    assert (server.asked, mirror.asked) == ([b"/a"], [b"/a"])
    rests(running)


@pytest.mark.parametrize(
    ("words", "field"),
    [('header = { x-new = "1" }', b"X-New: 1"), ('cookie = "new"', b"Cookie: a=b; new=1")],
)
def test_who_asks_for_a_canary_and_who_does_not_have_what_is_kept_of_their_own(
    door: Start, origin: Scripted, words: str, field: bytes
) -> None:
    server, canary = Server(origin, pause=0.0), Server(origin, pause=0.0)
    words = f', canary = {{ to = "127.0.0.1:{canary.port}", {words} }}'
    running = started(door, [server], "", words)
    assert "canary" not in running.errors
    chosen = b"GET /a HTTP/1.1\r\nHost: a.test\r\n" + field + b"\r\n\r\n"
    for _ in range(2):
        assert Crowd(running.port, 1, lambda _: chosen).run()[0].status == 200
        assert {got.status for got in crowd(running)} == {200}
    assert (server.asked, canary.asked) == ([b"/a"], [b"/a"])
    rests(running)


def test_what_a_canary_answers_to_its_share_is_for_all_as_the_check_warns(
    door: Start, origin: Scripted
) -> None:
    server, canary = Server(origin, pause=0.0), Server(origin, pause=0.0)
    words = f', canary = {{ to = "127.0.0.1:{canary.port}", share = "100%" }}'
    running = started(door, [server], "", words)
    assert "what the canary answers to its share is kept and given to all" in running.errors
    assert {got.status for got in crowd(running)} == {200}
    assert (server.asked, canary.asked) == ([], [b"/a"])
    rests(running)


def test_a_route_of_a_canary_without_the_cache_asks_both(door: Start, origin: Scripted) -> None:
    server, canary = Server(origin, pause=0.0), Server(origin, pause=0.0)
    running = door(
        f'log = false\ncache = true\n[routes]\n"*" = "127.0.0.1:{server.port}"\n'
        f'"*/b/*" = {{ to = "127.0.0.1:{server.port}", cache = false, '
        f'canary = {{ to = "127.0.0.1:{canary.port}", share = "0%", '
        'header = { x-new = "1" } } }\n'
    )
    chosen = b"GET /b/a HTTP/1.1\r\nHost: a.test\r\nX-New: 1\r\n\r\n"
    for _ in range(2):
        for asked in (chosen, get(b"/b/a"), get(b"/a")):
            assert Crowd(running.port, 1, lambda _, asked=asked: asked).run()[0].status == 200
    assert (server.asked, canary.asked) == ([b"/b/a", b"/a", b"/b/a"], [b"/b/a"] * 2)


def test_websockets_pass_a_cache_and_are_never_kept(door: Start, origin: Scripted) -> None:
    asked: list[bytes] = []

    def serve(connection: Connection) -> None:
        while True:
            head = connection.read_head()
            asked.append(head)
            if b"upgrade: websocket" in head.lower():
                key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)
                assert key is not None
                connection.send(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    b"Connection: upgrade\r\nCache-Control: max-age=60\r\n"
                    b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept_key(key[1])
                )
                return
            connection.send(
                b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nhi"
            )

    running = door(
        'log = false\nworkers = 1\ncache = "1h"\n[routes]\n'
        f'"*" = "127.0.0.1:{origin(serve).port}"\n'
    )
    tunnel = get(b"/a")[:-2] + (
        b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    for _ in range(2):
        with closing(Client(running)) as client:
            assert client.send(tunnel).read_head().startswith(b"HTTP/1.1 101")
        with closing(Client(running)) as client:
            assert client.send(get(b"/b")).read_answer()[2] == b"hi"
    with closing(Client(running)) as client:
        assert client.send(get(b"/a")).read_answer()[2] == b"hi", "what was no tunnel is asked for"
    paths = [head.split(b" ")[1] for head in asked]
    assert sorted(paths) == [b"/a", b"/a", b"/a", b"/b"]


def test_calls_of_grpc_pass_a_cache_and_are_never_kept(door: Start, tmp_path: Path) -> None:
    origin = GrpcOrigin()
    front = Front(door, tmp_path, f'"*" = "h2c://127.0.0.1:{origin.port}"', 'cache = "1h"')

    async def story(far: Far) -> None:
        for _ in range(3):
            assert await far.unary("Echo", b"one") == b"one"

    front.run(story)
    front.door.wait_until(lambda: len(front.logged()) == 3, "the log")
    assert "0 fresh" in front.door.porch("cache").stdout
    origin.close()


def test_a_stored_answer_binds_nobody_to_an_endpoint(door: Start, origin: Scripted) -> None:
    servers = [Server(origin), Server(origin)]
    running = started(door, servers, "sticky = true\n")
    for _ in range(2):
        gots = crowd(running)
        assert {got.status for got in gots} == {200}
        assert not any(b"set-cookie" in got.head.lower() for got in gots)
    assert sum(len(each.asked) for each in servers) == 1
    client = Client(running).send(b"POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
    assert b"set-cookie" in client.read_answer()[1].lower()
    client.close()
    rests(running)


def test_what_an_origin_is_told_of_who_asks(door: Start, origin: Scripted) -> None:
    heads: list[bytes] = []

    def serve(connection: Connection) -> None:
        heads.append(connection.read_head())
        connection.send(
            b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nhi"
        )

    words = "workers = 1\nlog = false\ncache = true\n"
    running = door(f'{words}[routes]\n"*" = "127.0.0.1:{origin(serve).port}"\n')
    client = Client(running).send(
        get(b"/a")[:-2] + b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: evil\r\n\r\n"
    )
    client.read_answer()
    client.close()
    assert b"x-forwarded-for: 127.0.0.1" in heads[0]
    assert b"x-forwarded-proto: http\r\n" in heads[0] + b"\r\n"
    assert b"evil" not in heads[0]
    assert b"203.0.113.9" not in heads[0]
