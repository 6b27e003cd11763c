"""What keeps its place while it runs."""

import socket
from typing import Any

from porch.listen.crowd_seats import Seats
from porch.manage.seated import Seated


class Asked:
    """An exchange of the connection with this descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.client = self
        self.descriptor = lambda: descriptor


def asked(descriptor: int) -> Any:
    return Asked(descriptor)


def test_what_runs_keeps_its_place_until_it_ends_and_what_never_began_ends_too() -> None:
    seats = Seats(lambda text, about: None)
    seated = Seated(seats)
    ours, far = socket.socketpair()
    with ours, far:
        seats.take(ours, b"a")
        running, never = asked(ours.fileno()), asked(ours.fileno())
        seated.on_request(running)
        seated.on_end(never)
        assert not seats.make_room(b"a")
        seated.on_end(running)
        seated.on_end(running)
        assert seats.make_room(b"a")


def test_a_connection_that_has_no_seat_is_none() -> None:
    seated = Seated(Seats(lambda text, about: None))
    nobody = asked(-1)
    seated.on_request(nobody)
    seated.on_end(nobody)
