"""ServerStream: one request of an HTTP/2 client and its answer, as an exchange sees it."""

import base64
import os
from typing import TYPE_CHECKING

from porch.errors import (
    ClientGone,
    InternalError,
    PorchError,
    Shutdown,
    TunnelNotSupported,
    UpgradeFailed,
)
from porch.exchange import Exchange
from porch.http.h2 import CANCEL, INTERNAL
from porch.http.h2_request import Refused
from porch.http.h2_response import STATUSES
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.http.stream import Head
from porch.http.websocket import WEBSOCKET, accept_key
from porch.keeper import Security
from porch.listen.tunnel import Tunnel

if TYPE_CHECKING:
    from porch.listen.door import Door
    from porch.listen.h2 import MultiplexedConnection

__all__ = [
    "A_FEW",
    "A_READ",
    "A_TASTE",
    "CROWDED",
    "MOST_OF_ONE",
    "MOST_QUEUED",
    "MOST_SIPPED",
    "MOST_TASTED",
    "ServerStream",
]

A_READ = 1 << 18
"""Bytes that come from an origin at once, at most."""
MOST_QUEUED = 640 << 10
"""Bytes of answers that a connection holds for its client, over all streams, and one read of an
origin: beyond them nothing is read for it, but for sips."""
CROWDED = MOST_QUEUED - A_READ
"""From here on only those are read for whose client takes all that is sent. Where that much is not
taken, answers are read in sips, so that those few that nobody takes keep no others waiting."""
MOST_SIPPED = MOST_QUEUED + (1 << 19)
"""Bytes that are held in the end: there is room for 16 sips at least."""
MOST_TASTED = MOST_SIPPED + A_READ
"""The same with what is left of sips for those who have taken all and take more. Of these nearly
nothing is: beyond MOST_SIPPED nobody who takes waits for those who do not, however many."""
A_TASTE = 6 << 10
"""Bytes that a client must take now for that. Less would leave much of a sip here; more may not be
there, since most clients say that they take more when half of a window is used up, and a door that
asks another begins with 12 KiB."""
A_FEW = 4
"""Of them in one turn. The next shows whether the socket takes what came; more would but stop one
another."""
A_LITTLE = 1 << 12
"""Bytes of a whole answer for which nobody looks how much waits before the end of the turn, which
has room for about a hundred of them below CROWDED."""
MOST_OF_ONE = 1 << 17
"""The same of one stream: what a stream's client does not take must not keep the others waiting."""

A_WINDOW = 1 << 15
"""Bytes of a request that a client can send for certain before it is told that some were taken:
half of what RFC 9113 6.9.2 gives it."""

_BARE = frozenset((204, 304))
"""Statuses that no body follows (RFC 9110 6.4.1)."""

_KEY = b"sec-websocket-key"
_ACCEPT = b"sec-websocket-accept"


class ServerStream:
    """One stream. See keeper.ClientStream.

    number: its identifier. full: whether its client does not take what is sent. heard: whether
    nothing more comes of the request.
    """

    __slots__ = (
        "_asks",
        "_bare",
        "_connection",
        "_data",
        "_ended",
        "_exchange",
        "_paused",
        "_trailers",
        "_tunnel",
        "_untaken",
        "full",
        "heard",
        "number",
        "peer",
        "port",
        "security",
    )

    interim = trailers = True

    def __init__(self, connection: "MultiplexedConnection", number: int, heard: bool) -> None:
        """Of a request whose head has come."""
        self._connection = connection
        self.number = number
        self.heard = heard
        self._data = b""
        self._trailers: Trailers | None = None
        self._exchange: Exchange | None = None
        self._tunnel: Tunnel | None = None
        self._asks: bytes | None = None  # what an origin has to say to the key of a tunnel
        self._paused = self._bare = self._ended = self.full = False
        self._untaken = 0
        self.peer = connection.peer
        self.port = connection.port
        self.security: Security | None = connection.security

    def __repr__(self) -> str:
        return f"<ServerStream {self.number} {self._exchange!r}>"

    # --- from the connection -------------------------------------------------------------------

    def start(self, door: "Door", head: RequestHead | Refused) -> None:
        """Begin the exchange, with what is there of the body."""
        if isinstance(head, Refused):
            self._bare = head.request.method == b"HEAD"
            door.refuse(self, head.request, head.error)
            return
        data = self._data
        if data:
            self._data = b""
        end = self.heard and self._trailers is None
        self._bare = head.method == b"HEAD"
        if head.upgrade is not None:
            self._ask(head, data)
            data, end = b"", True
        elif head.length is None and end:  # all of it is here: origins like to know
            head.length = len(data)
            head.fields.append((b"content-length", b"%d" % len(data)))
        try:
            exchange = self._exchange = door.open(self, head)
        except PorchError as error:
            door.refuse(self, head, error)
            return
        if head.upgrade is not None and head.upgrade not in exchange.route.upgrades:
            exchange.request_done = True
            exchange.fail(TunnelNotSupported(head.upgrade.decode()))
            return
        if self._connection.crowded or self._connection.slow:
            self._connection.squeeze(self)
        exchange.on_request(data, end)
        if data:
            self._acknowledge(len(data))
        if self._trailers is not None and not self._paused:
            self._hand_on()

    def _ask(self, head: RequestHead, data: bytes) -> None:
        """A tunnel is asked for (RFC 8441): what is meant for it waits until there is one. A key,
        which HTTP/1.1 wants, is made here: nobody but this door sees what is answered to it."""
        self._paused = True
        self._data = data
        self._asks = b""
        if head.upgrade == WEBSOCKET:
            key = head.get(_KEY)
            if key is None:
                key = base64.b64encode(os.urandom(16))
                head.fields.append((_KEY, key))
            self._asks = accept_key(key)

    def hear(self, trailers: Trailers | None, data: bytes, end: bool) -> None:
        """More of the request."""
        self.heard = end
        exchange = self._exchange
        if exchange is None or self._paused:
            self._data = self._data + data if self._data else data
            self._trailers = trailers
            return
        self._pass_on(exchange, trailers, data, end)
        if data:
            self._acknowledge(len(data))

    def _pass_on(
        self, exchange: Exchange, trailers: Trailers | None, data: bytes, end: bool
    ) -> None:
        tunnel = self._tunnel
        if tunnel is None:
            exchange.on_request_data(trailers, data, end)
            return
        if data:
            tunnel.hear(data)
        if end and not exchange.ended:
            tunnel.hear_end()

    def _acknowledge(self, size: int) -> None:
        """So much was handed on. While nobody takes it nothing more may come: the window is open
        for what is not held here, and then for as much as was taken."""
        self._untaken += size
        exchange = self._exchange
        if self._untaken and not self._paused and (exchange is None or exchange.upstream):
            self._connection.codec.taken(self.number, self._untaken)
            self._untaken = 0
            self._connection.mark()

    def _hand_on(self) -> None:
        """Go on with what came meanwhile."""
        data, self._data = self._data, b""
        trailers, self._trailers = self._trailers, None
        exchange = self._exchange
        if exchange is not None:
            self._pass_on(exchange, trailers, data, self.heard)
        self._acknowledge(len(data))

    def lose(self) -> None:
        """The stream is gone."""
        self._ended = self.heard = True
        exchange = self._exchange
        if exchange is not None:
            exchange.on_client_lost()
        else:
            self._let_go()

    def fail(self, error: PorchError) -> None:
        """End the exchange."""
        if self._exchange is not None:
            self._exchange.fail(error)

    def least(self) -> int:
        """Bytes a second that its client has to take of an answer."""
        return 0 if self._exchange is None else self._exchange.route.limits.min_rate

    def fill(self) -> None:
        """The client does not take what is sent."""
        if not self.full and self._exchange is not None:
            self.full = True
            self._exchange.on_client_full()

    def sip(self, little: bool) -> None:
        """Whether only little is to be read for it at a time."""
        exchange = self._exchange
        if exchange is not None and exchange.sips is not little:
            exchange.sips = little
            if exchange.upstream is not None:
                exchange.upstream.sip(little)

    def drain(self) -> None:
        """The client takes again."""
        if self.full and self._exchange is not None:
            self.full = False
            self._exchange.on_client_drained()

    # --- Stream --------------------------------------------------------------------------------

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""
        if self._ended:
            return
        connection = self._connection
        codec = connection.codec
        number = self.number
        if self._tunnel is not None:
            self._tunnel.send(data, end)
            return
        try:
            if head is None:
                if data or end:
                    codec.data(number, data, end)
            elif head.__class__ is ResponseHead:
                status = head.status
                if status < 200:
                    self._send_interim(head)
                    return
                if self._bare or status in _BARE:
                    data, end = b"", True
                codec.head(number, STATUSES[status], head.fields, data, end)
                if self._untaken:
                    self._acknowledge(0)
            else:
                if data:
                    codec.data(number, data, False)
                codec.trailers(number, head.fields)
        except InternalError as error:  # of a filter, which made a field that must not be sent
            self.heard = end = True
            if self._exchange is not None:
                self._exchange.keeper.report(self._exchange, error)
        self._ended = end
        if not end:
            if data:
                connection.check(self)
        elif (len(data) > A_LITTLE or connection.crowded) and codec.queued() > CROWDED:
            connection.check(self)
        if not connection.dirty:
            connection.mark()

    def _send_interim(self, head: ResponseHead) -> None:
        """Say something before the answer. What is 101 in HTTP/1.1 is an answer here, and what
        follows is the tunnel (RFC 8441 4, 5)."""
        connection = self._connection
        exchange = self._exchange
        if head.status != 101:
            connection.codec.interim(self.number, [STATUSES[head.status], *head.fields])
        elif exchange is not None:
            self._asks = None
            self._tunnel = Tunnel(self, exchange, head.upgrade)
            fields = [field for field in head.fields if field[0] != _ACCEPT]
            connection.codec.head(self.number, STATUSES[200], fields, b"", False)
        connection.mark()

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        """See keeper.ClientStream: it has to be cut into frames."""
        return 0

    def turn_to(self, exchange: Exchange) -> None:
        """See keeper.ClientStream."""
        self._exchange = exchange

    def send_with_file(self, head: ResponseHead, descriptor: int, first: int, size: int) -> int:
        """See keeper.ClientStream."""
        self.send(head, b"", False)
        return 0

    def accept(self, head: ResponseHead) -> None:
        """See keeper.ClientStream. What is below 300 would be the tunnel, and the key was made
        here: nobody else can see whether the origin has understood it (RFC 6455 4.1)."""
        wanted = self._asks
        if head.status == 101:
            if wanted and head.get(_ACCEPT) != wanted:
                raise UpgradeFailed("the origin's Sec-WebSocket-Accept does not fit the key")
        elif wanted is not None and head.status < 300:
            raise UpgradeFailed(f"{head.status} in answer to a request for a tunnel, not 101")

    def pause_reading(self) -> None:
        """See Stream."""
        self._paused = True

    def resume_reading(self) -> None:
        """See Stream."""
        exchange = self._exchange
        if self._paused and exchange is not None and self._asks is None:
            self._paused = False
            if self._data or (self.heard and not exchange.request_done):
                self._hand_on()
                return
        if self._untaken:
            self._acknowledge(0)

    def abort(self, error: PorchError) -> None:
        """See Stream. A WebSocket is told if the door itself is the reason."""
        if self._ended:
            return
        tunnel = self._tunnel
        if tunnel is not None and isinstance(error, Shutdown) and tunnel.say_farewell(error):
            self.write_eof()
            return
        self._ended = self.heard = True
        gone = tunnel is not None or isinstance(error, ClientGone)
        self._connection.codec.reset(self.number, CANCEL if gone else INTERNAL)
        self._connection.mark()

    def is_read(self) -> bool:
        """See keeper.ClientStream. What is not acknowledged narrows its window."""
        return not self._paused and self._untaken < A_WINDOW

    def descriptor(self) -> int:
        """See keeper.ClientStream."""
        return self._connection.descriptor()

    def unsent(self) -> int:
        """See keeper.ClientStream."""
        return self._connection.unsent(self.number)

    def finish(self, request_done: bool) -> None:
        """See keeper.ClientStream."""
        self._exchange = self._tunnel = None
        if self._untaken or self._data:
            self._let_go()
        connection = self._connection
        number = self.number
        connection.streams.pop(number, None)
        if connection.slow:
            connection.slow.pop(self, None)
        if not self.heard:
            connection.early.append(number)
        connection.done.append(number)
        if not connection.dirty:
            connection.mark()

    def _let_go(self) -> None:
        """What nobody will take any more must not keep the connection's window shut."""
        untaken = self._untaken + len(self._data)
        self._untaken = 0
        self._data = b""
        self._connection.codec.taken(self.number, untaken)

    # --- a transport, as far as a tunnel asks ----------------------------------------------------

    def write(self, data: bytes) -> None:
        """See tunnel.Way."""
        self._connection.codec.data(self.number, data, False)
        self._connection.check(self)
        self._connection.mark()

    def can_write_eof(self) -> bool:
        """See tunnel.Way. Both sides of a stream end alone (RFC 9113 8.5)."""
        return True

    def write_eof(self) -> None:
        """See tunnel.Way."""
        self._ended = True
        self._connection.codec.data(self.number, b"", True)
        self._connection.mark()
