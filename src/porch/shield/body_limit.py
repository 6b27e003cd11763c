"""The size of a request's body, refused before it is sent or as soon as it is over.

RFC 9110 15.5.14. With Content-Length and `Expect: 100-continue` the upload never starts.
"""

from porch.errors import BodyTooLarge
from porch.exchange import Exchange
from porch.filter import Filter

__all__ = ["BodyLimit"]


class BodyLimit(Filter):
    """Answers 413 to a body of more than `most` bytes."""

    __slots__ = ("_most",)

    def __init__(self, most: int) -> None:
        self._most = most

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        length = exchange.request.length
        if (length or 0) > self._most or exchange.bytes_in > self._most:
            raise BodyTooLarge(f"over {self._most} bytes")

    def on_request_data(self, exchange: Exchange, data: bytes) -> bytes:
        """See Filter."""
        if exchange.bytes_in > self._most and not exchange.upgraded:
            raise BodyTooLarge(f"over {self._most} bytes")
        return data
