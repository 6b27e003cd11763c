"""Stream: one message each way, whatever the version of HTTP.

The end of a message is a flag on its last piece. For HTTP/1 the connection is itself the Stream.
"""

from typing import Protocol

from porch.errors import PorchError
from porch.http.message import RequestHead, ResponseHead, Trailers

__all__ = ["Head", "Stream"]

Head = RequestHead | ResponseHead | Trailers


class Stream(Protocol):
    """What an exchange says to either side."""

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """Send a head, data, or both; `end` with the last piece.

        A head with data leaves in one write. A ResponseHead below 200 is interim and comes with
        no data. Trailers come alone, with `end`. With an empty piece that is not the end nothing
        happens.
        """

    def pause_reading(self) -> None:
        """Take no more bytes from this side until `resume_reading`."""

    def resume_reading(self) -> None:
        """Take bytes again."""

    def abort(self, error: PorchError) -> None:
        """Give the message up at once, so that the other end sees that it is not whole."""
