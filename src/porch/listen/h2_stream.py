"""ServerStream: one request of an HTTP/2 client and its answer, as an exchange sees it."""

from typing import TYPE_CHECKING

from porch.errors import ClientGone, InternalError, PorchError
from porch.exchange import Exchange
from porch.http.h2 import CANCEL, INTERNAL
from porch.http.h2_request import Refused
from porch.http.h2_response import response_fields
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.http.stream import Head
from porch.keeper import Security

if TYPE_CHECKING:
    from porch.listen.door import Door
    from porch.listen.h2 import MultiplexedConnection

__all__ = ["ServerStream"]


class ServerStream:
    """One stream. See keeper.ClientStream.

    number: its identifier.
    """

    __slots__ = (
        "_bare",
        "_connection",
        "_data",
        "_end",
        "_ended",
        "_exchange",
        "_full",
        "_head",
        "_paused",
        "_trailers",
        "_untaken",
        "interim",
        "number",
        "peer",
        "port",
        "security",
    )

    def __init__(
        self,
        connection: "MultiplexedConnection",
        number: int,
        head: RequestHead | Refused,
        end: bool,
    ) -> None:
        """end: nothing follows the head."""
        self._connection = connection
        self.number = number
        self._head: RequestHead | Refused | None = head
        self._data = b""
        self._end = end
        self._trailers: Trailers | None = None
        self._exchange: Exchange | None = None
        self._paused = self._full = self._bare = self._ended = False
        self._untaken = 0
        self.interim = True
        self.peer = connection.peer
        self.port = connection.port
        self.security: Security | None = connection.security

    def __repr__(self) -> str:
        return f"<ServerStream {self.number} {self._exchange!r}>"

    # --- from the connection -------------------------------------------------------------------

    def start(self, door: "Door") -> None:
        """Begin the exchange, with what is there of the body."""
        head, self._head = self._head, None
        if isinstance(head, Refused):
            self._bare = head.request.method == b"HEAD"
            door.refuse(self, head.request, head.error)
            return
        assert head is not None
        data, self._data = self._data, b""
        end = self._end and self._trailers is None
        if end and head.length is None:  # all of it is here: origins like to know
            head.length = len(data)
            head.fields.append((b"content-length", b"%d" % len(data)))
        self._bare = head.method == b"HEAD"
        try:
            exchange = self._exchange = door.open(self, head)
        except PorchError as error:
            door.refuse(self, head, error)
            return
        if self._connection.is_full:
            self._connection.begin_slowly(self)
        exchange.on_request(data, end)
        if self._trailers is not None:
            self._hand_on()
        self._acknowledge(len(data))

    def hear(self, trailers: Trailers | None, data: bytes, end: bool) -> None:
        """More of the request."""
        exchange = self._exchange
        if exchange is None or self._paused:
            if exchange is None and self._head is None:  # it was refused
                self._untaken += len(data)
                self._acknowledge(0)
                return
            self._data = self._data + data if self._data else data
            self._end = end
            self._trailers = trailers
            return
        self._end = end
        exchange.on_request_data(trailers, data, end)
        self._acknowledge(len(data))

    def _acknowledge(self, size: int) -> None:
        """So much was handed on. While nothing more is wanted nothing more may come."""
        self._untaken += size
        if self._untaken and not self._paused:
            self._connection.codec.taken(self.number, self._untaken)
            self._untaken = 0
            self._connection.mark()

    def _hand_on(self) -> None:
        """Go on with what came meanwhile."""
        data, self._data = self._data, b""
        trailers, self._trailers = self._trailers, None
        exchange = self._exchange
        if exchange is not None and (data or self._end):
            exchange.on_request_data(trailers, data, self._end)
        self._acknowledge(len(data))

    def lose(self) -> None:
        """The stream is gone."""
        self._ended = True
        exchange = self._exchange
        if exchange is not None:
            exchange.on_client_lost()
        self._let_go()

    def fail(self, error: PorchError) -> None:
        """End the exchange."""
        if self._exchange is not None:
            self._exchange.fail(error)

    def fill(self) -> None:
        """The client does not take what is sent."""
        if not self._full and self._exchange is not None:
            self._full = True
            self._exchange.on_client_full()

    def drain(self) -> None:
        """The client takes again."""
        if self._full and self._exchange is not None:
            self._full = False
            self._exchange.on_client_drained()

    # --- Stream --------------------------------------------------------------------------------

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""
        if self._ended:
            return
        try:
            self._send(head, data, end)
        except InternalError as error:  # of a filter, which made a field that must not be sent
            self._ended = True
            if self._exchange is not None:
                self._exchange.keeper.report(self._exchange, error)
        self._connection.mark()

    def _send(self, head: Head | None, data: bytes, end: bool) -> None:
        connection = self._connection
        codec = connection.codec
        number = self.number
        if head is not None:
            if head.__class__ is ResponseHead:
                if head.status < 200:
                    codec.interim(number, response_fields(head))
                    return
                if self._bare or head.status in (204, 304):
                    self._bare = True
                    data = b""
                whole = self._bare or (end and not data)
                codec.head(number, response_fields(head), whole)
                if whole:
                    self._ended = True
            else:
                if data:
                    codec.data(number, data, False)
                    data = b""
                codec.trailers(number, head.fields)
                self._ended = True
        if not self._ended and (data or end):
            codec.data(number, data, end)
            if end:
                self._ended = True
            else:
                connection.check(self)

    def pause_reading(self) -> None:
        """See Stream."""
        self._paused = True

    def resume_reading(self) -> None:
        """See Stream."""
        if self._paused:
            self._paused = False
            if (
                self._data
                or (self._end and self._trailers is not None)
                or (self._end and self._exchange is not None and not self._exchange.request_done)
            ):
                self._hand_on()
            else:
                self._acknowledge(0)

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        if not self._ended:
            self._ended = True
            self._connection.codec.reset(
                self.number, CANCEL if isinstance(error, ClientGone) else INTERNAL
            )
            self._connection.mark()

    def unsent(self) -> int:
        """See keeper.ClientStream."""
        return self._connection.unsent()

    def finish(self, request_done: bool) -> None:
        """See keeper.ClientStream."""
        self._exchange = None
        connection = self._connection
        if not request_done:
            connection.end_early(self)
        self._let_go()
        connection.forget(self)

    def _let_go(self) -> None:
        """What nobody will take any more must not keep the connection's window shut."""
        self._untaken += len(self._data)
        self._data = b""
        self._paused = False
        self._acknowledge(0)
