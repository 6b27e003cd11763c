"""A reload and an upgrade while bodies wait at the door: nothing is lost or cut."""

import gzip
import hashlib
import random
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Connection, Door, Origin, is_ended

BODY = random.Random(1).randbytes(6_000_000).hex().encode()
"""12 MB: more than sockets hold."""
SHORT = BODY[:3_000_000]
CODED = gzip.compress(BODY, 1)
SENT = random.Random(2).randbytes(600_000)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
ROUTES = """\
workers = 2
h2c = true
[routes]
"a.test/ahead" = {{ to = "127.0.0.1:{port}", buffer_response = "16MB" }}
"a.test/whole" = {{ to = "127.0.0.1:{port}", buffer_request = "64MB" }}
"a.test/paced" = {{ to = "127.0.0.1:{port}", bandwidth = "2MB/s", buffer_response = "16MB" }}
"a.test/coded" = {{ to = "127.0.0.1:{port}", compress = true }}
"""
OTHERS = 'workers = 2\nh2c = true\n[routes]\n"*" = "respond:404"\n'
"""Whoever comes later has nothing of what was there."""


def serve(connection: Connection) -> None:
    while True:
        head = connection.read_head()
        body = connection.read_body(head)
        if head.startswith((b"POST", b"PUT")):
            said = hashlib.sha256(body).hexdigest().encode()
            connection.send(OK + b"Content-Length: %d\r\n\r\n%b" % (len(said), said))
        elif b"/coded" in head:
            fields = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(CODED)
            connection.send(OK + fields + CODED)
        else:
            data = SHORT if b"/paced" in head else BODY
            connection.send(OK + b"Content-Length: %d\r\n\r\n" % len(data) + data)


class Reader:
    """Asks by HTTP/1.1 and reads nothing until it is asked to."""

    def __init__(self, door: Door, path: str) -> None:
        self.path = path
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(30)
        self._socket.connect(("127.0.0.1", door.port))
        words = "Host: a.test\r\nConnection: close\r\nAccept-Encoding: identity"
        self._socket.sendall(f"GET {path} HTTP/1.1\r\n{words}\r\n\r\n".encode())

    def check(self) -> None:
        with self._socket:
            data = b"".join(iter(lambda: self._socket.recv(1 << 20), b""))
        head, _, body = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), self.path
        if b"transfer-encoding" in head.lower():
            body = _dechunked(body)
        assert body == (SHORT if self.path == "/paced" else BODY), (self.path, len(body))


class Uploader:
    """Sends a part of a body, and the rest when it is asked to."""

    def __init__(self, door: Door) -> None:
        self._socket = door.connect()
        self._socket.settimeout(30)
        head = f"POST /whole HTTP/1.1\r\nHost: a.test\r\nContent-Length: {len(SENT)}\r\n\r\n"
        self._socket.sendall(head.encode() + SENT[:300_000])

    def check(self) -> None:
        with self._socket:
            self._socket.sendall(SENT[300_000:])
            said = b""
            while hashlib.sha256(SENT).hexdigest().encode() not in said:
                more = self._socket.recv(4096)
                assert more, said
                said += more


class Curl:
    """By HTTP/2, slowly."""

    def __init__(self, door: Door, path: str, *words: str, said: bytes = b"") -> None:
        self._said = said or (SHORT if path == "/paced" else BODY)
        self.path = path
        to = f"a.test:{door.port}:127.0.0.1:{door.port}"
        url = f"http://a.test:{door.port}{path}"
        all_words = ["--http2-prior-knowledge", "--max-time", "40", "--connect-to", to, *words]
        all_words += ["-H", "accept-encoding: identity"]
        self._process = subprocess.Popen(["curl", "-sS", *all_words, url], stdout=subprocess.PIPE)

    def check(self) -> None:
        said, _ = self._process.communicate(timeout=45)
        assert (self._process.returncode, said == self._said) == (0, True), (self.path, len(said))


def _dechunked(data: bytes) -> bytes:
    pieces = []
    while data:
        size, _, data = data.partition(b"\r\n")
        count = int(size, 16)
        pieces.append(data[:count])
        data = data[count + 2 :]
        if not count:
            break
    return b"".join(pieces)


@pytest.mark.parametrize("change", ["reload", "upgrade"])
def test_what_waits_at_the_door_outlives_it(
    origin: Callable[..., Origin], door: Callable[..., Door], tmp_path: Path, change: str
) -> None:
    started = door(ROUTES.format(port=origin(serve).port))
    sent = tmp_path / "sent"
    sent.write_bytes(SENT)
    slowly = ("--limit-rate", "4M")
    digest = hashlib.sha256(SENT).hexdigest().encode()
    clients = [
        *(Reader(started, path) for path in ("/ahead", "/paced", "/coded") for _ in range(2)),
        *(Uploader(started) for _ in range(2)),
        *(Curl(started, path, *slowly) for path in ("/ahead", "/paced", "/coded")),
        Curl(started, "/whole", "--limit-rate", "300K", "-T", str(sent), said=digest),
    ]
    time.sleep(0.7)  # all of them have begun, and none has ended
    before = started.workers
    listen = started.file.read_text(encoding="utf-8").partition("\n")[0]
    started.file.write_text(f"{listen}\n{OTHERS}", encoding="utf-8")
    if change == "reload":
        assert started.reload() == ""
    else:
        ran = started.porch("upgrade")
        assert ran.returncode == 0, ran.stderr
    with started.connect() as later:
        later.sendall(b"GET /ahead HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert later.recv(4096).startswith(b"HTTP/1.1 404")
    for each in clients:
        each.check()
    if change == "upgrade":
        started.wait_until(lambda: all(map(is_ended, before)), "the end of the workers of before")
    started.wait_until(lambda: started.log.count('"status":200') == len(clients), "the log")
    lines = [line for line in started.log.splitlines() if '"status":200' in line]
    assert all('"reason":null' in line for line in lines), started.log
    assert started.stop() == 0
