"""A client's side without a client."""

from typing import TYPE_CHECKING

from porch.errors import ClientGone
from porch.http.message import ResponseHead
from porch.http.stream import Head
from porch.nobody import Nobody

if TYPE_CHECKING:
    from porch.keeper import ClientStream


class Noting(Nobody):
    """Notes what it is sent."""

    def __init__(self) -> None:
        self.peer = self.port = b""
        self.interim = self.trailers = True
        self.security = None
        self.heads: list[Head | None] = []

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        self.heads.append(head)


def test_it_is_a_client_and_takes_what_comes() -> None:
    one: ClientStream = Noting()
    one.pause_reading()
    one.resume_reading()
    one.accept(ResponseHead(200, []))
    one.abort(ClientGone("nobody minds"))
    one.finish(True)
    assert one.unsent() == 0


def test_no_file_is_sent_past_it_so_that_all_of_it_comes_as_data() -> None:
    one = Noting()
    head = ResponseHead(200, [], 5)
    assert one.send_file(0, 0, 5) == 0
    assert one.send_with_file(head, 0, 0, 5) == 0
    assert one.heads == [head]
