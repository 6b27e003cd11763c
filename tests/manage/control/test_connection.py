"""A connection of the control socket: a real pair of sockets and a real loop."""

import gc
import json
import socket
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from porch.manage.control import connection as module
from porch.manage.control.connection import ControlConnection, encoded
from porch.manage.control.document import document
from porch.manage.control.operating import Reply
from porch.manage.control.operations import OPERATIONS
from porch.manage.loop import Loop

GET = b"GET /v1/status HTTP/1.1\r\nHost: a\r\n\r\n"


class Asker:
    """Whoever asks, and the door at the other end. asked: what came through."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(5)
        theirs.setblocking(False)
        self.asked: list[tuple[Any, ...]] = []
        self.replies: list[Reply] = []
        self.left: list[str] = []
        self.ended: list[ControlConnection] = []
        self.connection = ControlConnection(
            theirs, "ann", self.operate, self.loop, self.ended.append
        )

    def operate(self, name: str, words: Any, who: str, if_match: Any, reply: Reply, _: Any) -> Any:
        self.asked.append((name, words, who, if_match))
        self.replies.append(reply)
        return lambda: self.left.append(name)

    def turn(self, seconds: float = 0.02) -> None:
        self.loop.turns(seconds)

    def ask(self, data: bytes) -> None:
        self.sock.sendall(data)
        self.turn()

    def answered(self) -> tuple[int, dict[str, str], Any]:
        data = b""
        self.sock.settimeout(0.05)
        for _ in range(400):  # the door is in this thread: it must have its turns meanwhile
            with suppress(TimeoutError):
                if not (chunk := self.sock.recv(65536)):
                    break
                data += chunk
            self.turn(0)
        head, _, body = data.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        found = {name.lower(): value for name, value in (each.split(": ") for each in fields)}
        assert int(found["content-length"]) == len(body) or not body
        return int(line.split()[1]), found, json.loads(body) if body else None

    def close(self) -> None:
        self.sock.close()
        if not self.ended:
            self.connection.end()
        self.loop.close()


@pytest.fixture
def asker() -> Iterator[Asker]:
    made = Asker()
    yield made
    made.close()


def test_a_request_is_asked_and_answered_with_nothing_to_be_kept(asker: Asker) -> None:
    asker.ask(GET)
    assert asker.asked == [("status", {}, "ann", ())]
    asker.replies[0](200, {"pid": 7}, '"a-1"')
    status, fields, answer = asker.answered()
    assert (status, answer) == (200, {"pid": 7})
    assert (fields["etag"], fields["cache-control"]) == ('"a-1"', "no-store")
    assert (fields["connection"], fields["content-type"]) == ("close", "application/json")
    assert asker.ended == [asker.connection]


def test_what_is_over_goes_without_a_collection() -> None:
    """What lives while a reload is made is frozen, and never looked at by a collection again."""
    loop = Loop()
    mine, theirs = socket.socketpair()
    theirs.setblocking(False)
    replies: list[Reply] = []

    def operate(*asked: Any) -> Any:
        reply: Reply = asked[4]
        replies.append(reply)
        return lambda: replies.remove(reply)  # who asks and what is asked know each other

    connection = ControlConnection(theirs, "ann", operate, loop, lambda _: None)
    seen = weakref.ref(connection)
    gc.disable()
    try:
        mine.sendall(GET)
        loop.turns(0.02)
        replies.pop()(200, {}, "")
        del connection
        assert seen() is None
    finally:
        gc.enable()
        mine.close()
        loop.close()


def test_a_request_may_come_in_pieces(asker: Asker) -> None:
    body = b'{"endpoint": "a:1"}'
    head = b"POST /v1/drain HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    for each in (head + b"Content-Length: %d\r\n\r\n" % len(body) + body).partition(b"HTTP"):
        asker.ask(each[:3])
        asker.ask(each[3:])
    assert asker.asked == [("drain", {"endpoint": "a:1"}, "ann", ())]


def test_an_empty_revision_is_refused(asker: Asker) -> None:
    asker.ask(
        b"POST /v1/reload HTTP/1.1\r\nHost: a\r\nIf-Match:\r\n"
        b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert asker.asked == []
    assert asker.answered()[0] == 400


def test_who_waits_to_be_told_to_go_on_is_told(asker: Asker) -> None:
    asker.ask(
        b"POST /v1/drain HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )
    assert asker.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    asker.ask(b"{}")
    assert asker.asked[0][:2] == ("drain", {})


def test_who_leaves_before_he_is_told_to_go_on_is_forgotten(asker: Asker) -> None:
    asker.sock.sendall(
        b"POST /v1/drain HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )
    asker.sock.close()
    asker.turn()
    assert asker.ended == [asker.connection]


def test_a_head_is_answered_without_a_body(asker: Asker) -> None:
    asker.ask(GET.replace(b"GET", b"HEAD"))
    asker.replies[0](200, {"pid": 7}, "")
    assert asker.answered()[::2] == (200, None)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\x00\x01\x02\r\n\r\n", 400),
        (b'{"command": "status"}\r\n\r\n', 400),
        (b"GET /v1/status HTTP/1.1\r\n\r\n", 400),
        (b"GET /v1/status HTTP/1.1\nHost: a\n\n", 400),
        (b"GET /v1/status HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"TRACE /v1/status HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405),
        (b"DELETE /v1/status HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET /" + b"x" * 70_000, 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 100_000, 431),
        (b"POST /v1/stop HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST /v1/stop HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", 413),
        (b"POST /v1/stop HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 415),
        (b"POST /v1/stop HTTP/1.1\r\nHost: a\r\nOrigin: null\r\nContent-Length: 0\r\n\r\n", 403),
        (b"GET /v1/status HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: none\r\n\r\n", 403),
        (b"GET /v1/status HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n", 417),
    ],
)
def test_what_asks_for_nothing_is_answered_with_why(
    asker: Asker, request_: bytes, status: int
) -> None:
    asker.ask(request_)
    found, fields, answer = asker.answered()
    assert found == status
    assert answer["error"].startswith("porch: ")
    assert asker.asked == []
    if status == 405:
        assert "GET" in fields["allow"]


def test_a_refusal_is_read_by_who_sends_on(asker: Asker) -> None:
    asker.ask(b"POST /v1/stop HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
    for _ in range(3):
        asker.ask(b"x" * 1000)
    assert asker.answered()[0] == 413


def test_who_sends_on_without_an_end_is_cut_off(asker: Asker) -> None:
    asker.ask(GET)
    for _ in range(40):
        try:
            asker.ask(b"x" * 65536)
        except OSError:
            break
    assert asker.ended
    assert len(asker.asked) == 1


def test_a_second_request_of_a_connection_is_not_read(asker: Asker) -> None:
    asker.ask(GET + GET)
    asker.ask(GET)
    assert len(asker.asked) == 1


@pytest.mark.parametrize("begun", [b"", b"GET /v1", b"GET /v1/status HTTP/1.1\r\n"])
def test_who_is_slow_is_left(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASKING", 0.02)
    asker = Asker()
    asker.ask(begun)
    asker.turn(0.05)
    assert asker.ended
    asker.close()


def test_who_takes_no_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TAKING", 0.02)
    asker = Asker()
    asker.ask(GET)
    asker.replies[0](200, {"all": "x" * 3_000_000}, "")
    asker.turn(0.05)
    assert asker.ended
    asker.close()


def test_who_has_left_is_answered_nothing(asker: Asker) -> None:
    asker.ask(GET)
    asker.sock.close()
    asker.turn()
    assert asker.ended
    assert asker.left == ["status"]
    asker.replies[0](200, {}, "")


def test_who_was_answered_has_not_left(asker: Asker) -> None:
    asker.ask(GET)
    asker.replies[0](200, {}, "")
    asker.turn()
    assert (len(asker.ended), asker.left) == (1, [])


def test_a_question_of_before_an_upgrade_is_only_answered(asker: Asker) -> None:
    asker.connection.await_answer()
    asker.ask(GET)
    assert asker.asked == []
    asker.connection.reply(200, {"upgraded": "2"}, "")
    assert asker.answered()[2] == {"upgraded": "2"}


def test_an_answer_has_no_line_of_who_asks() -> None:
    head, body = encoded(404, {"error": "a\r\nb"}, "", "GET")
    assert b"\r\nAllow: GET\r\n" in head
    assert body == b'{"error": "a\\r\\nb"}\n'


@pytest.mark.parametrize("path", ["/v1/status", "/v1/drain"])
@pytest.mark.parametrize(
    ("line", "fields", "status"),
    [
        ("{method} {path} HTTP/1.1", "Host: a\r\nHost: b", 400),
        ("{method} {path} HTTP/1.1", "Host: a\r\nOrigin: null", 403),
        ("PUT {path} HTTP/1.1", "Host: a", 405),
        ("{method} {path} HTTP/1.1", "Host: a\r\nTransfer-Encoding: chunked", 411),
        ("{method} {path} HTTP/1.1", "Host: a\r\nContent-Length: 2000000", 413),
        ("{method} {path}?" + "x" * 70_000 + " HTTP/1.1", "Host: a", 414),
        ("{method} {path} HTTP/1.1", "Host: a\r\nExpect: 200-ok", 417),
        ("{method} {path} HTTP/1.1", "Host: a\r\nX: " + "x" * 90_000, 431),
        ("{method} {path} HTTP/2.0", "Host: a", 505),
    ],
)
def test_each_refusal_stands_in_the_document(
    asker: Asker, path: str, line: str, fields: str, status: int
) -> None:
    method = "GET" if path == "/v1/status" else "POST"
    asker.ask(f"{line.format(method=method, path=path)}\r\n{fields}\r\n\r\n".encode())
    assert asker.answered()[0] == status
    responses = document("1")["paths"][path][method.lower()]["responses"]
    assert str(status) in responses


def test_only_what_is_a_change_can_be_of_another_kind_or_revision(asker: Asker) -> None:
    head = "POST /v1/drain HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
    asker.ask(f"{head}Content-Type: text/plain\r\n\r\n{{}}".encode())
    assert asker.answered()[0] == 415
    paths = document("1")["paths"]
    for each in OPERATIONS.values():
        responses = paths[each.path][each.method.lower()]["responses"]
        assert ("412" in responses, "415" in responses) == (each.changes, each.changes)
        assert ("502" in responses) is (each.name == "renew")
