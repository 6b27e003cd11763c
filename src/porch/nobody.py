"""Nobody: a client's side behind which there is none who reads, waits or asks for a tunnel.

What fills a store, takes a copy or tries a configuration out is answered as a client is, and is
derived from this.
"""

from typing import TYPE_CHECKING

from porch.http.message import ResponseHead
from porch.http.stream import Head

if TYPE_CHECKING:
    from porch.errors import PorchError
    from porch.exchange import Exchange

__all__ = ["Nobody"]


class Nobody:
    """See keeper.ClientStream. It takes all that is sent."""

    __slots__ = ()

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""

    def pause_reading(self) -> None:
        """See Stream: the request is whole."""

    def resume_reading(self) -> None:
        """See Stream."""

    def abort(self, error: "PorchError") -> None:
        """See Stream: nobody minds."""

    def is_read(self) -> bool:
        """See ClientStream: nobody sends."""
        return False

    def descriptor(self) -> int:
        """See ClientStream: there is none."""
        return -1

    def unsent(self) -> int:
        """See ClientStream: nothing waits."""
        return 0

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        """See ClientStream: what comes is data."""
        return 0

    def send_with_file(self, head: ResponseHead, descriptor: int, first: int, size: int) -> int:
        """See ClientStream."""
        self.send(head, b"", False)
        return 0

    def accept(self, head: ResponseHead) -> None:
        """See ClientStream: nobody asks for a tunnel."""

    def turn_to(self, exchange: "Exchange") -> None:
        """See ClientStream: nobody comes between."""

    def finish(self, request_done: bool) -> None:
        """See ClientStream: nothing follows."""
