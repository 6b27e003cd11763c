"""Messages of RFC 5424, as a receiver reads them."""

import os
import re
import socket
from pathlib import Path

import pytest

from porch.observe.json_lines import json_lines
from porch.observe.sink import Sink
from porch.observe.syslog import SHORT, syslog
from tests.support.ended import ended

MESSAGE = re.compile(
    rb"<(\d+)>1 (\S+) ([!-~]{1,255}) porch (\d+) access - (.*)", re.DOTALL
)  # RFC 5424 6


def read(message: bytes) -> bytes:
    """What it says; everything around that is as it must be."""
    found = MESSAGE.fullmatch(message)
    assert found is not None, message
    assert found[1] == b"134"
    assert re.fullmatch(rb"2023-11-14T22:30:00\.\d{3}Z", found[2])
    assert int(found[4]) == os.getpid()
    return found[5]


def test_a_socket_of_the_machine_gets_a_datagram_a_line(tmp_path: Path) -> None:
    place = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(place)
        receiver.settimeout(10)
        sink = Sink(syslog("syslog", "unix", place))
        sink.write(b"one\ntwo\n")
        assert [read(receiver.recv(999)), read(receiver.recv(999))] == [b"one", b"two"]
        sink.close()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_udp_gets_a_datagram_a_line(family: socket.AddressFamily) -> None:
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.socket(family, socket.SOCK_DGRAM) as receiver:
        receiver.bind((host, 0))
        receiver.settimeout(10)
        sink = Sink(syslog("syslog", "udp", host, receiver.getsockname()[1]))
        sink.write(b"one\n" + b"a" * 70_000 + b"\n")
        assert read(receiver.recv(99_999)) == b"one"
        cut = receiver.recv(99_999)
        assert len(cut) == SHORT
        assert read(cut).startswith(b"aaa")
        sink.close()


def messages_of(stream: bytes) -> list[bytes]:
    """Octet counting (RFC 6587 3.4.1)."""
    found = []
    while stream:
        length, _, rest = stream.partition(b" ")
        found.append(read(rest[: int(length)]))
        stream = rest[int(length) :]
    return found


def test_tcp_counts_octets_and_survives_a_receiver_that_comes_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        sink = Sink(syslog("syslog", "tcp", "127.0.0.1", server.getsockname()[1]))
        sink.write(b"one\ntwo\n")
        first, _ = server.accept()
        got = b""
        while got.count(b"access") < 2:
            got += first.recv(999)
        assert messages_of(got) == [b"one", b"two"]
        first.close()
        sink.write(b"three\n")
        second, _ = server.accept()
        with second:
            sink.close()
            got = b""
            while data := second.recv(999):
                got += data
        assert messages_of(got) == [b"three"]
        assert sink.lost == 0


def test_what_a_client_sends_makes_no_second_message(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sink = Sink(syslog("syslog", "tcp", "127.0.0.1", server.getsockname()[1]))
        sink.write(json_lines([ended(b"/a\n5 <134>1 - - - - - - forged\r\n\x1b[2J")]))
        accepted, _ = server.accept()
        with accepted:
            sink.close()
            got = b""
            while data := accepted.recv(9999):
                got += data
    (line,) = messages_of(got)
    assert not re.search(rb"[\x00-\x1f\x7f]", line)


def test_a_machine_whose_name_is_odd_is_nobody(monkeypatch, tmp_path: Path) -> None:
    place = str(tmp_path / "log")
    monkeypatch.setattr(os, "uname", lambda: type("Uname", (), {"nodename": "a b\n"}))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(place)
        wire = syslog("syslog", "unix", place)
        wire.send(b"one\n", 0)
        assert b"Z - porch " in receiver.recv(999)
        wire.close()
