"""A service that decides, by a real door: connections that are used again, what it tells the
client, and that nobody comes in where it is dead, slow or talks rubbish."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic

import pytest

from tests.e2e.conftest import PATIENCE, Door

Start = Callable[..., Door]
Answered = tuple[int, bytes, list[tuple[str, str]]]


class Authority(ThreadingHTTPServer):
    """Lets in who has a cookie, and counts who connects. Also the origin, which answers with what
    it got. mode: how it fails."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connections: set[object] = set()
        self.asked: list[dict[str, str]] = []
        self.mode = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Authority

    def do_GET(self) -> None:
        fields = {name.lower(): value for name, value in self.headers.items()}
        if self.path != "/check":
            cookies = [("set-cookie", "sid=of-origin"), ("set-cookie", "theme=dark")]
            self._answer(200, json.dumps(fields).encode(), *cookies)
            return
        self.server.asked.append(fields)
        self.server.connections.add(self.client_address)
        if self.server.mode == "slow":
            self.connection.recv(1)  # until the door has enough of it
        elif self.server.mode == "garbage":
            self.wfile.write(b"220 mail.test ESMTP\r\n\r\n")
        elif self.server.mode == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nremote-user: ann\r\ncontent-length: 9\r\n\r\nx")
            self.close_connection = True
        elif self.server.mode == "more":
            self.wfile.write(b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n" + _IN)
        elif "sid=" in fields.get("cookie", ""):
            given = ("set-cookie", "sid=new; Path=/"), ("x-left", "9"), ("x-secret", "s")
            self._answer(200, b"", ("remote-user", "ann"), *given)
        else:
            self._answer(401, b"who?")

    def _answer(self, status: int, body: bytes, *fields: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*fields, ("content-length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


_IN = b"HTTP/1.1 200 OK\r\nremote-user: ann\r\ncontent-length: 0\r\n\r\n"


@pytest.fixture
def authority() -> Iterator[Authority]:
    with Authority() as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


CONFIG = """
workers = 1
[routes."a.test"]
to = "127.0.0.1:{port}"
auth = {{ forward = {{ url = "http://127.0.0.1:{check}/check", timeout = "1s"{more} }} }}
"""


def serving(door: Start, authority: Authority, more: str = "", check: int = 0) -> Door:
    port = authority.server_port
    return door(CONFIG.format(port=port, check=check or port, more=more))


def get(door: Door, cookie: str = "sid=1", **more: str) -> Answered:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE)
    connection.request("GET", "/", headers={"host": "a.test", "cookie": cookie} | more)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, [(name.lower(), value) for name, value in answer.getheaders()]


@pytest.mark.parametrize(
    ("words", "heard"),
    [("", "Bearer secret"), ("headers = { request = { Authorization = false } }", None)],
)
def test_what_it_goes_by_reaches_the_origin_unless_the_route_takes_it_off(
    door: Start, authority: Authority, words: str, heard: str | None
) -> None:
    port = authority.server_port
    found = door(CONFIG.format(port=port, check=port, more="") + words)
    status, body, _ = get(found, authorization="Bearer secret")
    assert status == 200
    assert authority.asked[0]["authorization"] == "Bearer secret"
    assert json.loads(body).get("authorization") == heard


def test_its_connections_are_used_again(door: Start, authority: Authority) -> None:
    found = serving(door, authority)
    assert [get(found)[0] for _ in range(30)] == [200] * 30
    assert [get(found, "x=1")[0] for _ in range(5)] == [401] * 5
    assert len(authority.asked) == 35
    assert len(authority.connections) <= 2, "one, and another if that was away for 4 s"


def test_fields_that_are_named_reach_the_client_in_place_of_the_origins(
    door: Start, authority: Authority
) -> None:
    found = serving(door, authority, ', give = ["Set-Cookie", "X-Left"]')
    status, _, fields = get(found)
    assert status == 200
    assert [value for name, value in fields if name == "set-cookie"] == [
        "theme=dark",
        "sid=new; Path=/",
    ]
    assert ("x-left", "9") in fields
    assert ("cache-control", "private") in fields
    assert "x-secret" not in dict(fields)
    plain = serving(door, authority)
    cookies = [value for name, value in get(plain)[2] if name == "set-cookie"]
    assert cookies == ["sid=of-origin", "theme=dark"], "nothing is given that is not named"


def test_neither_it_nor_the_origin_gets_the_doors_own_cookies(
    door: Start, authority: Authority
) -> None:
    found = serving(door, authority)
    assert get(found, "porch-login-x=1; sid=1; __Host-porch-login-y=2")[0] == 200
    assert authority.asked[-1]["cookie"] == "sid=1"


@pytest.mark.parametrize("mode", ["slow", "garbage", "cut"])
def test_one_that_fails_lets_nobody_in_and_the_next_question_is_answered(
    door: Start, authority: Authority, mode: str
) -> None:
    found = serving(door, authority)
    assert get(found)[0] == 200
    authority.mode = mode
    began = monotonic()
    for _ in range(2):
        status, body, _ = get(found)
        assert status == 503
        assert b"gives no answer" not in body, "what is behind the door is not told"
    assert monotonic() - began < PATIENCE
    authority.mode = ""
    assert get(found)[0] == 200


def test_what_it_says_more_than_was_asked_is_nobodys_answer(
    door: Start, authority: Authority
) -> None:
    found = serving(door, authority)
    authority.mode = "more"
    assert [get(found, "x=1")[0] for _ in range(4)] == [401] * 4
    authority.mode = ""
    assert get(found, "x=1")[0] == 401


def test_one_that_is_dead_lets_nobody_in(door: Start, authority: Authority) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        found = serving(door, authority, check=taken.getsockname()[1])
        assert get(found)[0] == 503
