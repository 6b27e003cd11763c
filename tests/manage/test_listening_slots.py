"""Real sockets, one a slot."""

import contextlib
import socket
from pathlib import Path

import pytest

from porch.listen.address import ListenAddress
from porch.manage.listening import Listening

ANY = ListenAddress(host="127.0.0.1")


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_each_slot_has_a_socket_of_its_own_on_one_port() -> None:
    listening = Listening()
    assert listening.open([ANY], 3) == [ANY]
    ports = {each.getsockname()[1] for each in listening.sockets[ANY]}
    assert len(listening.sockets[ANY]) == 3
    assert listening.names == [f"127.0.0.1:{ports.pop()}"]
    assert listening.of_slot(2)[ANY] is listening.sockets[ANY][2]
    listening.close_all()


def test_what_is_open_stays_and_more_slots_widen_it() -> None:
    listening = Listening()
    listening.open([ANY], 1)
    (first,) = listening.sockets[ANY]
    assert listening.open([ANY], 2) == []
    listening.widen(2)
    assert listening.sockets[ANY][0] is first
    (left,) = listening.narrow(1)
    assert left[0] == ANY
    assert listening.sockets[ANY] == [first]
    left[1].close()
    listening.close_all()


def test_nobody_comes_to_a_socket_before_its_worker_does_nor_when_that_has_left() -> None:
    listening = Listening()
    listening.open([ANY], 1)
    listening.widen(3)
    socks = listening.sockets[ANY]
    clients = [socket.create_connection(socks[0].getsockname()) for _ in range(60)]
    assert _waiting(socks) == [60, 0, 0]
    listening.use(3)
    clients += [socket.create_connection(socks[0].getsockname()) for _ in range(90)]
    assert all(_waiting(socks))
    kept = [*socks]
    left = listening.narrow(2)
    assert [each for _, each in left] == kept[2:]
    clients += [socket.create_connection(socks[0].getsockname()) for _ in range(60)]
    assert _waiting(kept)[2] == 0
    listening.close_all()
    for each in (*clients, *kept):
        each.close()


def _waiting(socks: list[socket.socket]) -> list[int]:
    """How many clients are accepted from each."""
    found = []
    for sock in socks:
        came = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                sock.accept()[0].close()
                came += 1
        found.append(came)
    return found


def test_an_address_in_use_leaves_nothing_open(tmp_path: Path) -> None:
    listening = Listening()
    path = ListenAddress(path=str(tmp_path / "sock"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="is in use"):
            listening.open([path, ListenAddress(host="127.0.0.1", port=port)], 2)
    assert listening.sockets == {}


def test_an_address_in_another_form_of_ours_is_told() -> None:
    listening = Listening()
    listening.open([ANY], 1)
    port = listening.sockets[ANY][0].getsockname()[1]
    fixed = ListenAddress(host="127.0.0.1", port=port)
    with pytest.raises(OSError, match=rf"in use.*\n.*itself listens on 127.0.0.1:{port}: restart"):
        listening.open([fixed], 1)
    listening.close_all()
    assert not is_open(port)


def test_inherited_sockets_are_taken_and_the_unwanted_dropped() -> None:
    mine, other = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    address = ListenAddress(host="127.0.0.1", port=mine.getsockname()[1])
    unwanted = ListenAddress(host="127.0.0.1", port=other.getsockname()[1])
    listening = Listening({address: [mine], unwanted: [other]})
    listening.open([address], 2)
    assert listening.sockets[address][0] is mine
    listening.drop_inherited()
    assert not is_open(unwanted.port)
    assert is_open(address.port)
    listening.close_all()


def test_a_unix_socket_of_ours_goes_with_its_file(tmp_path: Path) -> None:
    listening = Listening()
    listening.open([ListenAddress(path=str(tmp_path / "sock"))], 2)
    assert (tmp_path / "sock").exists()
    listening.close_all()
    assert not (tmp_path / "sock").exists()


def test_a_unix_socket_that_was_lent_keeps_its_file(tmp_path: Path) -> None:
    address = ListenAddress(path=str(tmp_path / "sock"))
    lent = socket.socket(socket.AF_UNIX)
    lent.bind(address.path)
    lent.listen()
    listening = Listening({address: [lent]}, lent=[address])
    listening.open([address], 1)
    listening.close_all()
    assert (tmp_path / "sock").exists()
