"""Binding: what is bound, and what is said when it cannot be."""

import asyncio
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from porch.clock import Deadlines
from porch.listen import listener
from porch.listen.address import ListenAddress
from porch.listen.door import Door
from porch.listen.listener import Listener, bind
from tests.listen.test_door import Settings


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield int(sock.getsockname()[1])


def reason(address: ListenAddress) -> str:
    with pytest.raises(OSError, match=r".") as caught:
        bind(address)
    return caught.value.strerror or ""


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", ""])
def test_a_port_the_system_chose_is_known(host: str) -> None:
    made = Listener(ListenAddress(host=host), bind(ListenAddress(host=host)))
    assert 0 < made.port < 65536
    made.sock.close()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_no_host_is_both_families(family: int) -> None:
    sock = bind(ListenAddress())
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.socket(family) as client:
        client.connect((host, sock.getsockname()[1]))
    sock.close()


def test_ipv6_alone_is_ipv6_alone() -> None:
    sock = bind(ListenAddress(host="::1"))
    with socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(("127.0.0.1", sock.getsockname()[1]))
    sock.close()


def test_a_port_in_use_says_by_whom(taken: int) -> None:
    name = Path(f"/proc/{os.getpid()}/comm").read_text().strip()
    assert reason(ListenAddress(host="127.0.0.1", port=taken)) == (
        f"127.0.0.1:{taken} is in use by {name} (pid {os.getpid()}); "
        "stop it, or choose another port in listen"
    )


def test_a_holder_that_cannot_be_seen_is_left_out(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hidden(path: object) -> str:
        raise PermissionError

    monkeypatch.setattr(os, "readlink", hidden)
    assert reason(ListenAddress(host="127.0.0.1", port=taken)) == (
        f"127.0.0.1:{taken} is in use; stop it, or choose another port in listen"
    )


@pytest.mark.parametrize(
    ("number", "address", "text"),
    [
        (
            errno.EACCES,
            ListenAddress(port=80),
            ":80 needs more rights: ports below 1024 want root or CAP_NET_BIND_SERVICE; "
            'or listen = [":8080"]',
        ),
        (
            errno.EACCES,
            ListenAddress(path="/x/s"),
            "unix:/x/s: no right to make the socket file there",
        ),
        (
            errno.EADDRNOTAVAIL,
            ListenAddress(host="192.0.2.1", port=80),
            "192.0.2.1:80 is not an address of this machine; use one of its own in listen",
        ),
        (errno.ENOBUFS, ListenAddress(port=80), ":80: in its words"),
    ],
)
def test_each_failure_names_the_way_out(
    monkeypatch: pytest.MonkeyPatch, number: int, address: ListenAddress, text: str
) -> None:
    def fail(_: Any) -> socket.socket:
        raise OSError(number, "in its words")

    monkeypatch.setattr(listener, "_bind_tcp", fail)
    monkeypatch.setattr(listener, "_bind_unix", fail)
    assert reason(address) == text


def test_a_foreign_address_is_really_not_available() -> None:
    assert "is not an address of this machine" in reason(ListenAddress(host="192.0.2.1", port=0))


def test_a_socket_file_left_behind_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    bind(ListenAddress(path=path)).close()
    assert os.path.exists(path)
    again = bind(ListenAddress(path=path))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    again.close()


def test_a_socket_file_in_use_is_left_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    sock = bind(ListenAddress(path=path))
    assert reason(ListenAddress(path=path)).startswith(f"unix:{path} is in use")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    sock.close()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    path.write_text("precious")
    assert reason(ListenAddress(path=str(path))) == (
        f"unix:{path}: is a file, not a socket; name another in listen"
    )
    assert path.read_text() == "precious"


def test_a_listener_serves_until_it_is_closed(tmp_path: Path) -> None:
    address = ListenAddress(path=str(tmp_path / "sock"))

    async def main() -> None:
        door = Door(Settings(), Deadlines())
        made = Listener(address, bind(address))
        await made.start(door, None)
        reader, writer = await asyncio.open_unix_connection(address.path)
        writer.write(b"G@T\r\n\r\n")
        assert (await reader.readline()) == b"HTTP/1.1 400 Bad Request\r\n"
        writer.close()
        await writer.wait_closed()
        assert made.port == 0
        made.close()
        for session in door.sessions:
            session.close_now()

    asyncio.run(main())
    assert not os.path.exists(address.path)


def test_a_listener_that_never_started_closes_its_socket(tmp_path: Path) -> None:
    address = ListenAddress(host="127.0.0.1")
    made = Listener(address, bind(address))
    made.close()
    assert made.sock.fileno() == -1


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (ListenAddress(port=8080), ":8080"),
        (ListenAddress(host="::1", port=80), "[::1]:80"),
        (ListenAddress(host="127.0.0.1", port=8443, tls=True), "https://127.0.0.1:8443"),
        (ListenAddress(port=443, tls=True), ":443"),
        (ListenAddress(path="/run/porch.sock"), "unix:/run/porch.sock"),
    ],
)
def test_an_address_is_written_as_in_the_configuration(address: ListenAddress, text: str) -> None:
    assert str(address) == text
