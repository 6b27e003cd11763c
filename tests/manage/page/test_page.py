"""The page at an admin door, on real sockets."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from porch.manage.columns import COLUMNS
from porch.manage.page.broadcast import MOST, Broadcast
from porch.manage.page.drawing import Drawing
from porch.manage.page.files import load
from porch.manage.page.page import EVENTS, Page
from porch.manage.tables import Tables
from porch.shared import SharedTable
from tests.manage.page.test_broadcast import PLAN
from tests.support.admin import ANN, ROB, Opened, asked

PATIENCE = 10.0


class Shown(Opened):
    """A door with nothing but the page; its supervisor answers at once."""

    def __init__(self) -> None:
        self.broadcast = Broadcast(self._tell, SharedTable(2, COLUMNS), Tables.of(2, 1024))
        super().__init__(offers=Page(self.broadcast).offers)

    def _tell(self, known: Any) -> None:
        drawing = Drawing(revision=(1, 1), plan=PLAN, now={"version": "1"}, workers=[])
        self.loop.call_soon(self.broadcast.on_drawing, drawing)

    def stream(self, token: str = ANN, size: int = 0) -> socket.socket:
        """A page that is open. size: of its buffer."""
        sock = socket.socket()
        if size:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        sock.settimeout(PATIENCE)
        sock.connect(("127.0.0.1", self.port))
        fields = {"Authorization": f"Bearer {token}"}
        sock.sendall(asked("GET", EVENTS.decode(), fields))
        return sock


@pytest.fixture(scope="module")
def door() -> Iterator[Shown]:
    with Shown() as opened:
        opened.within(opened.broadcast.start)
        yield opened
        opened.within(opened.broadcast.stop)


@pytest.fixture(autouse=True)
def alone(door: Shown) -> None:
    """Pages of the test before are noticed to be closed."""
    until = time.monotonic() + PATIENCE
    while door.broadcast.open and time.monotonic() < until:
        time.sleep(0.02)


def read_until(sock: socket.socket, text: bytes) -> bytes:
    found = b""
    while text not in found:
        data = sock.recv(65536)
        assert data, found
        found += data
    return found


def test_the_page_is_for_who_may_look_and_its_files_are_for_anybody(door: Shown) -> None:
    assert door.ask("GET", "/", token=ROB).body == load()["index.html"].body
    nobody = door.ask("GET", "/")
    assert (nobody.status, nobody.all("location")) == (303, ["/login"])
    answer = door.ask("GET", "/page.js")
    assert (answer.status, answer.body) == (200, load()["page.js"].body)
    (policy,) = answer.all("content-security-policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_events_come_while_the_page_is_open(door: Shown) -> None:
    with door.stream(ROB) as sock:
        found = read_until(sock, b"event: picture")
        head, _, body = found.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"content-type: text/event-stream" in head
        assert b"cache-control: no-store" in head
        plan = next(line for line in body.split(b"\n") if line.startswith(b"data: "))
        assert json.loads(plan[6:])["listeners"] == ["127.0.0.1:80"]
        read_until(sock, b"event: picture")


def test_nobody_who_may_not_look_gets_events(door: Shown) -> None:
    assert door.ask("GET", EVENTS.decode()).status == 401
    other = {"Sec-Fetch-Site": "cross-site"}
    assert door.ask("GET", EVENTS.decode(), other, token=ANN).status == 403


def test_who_asks_whether_there_are_events_opens_no_page(door: Shown) -> None:
    answer = door.ask("HEAD", EVENTS.decode(), token=ANN)
    assert (answer.status, answer.all("content-type")) == (200, ["text/event-stream"])
    assert door.broadcast.open == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"Connection": "upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"},
        {"Connection": "upgrade", "Upgrade": "h2c"},
        {"Connection": "upgrade", "Upgrade": "other"},
    ],
)
def test_who_asks_for_another_protocol_takes_no_place_for_ever(
    door: Shown, fields: dict[str, str]
) -> None:
    for _ in range(MOST + 1):
        with socket.create_connection(("127.0.0.1", door.port), PATIENCE) as sock:
            token = {"Authorization": f"Bearer {ANN}"}
            sock.sendall(asked("GET", EVENTS.decode(), token | fields))
            assert sock.recv(65536).startswith(b"HTTP/1.1 ")
    until = time.monotonic() + PATIENCE
    while door.broadcast.open and time.monotonic() < until:
        time.sleep(0.02)
    assert door.broadcast.open == 0


def test_one_page_too_many_is_told_so_and_has_room_when_another_closes(door: Shown) -> None:
    open_ = [door.stream() for _ in range(MOST)]
    for each in open_:
        read_until(each, b"event: picture")
    refused = door.ask("GET", EVENTS.decode(), token=ANN)
    assert refused.status == 503
    assert refused.all("retry-after") == ["10"]
    assert "pages are open" in refused.json["error"]
    open_.pop().close()
    until = time.monotonic() + PATIENCE
    while door.broadcast.open == MOST and time.monotonic() < until:
        time.sleep(0.02)
    with door.stream() as sock:
        read_until(sock, b"event: picture")
    for each in open_:
        each.close()
