"""Who has to go where few may sit."""

import socket
from collections.abc import Iterator

import pytest

from porch import clock
from porch.listen.crowd_seats import Seats


class Room:
    """Seats, and pairs of sockets that sit there."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.seats = Seats(lambda text, about: self.said.append(text))
        self.pairs: list[tuple[socket.socket, socket.socket]] = []

    def come(self, client: bytes = b"a") -> socket.socket:
        ours, far = socket.socketpair()
        far.setblocking(False)
        self.pairs.append((ours, far))
        self.seats.take(ours, client)
        return ours

    @property
    def gone(self) -> list[int]:
        """Whose other end has heard that it is over, by the order in which they came."""
        return [number for number, (_, far) in enumerate(self.pairs) if is_over(far)]


def is_over(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(clock, "now", 1000.0)
    made = Room()
    yield made
    for pair in made.pairs:
        for each in pair:
            each.close()


def test_the_one_that_came_first_goes_first_and_each_newcomer_takes_another(room: Room) -> None:
    for _ in range(3):
        room.come()
    assert room.seats.make_room(b"a")
    assert room.gone == [0]
    assert room.seats.make_room(b"a")
    assert room.gone == [0, 1]
    assert room.said[0] == "3 connections are open: those that ask nothing are closed for others"


def test_nobody_goes_for_a_client_of_another_address(room: Room) -> None:
    room.come(b"b")
    assert not room.seats.make_room(b"a")
    assert room.gone == []


def test_for_the_whole_door_one_goes_of_the_client_that_has_most(room: Room) -> None:
    room.come(b"newcomer")
    floods = [(number, room.come(b"flood %d" % (number % 3))) for number in range(9)]
    for number, sock in floods[:6]:
        assert room.seats.make_room()
        assert room.gone == [each + 1 for each in range(number + 1)], "who came first stays"
        room.seats.leave(sock)


def test_what_is_held_counts_for_no_flood(room: Room) -> None:
    for _ in range(3):
        room.seats.hold(room.come(b"a page").fileno())
    for client in (b"a page", b"b", b"b"):
        room.come(client)
    assert room.seats.make_room()
    assert room.gone == [4]


def test_what_is_held_stays_and_is_the_last_to_go_when_it_is_released(room: Room) -> None:
    one = room.seats.hold(room.come().fileno())
    room.come()
    assert one is not None
    assert room.seats.make_room(b"a")
    assert room.gone == [1]
    assert not room.seats.make_room(b"a")
    room.come()
    room.seats.release(one)
    assert room.seats.make_room(b"a")
    assert room.gone == [1, 2]
    assert room.seats.make_room(b"a")
    assert room.gone == [0, 1, 2]


def test_what_runs_twice_on_one_is_released_twice(room: Room) -> None:
    descriptor = room.come().fileno()
    holds = [room.seats.hold(descriptor) for _ in range(2)]
    for each in holds:
        assert not room.seats.make_room(b"a")
        assert each is not None
        room.seats.release(each)
    assert room.seats.make_room(b"a")


def test_who_has_left_is_not_known_and_the_next_of_its_number_is_another(room: Room) -> None:
    sock = room.come()
    held = room.seats.hold(sock.fileno())
    room.seats.leave(sock)
    assert room.seats.hold(sock.fileno()) is None
    room.seats.take(sock, b"a")
    assert held is not None
    room.seats.release(held)
    assert room.seats.make_room(b"a")


def test_for_the_whole_door_one_goes_at_a_time_unless_it_hangs(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    socks = [room.come(client) for client in (b"a", b"b", b"", b"c")]
    assert room.seats.make_room()
    assert room.seats.make_room()
    assert room.gone == [0]
    room.seats.leave(socks[0])
    assert room.seats.make_room()
    assert room.gone == [0, 1]
    monkeypatch.setattr(clock, "now", 1000.25)
    assert room.seats.make_room()
    assert room.gone == [0, 1, 2]
