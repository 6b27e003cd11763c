"""What an examiner of the cache has found, each with a real door."""

import re
import socket
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from tests.e2e.conftest import Client, Connection, Door, Origin
from tests.e2e.test_cache_h2 import BODY, SIZE, secured, trusting
from tests.support.h2_socket import H2Socket

__all__ = ["secured"]

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]
GET = b"GET /%b HTTP/1.1\r\nHost: a.test\r\n%b\r\n"


def ask(
    running: Door, path: bytes, more: bytes = b"", method: bytes = b"GET"
) -> tuple[bytes, bytes]:
    """Head and body."""
    client = Client(running)
    _, head, body = client.send(GET.replace(b"GET", method) % (path, more)).read_answer()
    client.close()
    return head, body


def test_a_large_hit_over_tls_leaves_encrypted(
    secured: Callable[[str], Door], origin: Scripted
) -> None:
    """Nothing goes past TLS, however it would be sent without."""

    def serve(connection: Connection) -> None:
        while True:
            connection.read_head()
            connection.send(
                b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n%b"
                % (SIZE, BODY)
            )

    running = secured(f'"127.0.0.1:{origin(serve).port}"')
    url = f"https://localhost:{running.port}"
    for _ in range(4):
        with httpx.Client(verify=trusting(), base_url=url, trust_env=False) as client:
            assert client.get("/a").content == BODY
            part = client.get("/a", headers={"range": "bytes=500000-999999"})
            assert (part.status_code, part.content) == (206, BODY[500_000:1_000_000])


WHOLE = bytes(number % 251 for number in range(5000))


def in_parts(connection: Connection) -> None:
    while True:
        head = connection.read_head()
        asked = re.search(rb"(?i)range: bytes=(\d+)-(\d*)", head)
        first, end = (int(asked[1]), int(asked[2] or 4999) + 1) if asked else (0, 5000)
        body = WHOLE[first:end]
        said = b"Content-Range: bytes %d-%d/5000\r\n" % (first, end - 1) if asked else b""
        connection.send(
            b'HTTP/1.1 %b\r\nETag: "a"\r\nCache-Control: max-age=60\r\n%b'
            b"Content-Length: %d\r\n\r\n%b"
            % (b"206 Part" if asked else b"200 OK", said, len(body), body)
        )


@pytest.mark.parametrize("second", ["2000-2999", "500-1200", "4000-4100", "1500-2500"])
def test_a_range_that_completes_a_stored_part_is_what_was_asked_for(
    door: Start, origin: Scripted, second: str
) -> None:
    running = door(f'cache = true\n[routes]\n"*" = "127.0.0.1:{origin(in_parts).port}"\n')
    for text in ("1000-1999", second, second):
        first, last = map(int, text.split("-"))
        head, body = ask(running, b"a", b"Range: bytes=%d-%d\r\n" % (first, last))
        assert body == WHOLE[first : last + 1]
        assert b"content-range: bytes %d-%d/5000" % (first, last) in head.lower()
    assert ask(running, b"a")[1] == WHOLE


@pytest.mark.parametrize("how", ["purge", "POST"])
@pytest.mark.parametrize("size", [0, 300_000])
def test_who_comes_behind_a_purge_does_not_get_what_was_asked_before(
    door: Start, origin: Scripted, how: str, size: int
) -> None:
    asked: list[bytes] = []
    begun = threading.Event()
    go_on = threading.Event()

    def serve(connection: Connection) -> None:
        while True:
            head = connection.read_head()
            if head.startswith(b"POST"):
                connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")
                continue
            asked.append(head)
            body = b"%d" % len(asked) + bytes(size)
            connection.send(
                b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n"
                % len(body)
                + (body[:100_000] if size else b"")
            )
            begun.set()
            go_on.wait(10)
            connection.send(body[100_000:] if size else body)

    running = door(f'workers = 2\ncache = true\n[routes]\n"*" = "127.0.0.1:{origin(serve).port}"\n')
    first: list[bytes] = []
    before = threading.Thread(target=lambda: first.append(ask(running, b"a")[1][:1]))
    before.start()
    assert begun.wait(10)
    if how == "purge":
        assert running.porch("purge", "http://a.test/a").returncode == 0
    else:
        ask(running, b"a", b"Content-Length: 0\r\n", b"POST")
    later: list[bytes] = []
    behind = [
        threading.Thread(target=lambda: later.append(ask(running, b"a")[1][:1])) for _ in range(6)
    ]
    for each in behind:
        each.start()
    time.sleep(0.3)
    go_on.set()
    for each in [before, *behind]:
        each.join(20)
    assert first == [b"1"]
    assert len(later) == 6
    assert b"1" not in later


def test_a_reload_with_a_password_takes_nothing_from_the_others(
    door: Start, origin: Scripted
) -> None:
    asked: list[bytes] = []

    def serve(connection: Connection) -> None:
        while True:
            asked.append(connection.read_head())
            status = b"304 Not Modified" if b"if-none-match" in asked[-1].lower() else b"200 OK"
            body = b"" if status.startswith(b"304") else b"Content-Length: 2\r\n"
            connection.send(
                b'HTTP/1.1 %b\r\nETag: "a"\r\nCache-Control: max-age=60\r\n%b\r\n%b'
                % (status, body, b"hi" if body else b"")
            )

    running = door(f'cache = true\n[routes]\n"*" = "127.0.0.1:{origin(serve).port}"\n')
    assert b"fwd=uri-miss" in ask(running, b"a")[0]
    ask(running, b"a", b"Authorization: x\r\nCache-Control: no-cache\r\n")
    assert len(asked) == 2
    assert b"Porch; hit" in ask(running, b"a")[0]


def test_a_reload_of_many_over_four_workers_asks_the_origin_once(
    door: Start, origin: Scripted
) -> None:
    asked: list[bytes] = []

    def serve(connection: Connection) -> None:
        while True:
            asked.append(connection.read_head())
            time.sleep(0.5)
            connection.send(
                b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nCache-Control: max-age=60\r\n\r\n'
                if b"if-none-match" in asked[-1].lower()
                else b'HTTP/1.1 200 OK\r\nETag: "a"\r\nCache-Control: max-age=60\r\n'
                b"Content-Length: 2\r\n\r\nhi"
            )

    running = door(f'workers = 4\ncache = true\n[routes]\n"*" = "127.0.0.1:{origin(serve).port}"\n')
    assert ask(running, b"a")[1] == b"hi"
    clients = [Client(running) for _ in range(80)]
    for each in clients:
        each.send(GET % (b"a", b"Cache-Control: no-cache\r\n"))
    assert {each.read_answer()[2] for each in clients} == {b"hi"}
    for each in clients:
        each.close()
    assert len(asked) == 2


def test_what_clients_ask_and_leave_has_a_bound_at_the_origin(
    door: Start, origin: Scripted
) -> None:
    running_now: set[Connection] = set()

    def serve(connection: Connection) -> None:
        connection.read_head()
        running_now.add(connection)
        connection.wait_closed(30)
        running_now.discard(connection)

    running = door(f'workers = 1\ncache = true\n[routes]\n"*" = "127.0.0.1:{origin(serve).port}"\n')
    for number in range(200):
        with socket.create_connection(("127.0.0.1", running.port)) as leaving:
            leaving.sendall(GET % (b"%d" % number, b""))
            time.sleep(0.002)
    running.wait_until(lambda: 0 < len(running_now) <= 70, "the end of the others")


def test_uploads_that_origins_have_taken_leave_room_for_others(
    door: Start, origin: Scripted
) -> None:
    """Bodies that came whole before the origin was reached were not acknowledged."""

    def serve(connection: Connection) -> None:
        while True:
            head = connection.read_head()
            connection.read_body(head)
            if b"/slow" in head:
                time.sleep(4)
            connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    running = door(f'h2c = true\n[routes]\n"*" = "127.0.0.1:{origin(serve).port}"\n')
    body = bytes(60_000)
    with H2Socket(running.port) as client:
        slow = [client.opens(b"/slow", method=b"POST", end=False) for _ in range(17)]
        for number in slow:
            client.says(number, body)
        began = time.monotonic()
        fast = client.opens(b"/fast", method=b"POST", end=False)
        client.says(fast, body)
        assert client.answered(fast).status == 204
        assert time.monotonic() - began < 3.0
        assert {client.answered(number).status for number in slow} == {204}


@pytest.mark.parametrize("size", [150_000, 2_000_000])
def test_a_body_that_is_damaged_while_the_door_runs_is_asked_for_anew(
    door: Start, origin: Scripted, size: int
) -> None:
    whole = b"a" * size

    def serve(connection: Connection) -> None:
        while True:
            connection.read_head()
            said = b"Cache-Control: max-age=600\r\nContent-Length: %d\r\n\r\n" % size
            connection.send(b"HTTP/1.1 200 OK\r\n" + said + whole)

    running = door(f'workers = 1\ncache = true\n[routes]\n"*" = "127.0.0.1:{origin(serve).port}"\n')
    for _ in range(3):
        assert ask(running, b"a")[1] == whole
    files = [each for each in running.folder.glob("cache/**/bodies/*/*") if each.is_file()]
    assert len(files) == 1
    files[0].chmod(0o600)
    with files[0].open("r+b") as file:
        file.seek(100_000)
        file.write(b"damage")
    head, body = ask(running, b"a")
    assert b"fwd=" in head
    assert body == whole
    assert b"; hit" in ask(running, b"a")[0]
