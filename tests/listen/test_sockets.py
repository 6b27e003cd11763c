"""Listening sockets: who gets which connections, and what is said where one cannot be bound."""

import contextlib
import errno
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from porch.listen import sockets
from porch.listen.address import ListenAddress
from porch.listen.sockets import bind, is_own, more, obstacle, spread, steer

LOCAL = ListenAddress(host="127.0.0.1")
FLAG = (socket.SOL_SOCKET, socket.SO_REUSEPORT)


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
def test_a_port_the_system_chose_is_that_of_all(host: str) -> None:
    socks = bind(ListenAddress(host=host), 3)
    ports = {sock.getsockname()[1] for sock in socks}
    assert len(ports) == 1
    assert 0 < ports.pop() < 65536
    close(socks)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_no_host_is_both_families(family: int) -> None:
    [sock] = bind(ListenAddress())
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.socket(family) as client:
        client.connect((host, sock.getsockname()[1]))
    sock.close()


def test_ipv6_alone_is_ipv6_alone() -> None:
    [sock] = bind(ListenAddress(host="::1"))
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

    monkeypatch.setattr(sockets, "_bind_tcp", fail)
    monkeypatch.setattr(sockets, "_bind_unix", fail)
    assert reason(address) == text


def test_a_foreign_address_is_really_not_available() -> None:
    assert "is not an address of this machine" in reason(ListenAddress(host="192.0.2.1", port=0))


def test_a_socket_file_left_behind_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    close(bind(ListenAddress(path=path)))
    assert os.path.exists(path)
    [again] = bind(ListenAddress(path=path))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    again.close()


def test_a_socket_file_in_use_is_left_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    [sock] = bind(ListenAddress(path=path))
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


# --- several sockets of one address -----------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", ""])
def test_connections_are_spread_over_the_sockets(host: str) -> None:
    socks = bind(ListenAddress(host=host), 2)
    got = shares(socks, 2000)
    assert sum(got) == 2000
    assert min(got) >= 900  # of 2000, so that no worker has less than 45 %
    close(socks)


def test_all_are_non_blocking_and_not_inherited() -> None:
    socks = bind(LOCAL, 2)
    assert [(sock.gettimeout(), sock.get_inheritable()) for sock in socks] == [(0.0, False)] * 2
    close(socks)


@pytest.mark.parametrize("count", [1, 3])
def test_a_second_door_does_not_join(count: int) -> None:
    socks = bind(LOCAL, count)
    port = socks[0].getsockname()[1]
    second = "from porch.listen.sockets import *; from porch.listen.address import *\n"
    second += f"bind(ListenAddress(host='127.0.0.1', port={port}), {count})"
    done = subprocess.run(
        [sys.executable, "-c", second], capture_output=True, text=True, timeout=30, check=False
    )
    assert f"127.0.0.1:{port} is in use by " in done.stderr
    assert f"(pid {os.getpid()}); stop it, or choose another port in listen" in done.stderr
    close(socks)


def test_a_door_does_not_join_a_program_that_would_share() -> None:
    with socket.socket() as other:
        other.setsockopt(*FLAG, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert "is in use" in reason(ListenAddress(host="127.0.0.1", port=port))


def test_two_doors_that_start_at_once_do_not_join() -> None:
    """Bound and not listening yet, the first does not keep the second from binding."""
    with socket.socket() as first:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first.bind(("127.0.0.1", 0))
        socks = bind(ListenAddress(host="127.0.0.1", port=first.getsockname()[1]), 2)
        with pytest.raises(OSError, match="in use"):
            first.listen()
        close(socks)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", ""])
def test_more_sockets_join_those_that_are_there(host: str) -> None:
    address = ListenAddress(host=host)
    socks = bind(address)
    socks += more(socks, address, 1)
    socks += more(socks, address, 2)
    assert min(shares(socks, 1000)) > 150
    close(socks)


def test_none_more_is_none_more() -> None:
    socks = bind(LOCAL)
    assert more(socks, LOCAL, 0) == []
    assert socks[0].getsockopt(*FLAG) == 0
    close(socks)


def test_ipv6_alone_stays_alone_when_spread() -> None:
    socks = bind(ListenAddress(host="::1"), 2)
    only = [sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) for sock in socks]
    assert only == [1, 1]
    close(socks)


# --- sockets that are shared ------------------------------------------------------------------


def test_a_unix_socket_is_one_that_all_share(tmp_path: Path) -> None:
    address = ListenAddress(path=str(tmp_path / "sock"))
    socks = bind(address, 2)
    socks += more(socks, address, 1)
    assert len({os.fstat(sock.fileno()).st_ino for sock in socks}) == 1
    assert [(sock.gettimeout(), sock.get_inheritable()) for sock in socks] == [(0.0, False)] * 3
    close(socks)


def test_everybody_may_connect_to_a_unix_socket_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        socks = bind(ListenAddress(path=str(tmp_path / "sock")), 1)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "sock").stat().st_mode) == 0o666
    close(socks)


def test_an_inherited_socket_is_spread() -> None:
    with inherited() as sock:
        socks = spread(sock, LOCAL, 3)
        assert socks[0] is sock
        assert sock.gettimeout() == 0.0
        assert not sock.get_inheritable()
        assert min(shares(socks, 1000)) > 200
        close(socks)


def test_where_the_kernel_refuses_siblings_one_socket_is_shared() -> None:
    with socket.socket() as blocker, socket.socket() as sock:
        for each in (blocker, sock):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        blocker.bind(("127.0.0.1", 0))
        sock.bind(blocker.getsockname())
        sock.listen()
        blocker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        socks = spread(sock, LOCAL, 3)
        assert len({os.fstat(each.fileno()).st_ino for each in socks}) == 1
        assert sock.getsockopt(*FLAG) == 0
        assert shares(socks, 10) == [10, 0, 0]
        close(socks)


def test_an_inherited_socket_alone_is_left_as_it_is() -> None:
    with inherited() as sock:
        assert spread(sock, LOCAL, 1) == [sock]
        assert sock.getsockopt(*FLAG) == 0


def test_without_descriptors_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Poor(socket.socket):
        def dup(self) -> Any:
            raise OSError(errno.EMFILE, "Too many open files")

    def refuse(*_: object) -> list[socket.socket]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(sockets, "_siblings", refuse)
    [sock] = bind(LOCAL)
    with Poor(fileno=sock.detach()) as poor, pytest.raises(OSError, match=r":0: Too many open"):
        more([poor], LOCAL, 2)


def inherited() -> socket.socket:
    """As a service manager makes them."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(2000)
    sock.set_inheritable(True)
    return sock


def shares(socks: Sequence[socket.socket], count: int) -> list[int]:
    """How many of `count` connections each of the sockets gets."""
    port = socks[0].getsockname()[1]
    host = "::1" if socks[0].getsockname()[0] == "::1" else "127.0.0.1"
    got = [0] * len(socks)
    for _ in range(0, count, 100):  # by the hundred: a machine may have few descriptors
        clients = [socket.create_connection((host, port)) for _ in range(min(count, 100))]
        for i, sock in enumerate(socks):
            got[i] += taken_by(sock)
        close(clients)
    return got


def taken_by(sock: socket.socket) -> int:
    taken = 0
    while True:
        try:
            accepted, _ = sock.accept()
        except BlockingIOError:
            return taken
        accepted.close()
        taken += 1


def close(socks: Sequence[socket.socket]) -> None:
    for sock in socks:
        sock.close()


def test_clients_can_be_steered_to_the_first_sockets_and_back() -> None:
    socks = bind(ListenAddress(host="127.0.0.1", port=0), 4)
    address = socks[0].getsockname()
    clients = []

    def waiting(count: int) -> list[int]:
        """How many of so many new clients came to each."""
        clients.extend(socket.create_connection(address) for _ in range(count))
        found = []
        for sock in socks:
            came = 0
            with contextlib.suppress(BlockingIOError):
                while True:
                    sock.accept()[0].close()
                    came += 1
            found.append(came)
        return found

    assert all(waiting(200))
    steer(socks[0], 2)
    first, second, *others = waiting(200)
    assert 60 < first < 140
    assert first + second == 200
    assert others == [0, 0]
    socks.pop().close()
    socks.pop().close()
    socks += more(socks, ListenAddress(host="127.0.0.1", port=0), 1)
    steer(socks[1], 3)
    assert all(waiting(200))
    for each in (*socks, *clients):
        each.close()


def test_a_single_socket_cannot_be_steered() -> None:
    (sock,) = bind(ListenAddress(host="127.0.0.1", port=0))
    assert not is_own(sock)
    with pytest.raises(OSError, match="Invalid"):
        steer(sock, 1)
    sock.close()


# --- what would stand in the way --------------------------------------------------------------


def test_a_free_port_has_no_obstacle_and_nobody_is_let_in_by_asking() -> None:
    [sock] = bind(LOCAL)
    port = sock.getsockname()[1]
    sock.close()
    assert obstacle(ListenAddress(host="127.0.0.1", port=port)) is None
    with socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(("127.0.0.1", port))


def test_the_obstacle_is_what_binding_says(taken: int) -> None:
    address = ListenAddress(host="127.0.0.1", port=taken)
    found = obstacle(address)
    assert found is not None
    assert (found.errno, found.strerror) == (errno.EADDRINUSE, reason(address))


def test_a_socket_file_is_left_as_it_is(tmp_path: Path) -> None:
    address = ListenAddress(path=str(tmp_path / "s"))
    assert obstacle(address) is None
    [sock] = bind(address)
    found = obstacle(address)
    assert found is not None
    assert found.errno == errno.EADDRINUSE
    sock.close()
    assert obstacle(address) is None
    assert (tmp_path / "s").exists()
    found = obstacle(ListenAddress(path=str(tmp_path / "none" / "s")))
    assert found is not None
    assert found.errno == errno.ENOENT
