"""Sockets that a service manager passed: real ones on loopback, and a real exec."""

import fcntl
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from porch.config.address import parse_listen
from porch.manage.activation import FIRST, inherited, matching

ROOT = Path(__file__).parent.parent.parent


class Sockets:
    """Makes sockets as a .socket unit does, on ports of the system's choice."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porch")))

    def tcp(self, host: str, port: int = 0, *, both: bool = False) -> socket.socket:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.socket(family)
        self._stack.callback(made.close)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not both))
        made.bind((host, port))
        made.listen()
        return made

    def unix(self, name: str) -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        self._stack.callback(made.close)
        made.bind("\0" + name[1:] if name.startswith("@") else str(self.folder / name))
        made.listen()
        return made

    def raw(self, family: int, kind: int) -> socket.socket:
        made = socket.socket(family, kind)
        self._stack.callback(made.close)
        return made


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    with ExitStack() as stack:
        yield Sockets(stack)


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


# --- what was passed -------------------------------------------------------------------------

CHILD = """
import os, sys
from porch.manage.activation import FIRST, inherited
for place, descriptor in enumerate(sys.argv[1:], FIRST):
    os.dup2(int(descriptor), place)
os.environ["LISTEN_PID"] = str(os.getpid())  # known only now
found = inherited()
print([sock.getsockname()[1] for sock in found])
print([sock.get_inheritable() or sock.getblocking() for sock in found])
print([name for name in os.environ if name.startswith("LISTEN_")], inherited())
"""


def test_passed_sockets_are_taken_once_and_handed_to_no_child(sockets: Sockets) -> None:
    first, second = sockets.tcp("127.0.0.1"), sockets.tcp("127.0.0.1")
    ports = [port_of(first), port_of(second)]
    # Out of the way of the places that systemd puts them in.
    high = [fcntl.fcntl(each, fcntl.F_DUPFD, 20) for each in (first, second)]
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, high)],
        pass_fds=high,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=os.environ
        | {"PYTHONPATH": str(ROOT / "src"), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web:api"},
    )
    for each in high:
        os.close(each)
    assert (ran.stdout.splitlines(), ran.stderr) == ([str(ports), "[False, False]", "[] []"], "")


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "-1", "LISTEN_PID": str(os.getpid())},
        {"LISTEN_FDS": "", "LISTEN_PID": str(os.getpid())},
    ],
)
def test_what_is_meant_for_another_process_is_not_touched(environ: dict[str, str]) -> None:
    given = environ | {"PATH": "/bin"}
    assert inherited(given) == []
    assert given == {"PATH": "/bin"}


def test_a_descriptor_that_is_no_socket_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr("porch.manage.activation.FIRST", reading)
    with pytest.raises(OSError, match=r"descriptor \d+ of LISTEN_FDS is no socket"):
        inherited({"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
    os.close(reading)
    os.close(writing)
    assert FIRST == 3


# --- what it is for --------------------------------------------------------------------------


def test_each_address_gets_the_socket_that_has_its_name(sockets: Sockets) -> None:
    one, two = sockets.tcp("127.0.0.1"), sockets.tcp("::1")
    three = sockets.unix("porch.sock")
    addresses = [
        parse_listen(f"unix:{three.getsockname()}"),
        parse_listen(f"https://[::1]:{port_of(two)}"),
        parse_listen(f"127.0.0.1:{port_of(one)}"),
    ]
    found, warnings = matching([one, two, three], addresses)
    assert [found[each] for each in addresses] == [three, two, one]
    assert warnings == []


def test_a_unix_socket_is_found_by_a_path_through_a_link(sockets: Sockets) -> None:
    passed = sockets.unix("porch.sock")
    (sockets.folder / "run").symlink_to(sockets.folder)
    address = parse_listen(f"unix:{sockets.folder}/run/porch.sock")
    assert matching([passed], [address]) == ({address: passed}, [])


def test_an_address_that_was_not_passed_is_left_to_be_bound() -> None:
    assert matching([], [parse_listen(":8080")]) == ({}, [])


def test_port_0_never_means_a_passed_socket(sockets: Sockets) -> None:
    passed = sockets.tcp("127.0.0.1")
    found, warnings = matching([passed], [parse_listen("127.0.0.1:0")])
    assert (found, len(warnings)) == ({}, 1)


def test_a_port_alone_takes_the_socket_of_both_families(sockets: Sockets) -> None:
    passed = sockets.tcp("::", both=True)
    address = parse_listen(f":{port_of(passed)}")
    assert matching([passed], [address]) == ({address: passed}, [])


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("0.0.0.0", "takes IPv4 alone; ListenStream={port} in the .socket unit takes both"),
        ("::", "takes IPv6 alone; BindIPv6Only=both in the .socket unit takes both"),
    ],
)
def test_a_port_alone_takes_one_family_and_says_so(sockets: Sockets, host: str, says: str) -> None:
    passed = sockets.tcp(host)
    port = port_of(passed)
    address = parse_listen(f":{port}")
    found, warnings = matching([passed], [address])
    assert found == {address: passed}
    assert warnings == [f":{port} of the service manager {says.format(port=port)}"]


def test_one_family_is_all_that_a_machine_without_ipv6_has(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    passed = sockets.tcp("0.0.0.0")
    address = parse_listen(f":{port_of(passed)}")
    assert matching([passed], [address]) == ({address: passed}, [])


def test_both_families_apart_are_named_apart(sockets: Sockets) -> None:
    four = sockets.tcp("0.0.0.0")
    port = port_of(four)
    six = sockets.tcp("::", port)
    both = [parse_listen(f"0.0.0.0:{port}"), parse_listen(f"[::]:{port}")]
    assert matching([six, four], both) == ({both[0]: four, both[1]: six}, [])


def test_a_whole_address_goes_before_a_port_alone(sockets: Sockets) -> None:
    four = sockets.tcp("0.0.0.0")
    port = port_of(four)
    anywhere, exactly = parse_listen(f":{port}"), parse_listen(f"0.0.0.0:{port}")
    assert matching([four], [anywhere, exactly]) == ({exactly: four}, [])


def test_an_ipv6_socket_that_takes_ipv4_too_is_said(sockets: Sockets) -> None:
    passed = sockets.tcp("::", both=True)
    address = parse_listen(f"[::]:{port_of(passed)}")
    found, (warning,) = matching([passed], [address])
    assert found == {address: passed}
    assert warning.startswith(f"[::]:{port_of(passed)} of the service manager takes IPv4 too;")


# --- what does not fit -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "name"), [("127.0.0.1", "127.0.0.1:{}"), ("::1", "[::1]:{}"), ("::", "[::]:{}")]
)
def test_a_socket_that_nothing_asks_for_is_named_and_closed(
    sockets: Sockets, host: str, name: str
) -> None:
    passed = sockets.tcp(host)
    name = name.format(port_of(passed))
    assert matching([passed], []) == (
        {},
        [
            f"the service manager passes {name}, which no entry of listen asks for; closed. "
            f'Write "{name}" into listen, or take it out of the .socket unit'
        ],
    )
    assert passed.fileno() == -1


def test_what_it_tells_to_write_is_what_fits(sockets: Sockets) -> None:
    for host in ("0.0.0.0", "127.0.0.1", "::", "::1"):
        _, (warning,) = matching([made := sockets.tcp(host)], [])
        told = warning.split('"')[1]
        again = sockets.tcp(host)
        address = parse_listen(told.rpartition(":")[0] + f":{port_of(again)}")
        assert made.fileno() == -1
        assert matching([again], [address]) == ({address: again}, [])


def test_a_socket_passed_twice_serves_once(sockets: Sockets) -> None:
    one = sockets.tcp("127.0.0.1")
    two = sockets.tcp("127.0.0.1", port_of(one))
    address = parse_listen(f"127.0.0.1:{port_of(one)}")
    found, (warning,) = matching([one, two], [address, address])
    assert found == {address: one}
    assert warning == (
        f"the service manager passes {address} more than once; one is enough, this is closed"
    )
    assert two.fileno() == -1


def test_a_datagram_socket_is_refused(sockets: Sockets) -> None:
    passed = sockets.raw(socket.AF_INET, socket.SOCK_DGRAM)
    passed.bind(("127.0.0.1", 0))
    address = parse_listen(f"127.0.0.1:{port_of(passed)}")
    found, (warning,) = matching([passed], [address])
    assert found == {}
    assert warning == (
        f"a socket of the service manager, {address}, is not for streams: write ListenStream= in "
        "the .socket unit; closed"
    )
    assert passed.fileno() == -1


def test_a_connection_is_no_listener(sockets: Sockets) -> None:
    listening = sockets.tcp("127.0.0.1")
    with socket.create_connection(listening.getsockname()):
        passed, _ = listening.accept()
        _, (warning,) = matching([passed], [])
    assert "does not listen: write Accept=no in the .socket unit; closed" in warning


def test_a_socket_of_another_family_is_refused(sockets: Sockets) -> None:
    passed = sockets.raw(socket.AF_NETLINK, socket.SOCK_RAW)
    _, (warning,) = matching([passed], [])
    assert warning == (
        f"a socket of the service manager, of family {int(socket.AF_NETLINK)}, is neither of TCP "
        "nor of Unix; closed"
    )


def test_a_socket_without_a_path_is_refused(sockets: Sockets) -> None:
    name = f"@porch-test-{os.getpid()}"
    found, (warning,) = matching([sockets.unix(name)], [parse_listen(f"unix:/{name[1:]}")])
    assert found == {}
    assert warning.startswith(f"a socket of the service manager, unix:{name}, has no path")
