"""The admin door of a real door: what is taken from it in hostile ways, its document, its audit."""

import json
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from porch.manage.control.operations import OPERATIONS
from porch.manage.control.schema import wrong
from porch.shield.json_shape import Shape
from porch.shield.openapi_document import read_document
from porch.shield.openapi_operations import read_offer
from tests.e2e.conftest import PATIENCE, START, Door

CONFIG = '[routes]\n"*" = "respond:204"\n"a.test" = { to = ["127.0.0.1:1", "127.0.0.1:2"] }\n'
GET = b"GET /v1/orders HTTP/1.1\r\nHost: a\r\n\r\n"


def connected(door: Door) -> socket.socket:
    (path,) = (door.folder / "porch").glob("*.sock")
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(START)
    sock.connect(str(path))
    return sock


def said(sock: socket.socket) -> bytes:
    data = b""
    try:
        while piece := sock.recv(65536):
            data += piece
    except ConnectionResetError:
        pass  # it was told more than it wanted to know
    return data


def asked(door: Door, request: bytes) -> tuple[int, Any]:
    with connected(door) as sock:
        with suppress(BrokenPipeError):
            sock.sendall(request)
        head, _, body = said(sock).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def posted(name: str, body: bytes, more: bytes = b"Content-Type: application/json\r\n") -> bytes:
    head = b"POST /v1/%b HTTP/1.1\r\nHost: a\r\n%b" % (name.encode(), more)
    return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def test_its_document_is_read_by_a_reader_of_openapi_with_each_operation(door: Any) -> None:
    started = door(CONFIG)
    status, document = asked(started, GET.replace(b"orders", b"openapi.json"))
    assert (status, document["openapi"]) == (200, "3.1.0")
    read = read_document(json.dumps(document).encode())
    assert read_offer(read, base=None, read_only=False, shape=Shape())
    assert len(document["paths"]) == len(OPERATIONS)
    for name, operation in OPERATIONS.items():
        method = operation.method.encode()
        # Without words: what there is of it is answered, and nothing is a fault.
        if name in ("stop", "upgrade"):
            continue
        found, answer = asked(
            started, method + b" %b HTTP/1.1\r\nHost: a\r\n\r\n" % (operation.path.encode())
        )
        assert found in (200, 400, 409), (name, answer)
        if found == 200:
            assert wrong(operation.gives, answer) == "", (name, answer)
        needed = "required" in operation.takes
        assert (found == 400) is needed, (name, answer)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\r\n\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (posted("drain", b"{" * 1_000_000), 400),
        (posted("drain", b'{"endpoint":' + b"[" * 500_000), 400),
        (posted("drain", b'{"endpoint": "a", "endpoint": "b"}'), 400),
        (posted("drain", b'{"endpoint": "a", "wait": 1e999}'), 400),
        (posted("drain", b'{"endpoint": "a", "wait": NaN}'), 400),
        (posted("drain", b'{"endpoint": "%b"}' % (b"x" * 5000)), 400),
        (posted("drain", b'{"endpoint": "\\ud800\\u0000\\u001b[2J"}'), 404),
        (posted("drain", b'{"endpoint": "a"}', b"Content-Type: text/plain\r\n"), 415),
        (posted("drain", b"x" * (2 << 20)), 413),
        (posted("maintenance", b'{"route": "a.test", "on": true, "page": "/dev/zero"}'), 400),
        (posted("maintenance", b'{"route": "a.test", "on": true, "page": "\\u0000"}'), 400),
        (posted("maintenance", b'{"route": "a.test", "on": true, "for": 1e300}'), 400),
        (posted("maintenance", b'{"route": "a.test", "on": true, "allow": ["x"]}'), 400),
        (posted("purge", b'{"tags": ["\\ud800"]}'), 409),
        (posted("canary", b'{"route": "a.test", "on": true}'), 404),
        (GET.replace(b"orders", b"recent?marks=%7B%22%C2%B2%22:1%7D"), 200),
        (GET.replace(b"orders", b"recent?marks=%7B%221%22:-99999999999999999999999%7D"), 200),
        (GET.replace(b"orders", b"trace?id=%00%1b"), 409),
        (GET.replace(b"orders", b"kept?primary=zz"), 409),
        (GET.replace(b"orders", b"audit?most=99999999999999999999"), 200),
    ],
)
def test_what_is_hostile_is_answered_and_the_door_serves_on(
    served: Door, request_: bytes, status: int
) -> None:
    found, answer = asked(served, request_)
    assert (found, "error" in answer) == (status, status >= 400), answer
    assert asked(served, GET)[0] == 200
    assert "Traceback" not in served.errors


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    started = Door(folder, 'listen = ["127.0.0.1:0"]\n' + CONFIG)
    started.wait_ready()
    yield started
    started.stop()


def test_half_questions_by_the_thousand_keep_nobody_out(served: Door) -> None:
    with held(served, 1000, b"POST /v1/stop HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"):
        began = time.monotonic()
        assert asked(served, GET) == (200, {"orders": []})
        assert time.monotonic() - began < PATIENCE / 2
    assert served.process.poll() is None


@contextmanager
def held(door: Door, count: int, data: bytes) -> Iterator[None]:
    socks = []
    for _ in range(count):
        socks.append(connected(door))
        with suppress(BrokenPipeError):  # it has made room already
            socks[-1].sendall(data)
    yield
    for each in socks:
        each.close()


def test_who_waits_for_an_upgrade_is_answered_by_the_new_version_which_audits_it(door: Any) -> None:
    started = door(CONFIG)
    before = asked(started, GET)
    status, answer = asked(started, posted("upgrade", b""))
    assert (status, [*answer]) == (200, ["upgraded", "workers"])
    assert asked(started, GET) == before
    entries = [each for each in started.ask("audit")["entries"] if each["outcome"] != "begun"]
    assert [(each["what"], each["outcome"]) for each in entries] == [
        ("start", "done"),
        ("upgrade", "done"),
    ]
    assert f"process {started.process.pid}" not in entries[1]["who"]


def test_where_no_audit_can_be_written_the_change_is_made_said_and_counted(door: Any) -> None:
    started = door(CONFIG)
    file = Path(started.ask("status")["audit"]["file"])
    shutil.rmtree(file.parent)
    file.parent.touch()
    assert "drained" in started.ask("drain", endpoint="127.0.0.1:1")
    shown = started.ask("status")
    assert len(shown["orders"]) == shown["audit"]["lost"] == 1
    started.wait_until(lambda: "is in no audit" in started.errors, "the message")
    assert '"endpoint": "127.0.0.1:1"' in started.errors
    file.parent.unlink()
    started.process.send_signal(signal.SIGHUP)
    started.wait_until(lambda: "loaded again" in started.errors, "the reload")
    assert '"who": "signal SIGHUP"' in file.read_text(encoding="utf-8")
