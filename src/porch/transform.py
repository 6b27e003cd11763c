"""Transforms: bodies of answers that are changed on their way to the client.

Only an exchange for which a hook asked has one, and then its client stands behind it: nobody else
pays even for the question.
"""

from functools import partial
from typing import TYPE_CHECKING, Protocol

from porch.errors import InternalError, PorchError
from porch.http.message import ResponseHead, Trailers
from porch.http.stream import Head

if TYPE_CHECKING:
    from porch.exchange import Exchange
    from porch.keeper import ClientStream, Security

__all__ = ["Transform", "Transformed", "transform"]


class Transform(Protocol):
    """Changes one answer, piece by piece."""

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        """What goes on in place of a piece, which has the same `end`. trailers: with the last one
        alone, if at all; there may be data and trailers in what is returned."""


def transform(exchange: "Exchange", change: Transform) -> None:
    """From now on the answer goes through `change`, behind those that were asked for before.

    For `on_response` of a filter, which has to change the head too: with another length it is
    `length = None`, without content-length. An answer that comes in its place because a later hook
    raised goes through none.
    """
    client = exchange.client
    if not isinstance(client, Transformed):
        client = exchange.client = Transformed(exchange, client)
    client.add(change)


class Transformed:
    """The client's Stream, behind transforms. See keeper.ClientStream.

    What a transform raises is a defect: it is reported, and the answer is cut short.
    """

    __slots__ = (
        "_changes",
        "_client",
        "_error",
        "_exchange",
        "_response",
        "interim",
        "peer",
        "port",
        "security",
        "trailers",
    )

    def __init__(self, exchange: "Exchange", client: "ClientStream") -> None:
        self._exchange = exchange
        self._client = client
        self._changes: list[Transform] = []
        self._response: ResponseHead | None = None
        self._error: PorchError | None = None
        self.peer = client.peer
        self.port = client.port
        self.interim = client.interim
        self.trailers = client.trailers
        self.security: Security | None = client.security

    def __repr__(self) -> str:
        return f"<Transformed {self._client!r} {len(self._changes)} transforms>"

    def add(self, change: Transform) -> None:
        """One more, of the answer that the exchange has now."""
        if self._response is not self._exchange.response:
            self._response = self._exchange.response
            self._changes = []
        self._changes.append(change)

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""
        if self._error is not None:
            return
        if isinstance(head, ResponseHead) and head is not self._response:
            if head.status >= 200:
                self._changes = []
            self._client.send(head, data, end)
            return
        trailers = head if isinstance(head, Trailers) else None
        before = len(data)
        try:
            for each in self._changes:
                trailers, data = each.change(trailers, data, end)
        except Exception as error:
            self._break(error)
            return
        self._exchange.bytes_out += len(data) - before
        if isinstance(head, ResponseHead):
            self._client.send(head, data, end and trailers is None)
        elif data or (end and trailers is None):
            self._client.send(None, data, end and trailers is None)
        if trailers is not None:
            self._client.send(trailers, b"", True)

    def _break(self, error: Exception) -> None:
        """Not in the middle of what the exchange is doing: it hears of it in a moment, unless this
        was the last piece and it is over by then."""
        exchange = self._exchange
        if not isinstance(error, PorchError):
            exchange.keeper.report(exchange, error)
            error = InternalError(f"{type(error).__name__}: {error}")
        exchange.error = self._error = error
        exchange.keeper.later(0.0, partial(exchange.fail, error))

    def pause_reading(self) -> None:
        """See Stream."""
        self._client.pause_reading()

    def resume_reading(self) -> None:
        """See Stream."""
        self._client.resume_reading()

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self._error = None
        self._client.abort(error)

    def unsent(self) -> int:
        """See keeper.ClientStream."""
        return self._client.unsent()

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        """See keeper.ClientStream: what is changed has to be read."""
        return 0

    def turn_to(self, exchange: "Exchange") -> None:
        """See keeper.ClientStream."""
        self._client.turn_to(exchange)

    def accept(self, head: ResponseHead) -> None:
        """See keeper.ClientStream."""
        self._client.accept(head)

    def finish(self, request_done: bool) -> None:
        """See keeper.ClientStream."""
        if self._error is not None:
            self._client.abort(self._error)
        self._client.finish(request_done)
