"""Logs of a real door: what goes to syslog, and what several logs have of the same requests."""

import json
import re
import socket
import threading
from contextlib import suppress
from typing import Any

from tests.support.echo import EchoOrigin
from tests.support.load import Load
from tests.support.ports import free_port

ROUTE = '[routes]\n"*" = "127.0.0.1:{port}"\n"*/dead" = "127.0.0.1:1"\n'


class Collector:
    """A receiver of RFC 5424 by TCP. messages: those that came, of all connections."""

    def __init__(self, port: int) -> None:
        self._server = socket.create_server(("127.0.0.1", port))
        self._streams: list[bytearray] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                accepted, _ = self._server.accept()
                threading.Thread(target=self._read, args=(accepted,), daemon=True).start()

    def _read(self, accepted: socket.socket) -> None:
        stream = bytearray()
        self._streams.append(stream)
        with accepted, suppress(OSError):
            while data := accepted.recv(65536):
                stream += data

    @property
    def messages(self) -> list[bytes]:
        found = []
        for stream in self._streams:
            rest = bytes(stream)
            while head := re.match(rb"(\d+) ", rest):
                end = head.end() + int(head[1])
                if end > len(rest):
                    break
                found.append(rest[head.end() : end])
                rest = rest[end:]
        return found

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


def test_a_syslog_that_comes_late_gets_every_line_and_holds_up_nobody(door: Any) -> None:
    port = free_port()
    with EchoOrigin() as origin:
        log = f'log = "syslog:tcp://127.0.0.1:{port}"\n'
        started = door("workers = 2\n" + log + ROUTE.format(port=origin.port))
        with Load(started.port, callers=10, rate=200) as load:
            load.answers(50)
            started.wait_until(lambda: "Connection refused" in started.errors, "the trouble")
            collector = Collector(port)
            load.answers(50)
            tally = load.finish()
        assert tally.harm == []
        started.wait_until(lambda: len(collector.messages) >= tally.answered, "all lines")
        assert started.stop() == 0
    lines = [message.partition(b" access - ")[2] for message in collector.messages]
    assert len(lines) == tally.answered
    assert {json.loads(line)["status"] for line in lines} == {200}
    assert started.errors.count("Connection refused; up to") <= 2, "once a worker"
    collector.close()


def test_several_logs_have_what_they_ask_for_of_the_same_requests(door: Any) -> None:
    with EchoOrigin() as origin:
        log = """\
log = [
    "file:all.log",
    { to = "file:failed.log", errors = true, fields = ["status", "slow", "request.x-a"] },
    { to = "file:short.log", status = "2xx", addresses = "short", format = "combined" },
]
"""
        started = door("workers = 2\n" + log + ROUTE.format(port=origin.port))
        for path in ("/", "/dead", "/ms/1"):
            with started.connect() as connection:
                head = f'GET {path} HTTP/1.1\r\nHost: a.test\r\nX-A: "%s\xe9\r\n'
                connection.sendall(head.encode("latin-1") + b"Connection: close\r\n\r\n")
                while connection.recv(4096):
                    pass
        assert started.stop() == 0
    texts = {name: (started.folder / f"{name}.log").read_text() for name in ("all", "short")}
    failed = (started.folder / "failed.log").read_text()
    assert texts["all"].count("\n") == 3
    assert [line.split()[0] for line in texts["short"].splitlines()] == ["127.0.0.0"] * 2
    assert json.loads(failed)["status"] == 502
    assert failed.isascii()
    assert json.loads(failed)["request.x-a"] == '"%s\\xe9'
