"""ServerConnection: HTTP/1.1 with a client. The connection is itself the Stream.

Requests are read one at a time; what a client sends behind one (pipelining, RFC 9112 9.3.2)
waits until its answer has left. After an error in the framing nothing more is read as HTTP.
"""

import asyncio
from typing import cast

from porch import clock
from porch.clock import INFINITY
from porch.errors import ClientGone, PorchError, RequestTimeout, Shutdown
from porch.exchange import Exchange
from porch.http.h1_encode import CLOSE, KEEP_ALIVE, chunked_pieces, response_head
from porch.http.h1_request import RequestDecoder
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.http.stream import Head
from porch.http.websocket import Frames
from porch.keeper import Security, send_file, unsent
from porch.listen.closing import DRAIN, LINGER, Closing, descriptor_of, flush, owed, reset
from porch.listen.door import Door
from porch.listen.door_session import Owed
from porch.listen.ip import ip_of
from porch.listen.together import send_together
from porch.listen.tunnel import Tunnel

__all__ = ["ServerConnection"]

MOST_PIPELINED = 65536
"""Bytes behind a running request that are held before reading stops."""
MOST_DRAINED = 1 << 20
"""Bytes of a refused body that are thrown away to keep the connection; a longer one ends it."""

IDLE, REQUEST, ANSWERING, DRAINING, TUNNEL, CLOSED = range(6)
"""Between requests; a head is not whole; an exchange runs; its answer has left and its request
is thrown away; protocols were switched; only the close is left, or not even that."""


class ServerConnection(asyncio.Protocol):
    """One connection of a client.

    peer, port, interim, trailers, security: see keeper.ClientStream. deadline: of the connection
    between exchanges; an exchange has its own.
    """

    __slots__ = (
        "_chunked",
        "_decoder",
        "_door",
        "_drained",
        "_ended",
        "_exchange",
        "_file",
        "_file_sent",
        "_full",
        "_half_closed",
        "_no_body",
        "_paused",
        "_refused",
        "_scheme",
        "_state",
        "_transport",
        "_tunnel",
        "_unsent",
        "_waits",
        "deadline",
        "interim",
        "peer",
        "port",
        "security",
    )

    trailers = False  # hardly anybody reads them, and a body that ends as it should looks whole
    descriptor = descriptor_of

    def __init__(
        self, door: Door, scheme: bytes, port: bytes, security: Security | None = None
    ) -> None:
        """scheme: b"https" where this side of the door speaks TLS. port: of the listener."""
        self._door = door
        self._scheme = scheme
        self._decoder = RequestDecoder(door.settings.limits, scheme)
        self._exchange: Exchange | None = None
        self._state = IDLE
        self._chunked = self._no_body = self._paused = self._refused = False
        self._half_closed = self._ended = self._full = self._waits = False
        self._drained, self._unsent = 0, -1
        self._file: tuple[int, int, int] | None = None
        self._file_sent = 0
        self._tunnel: Tunnel | None = None
        self.interim = True
        self.peer = b"unix"
        self.port = port
        self.security = security
        self.deadline = INFINITY

    def __repr__(self) -> str:
        names = ("idle", "request", "answering", "draining", "tunnel", "closed")
        return f"<ServerConnection {self.peer.decode()} {names[self._state]}>"

    # --- from the event loop -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.peer = ip_of(transport, "peername").encode() or b"unix"
        door = self._door
        patience = door.settings.timeouts.keep_alive
        self.deadline = clock.now + (min(patience, LINGER) if door.draining else patience)
        door.sessions.add(self)
        door.deadlines.watch(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        decoder = self._decoder
        state = self._state
        if state == IDLE:  # the usual request, whole in one read, without the calls of the others
            try:
                if data == decoder.last and not decoder.rest:
                    self._take_head(decoder.again(), b"", True)
                    return
                piece = decoder.decode(data)
                if piece is not None:
                    self._take_head(*piece)  # type: ignore[arg-type]
            except PorchError as error:
                self._refuse(error)
                return
            if piece is None:
                self._wait()
            elif decoder.rest and self._reads_on():
                self._decode(b"")
            return
        if state >= TUNNEL:
            if decoder.rest:  # what came before the switch is still to be heard
                decoder.rest += data
            elif self._tunnel is not None:
                self._tunnel.hear(data)
            return
        exchange = self._exchange
        if exchange is not None and exchange.request_done:
            decoder.rest += data
            if len(decoder.rest) > MOST_PIPELINED:
                self.pause_reading()
            return
        self._decode(data)

    def eof_received(self) -> bool:
        """See asyncio.Protocol. True: our side stays open until the answer has left, which TLS
        does not know."""
        self._half_closed = True
        exchange, tunnel = self._exchange, self._tunnel
        can_stay = self._transport.can_write_eof()
        if exchange is None:
            if not (self._state == IDLE and self._decoder.rest):
                self._close()
        elif not can_stay or not (tunnel is not None or exchange.request_done):
            exchange.on_client_lost()
        elif tunnel is not None:
            if not self._decoder.rest:
                tunnel.hear_end()
        else:
            exchange.on_client_half_closed()
        return can_stay

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._state = CLOSED
        door = self._door
        door.sessions.discard(self)
        door.deadlines.discard(self)
        if self._exchange is not None:
            self._exchange.on_client_lost()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._full = True
        if self._exchange is not None:
            self._exchange.on_client_full()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._full = False
        if self._exchange is not None:
            self._exchange.on_client_drained()
        elif self._state == IDLE:
            self._next()

    # --- requests ------------------------------------------------------------------------------

    def _decode(self, data: bytes) -> None:
        """Take `data` in, and all that came as far as it belongs to the request that runs."""
        decoder = self._decoder
        try:
            piece = decoder.decode(data)
            while piece is not None:
                self._take(*piece)
                if not decoder.rest or not self._reads_on():
                    return
                piece = decoder.decode(b"")
        except PorchError as error:
            self._refuse(error)
            return
        self._wait()

    def _reads_on(self) -> bool:
        """Whether what comes now belongs to the request that runs, not to the one behind it."""
        exchange = self._exchange
        if self._state == ANSWERING and exchange is not None:
            return not exchange.request_done
        return self._state == DRAINING

    def _wait(self) -> None:
        """More has to come. The patience with a head counts from its first byte."""
        if self._state == IDLE and self._decoder.rest:
            self._state = REQUEST
            self.deadline = clock.now + self._door.settings.timeouts.head
            if self._half_closed:
                self._close()

    def _take(self, head: Head | None, data: bytes, end: bool) -> None:
        self._waits = False
        if isinstance(head, RequestHead):
            self._take_head(head, data, end)
        elif self._exchange is not None:
            self._exchange.on_request_data(cast("Trailers | None", head), data, end)
        else:
            self._drain(len(data), end)

    def _take_head(self, head: RequestHead, data: bytes, end: bool) -> None:
        self._state = ANSWERING
        self._no_body = head.method == b"HEAD"
        self._waits = head.expect and not data
        self.interim = not self._decoder.one_zero
        self.deadline = INFINITY
        try:
            exchange = self._exchange = self._door.open(self, head)
        except PorchError as error:
            self._refuse(error, head)
            return
        exchange.on_request(data, end)

    def _refuse(self, error: PorchError, head: RequestHead | None = None) -> None:
        """Answer what cannot be served, and read nothing more of it (RFC 9112 9.6)."""
        self._decoder.rest = b""
        self._decoder.keep_alive = False
        self._refused = True
        if self._exchange is not None:
            self._exchange.fail(error)
            return
        if self._state == DRAINING:
            self._linger()
            return
        self._state = ANSWERING
        self._no_body = head is not None and head.method == b"HEAD"
        self._exchange = self._door.refuse(self, head, error)
        self._exchange = None

    def _drain(self, size: int, end: bool) -> None:
        """Throw away the rest of a request that has been answered."""
        self._drained += size
        if end:
            self._next()
        elif self._drained > MOST_DRAINED:
            self._linger()

    # --- Stream --------------------------------------------------------------------------------

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""
        if self._state != ANSWERING:
            if self._state == TUNNEL and self._tunnel is not None:
                self._tunnel.send(data, end)
            return
        if head.__class__ is ResponseHead:
            if head.status < 200:
                self._send_interim(head)
                return
            decoder, exchange = self._decoder, self._exchange
            if self._door.closing or self._waits or (self._half_closed and not decoder.rest):
                # Who still waits for 100 may send its body or a request (RFC 9110 10.1.1).
                decoder.keep_alive = False
            elif end and exchange is not None and not exchange.request_done:
                # So much of a refused body will not be thrown away to keep the connection.
                decoder.keep_alive &= decoder.expected() <= MOST_DRAINED
            bare = self._no_body = self._no_body or head.status == 204 or head.status == 304
            chunked = False
            if head.length is None and not (end or bare):
                chunked = self.interim
                if not chunked:
                    decoder.keep_alive = False  # only the close can end it (RFC 9112 6.3)
            self._chunked = chunked
            told = CLOSE if not decoder.keep_alive else b"" if self.interim else KEEP_ALIVE
            made = response_head(head, told, data, end=end, bare=bare, chunked=chunked)
            if self._file is None or chunked or bare:
                self._transport.write(made)
            else:
                self._file_sent = send_together(self._transport, made, *self._file)
        elif self._chunked:
            pieces = chunked_pieces(data, cast("Trailers | None", head), end=end)
            if pieces:
                self._transport.writelines(pieces)
        elif data and not self._no_body:
            self._transport.write(data)
        if end:
            self._ended = True

    def _send_interim(self, head: ResponseHead) -> None:
        told = b""
        if head.status == 101:
            told = b"connection: upgrade\r\nupgrade: %b\r\n" % (head.upgrade or b"")
            exchange = cast("Exchange", self._exchange)
            self._tunnel = Tunnel(self._transport, exchange, head.upgrade)
            self._state = TUNNEL
            self._decoder.keep_alive = False
            if self._decoder.rest or self._half_closed:
                asyncio.get_running_loop().call_soon(self._continue)
        elif head.status == 100:
            self._waits = False
        self._transport.write(response_head(head, told, b"", end=False, bare=True, chunked=False))

    def pause_reading(self) -> None:
        """See Stream."""
        if not self._paused and self._state != CLOSED:
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """See Stream."""
        if self._paused and self._state != CLOSED:
            self._paused = False
            self._transport.resume_reading()

    def abort(self, error: PorchError) -> None:
        """See Stream. The client must not take what it has for the whole.

        A missing last chunk or missing bytes show that; a tunnel and an answer that only the close
        ends are reset, and so is a client that takes nothing. A WebSocket is told if the door
        itself is the reason.
        """
        if self._state == CLOSED or (isinstance(error, Shutdown) and self._leave(error)):
            return
        exchange = self._exchange
        response = None if exchange is None or exchange.upgraded else exchange.response
        shows = self._chunked or (response is not None and response.length is not None)
        if shows and not isinstance(error, ClientGone):
            self._close()
        else:
            self._state = CLOSED
            reset(self._transport)

    def is_read(self) -> bool:
        """See keeper.ClientStream."""
        return not self._paused

    def unsent(self) -> int:
        """See keeper.ClientStream."""
        return unsent(self._transport)

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        """See keeper.ClientStream."""
        if self._scheme != b"http" or self._state != ANSWERING or self._chunked or self._no_body:
            return 0
        return send_file(self._transport, descriptor, first, size)

    def turn_to(self, exchange: Exchange) -> None:
        """See keeper.ClientStream."""
        self._exchange = exchange

    def send_with_file(self, head: ResponseHead, descriptor: int, first: int, size: int) -> int:
        """See keeper.ClientStream."""
        if self._scheme == b"http":
            self._file = descriptor, first, size
        self._file_sent = 0
        self.send(head, b"", False)
        self._file = None
        return self._file_sent

    def accept(self, head: ResponseHead) -> None:
        """See keeper.ClientStream. The client has said the key and sees for itself."""

    def finish(self, request_done: bool) -> None:
        """See keeper.ClientStream."""
        self._exchange = None
        if self._state == CLOSED:
            return
        if not (self._ended and self._decoder.keep_alive):
            if self._refused or self._decoder.rest or not request_done:
                self._linger()
            else:
                self._close()
        elif request_done:
            self._next()
        else:
            self._state = DRAINING
            self._drained = 0
            self.deadline = clock.now + DRAIN
            self.resume_reading()

    # --- between requests ----------------------------------------------------------------------

    def _next(self) -> None:
        """Ready for the next request, which may be here already."""
        self._state = IDLE
        self._ended = False
        self.deadline = clock.now + self._door.settings.timeouts.keep_alive
        if self._door.draining or (self._half_closed and not self._decoder.rest):
            self._linger()
            return
        if self._full:  # answers must not pile up before a client that sends but does not read
            self.pause_reading()
            return
        if self._paused:
            self.resume_reading()
        if self._decoder.rest:
            asyncio.get_running_loop().call_soon(self._continue)

    def _continue(self) -> None:
        """Read what came while an answer was on its way; a tunnel's end may have come as well."""
        decoder, tunnel = self._decoder, self._tunnel
        if tunnel is None:
            if decoder.rest and (self._state == IDLE or self._reads_on()):
                self._decode(b"")
        elif self._state == TUNNEL:
            data, decoder.rest = decoder.rest, b""
            if data:
                tunnel.hear(data)
            if self._half_closed:
                tunnel.hear_end()

    def on_deadline(self) -> None:
        """See clock.Waiting."""
        self.deadline = INFINITY
        if self._state == REQUEST:
            self._refuse(RequestTimeout("the head did not arrive within timeouts.head"))
        elif self._state == CLOSED:
            self._unsent = flush(self._transport, self._unsent)
            self.deadline = clock.now + self._door.settings.timeouts.idle
        else:
            self._linger() if self._state == DRAINING else self._close()

    def announce(self) -> None:
        """See door.Session: the next answer says it."""

    def drain(self) -> None:
        """See door.Session."""
        if self._state == IDLE and not self._decoder.rest:
            self._close()
        elif self._state == DRAINING:
            self._linger()

    shed = drain

    def close_now(self) -> None:
        """See door.Session."""
        if self._exchange is not None:
            self._exchange.fail(Shutdown("the grace period is over"))
        self._close()

    def idle_since(self) -> float:
        """See door_session.Session."""
        if self._state != IDLE or self._decoder.rest or self._transport.get_write_buffer_size():
            return INFINITY
        return self.deadline - self._door.settings.timeouts.keep_alive

    def owed(self) -> Owed:
        """See door_session.Session."""
        limits = self._door.settings if self._exchange is None else self._exchange.route.limits
        return owed(self._transport, limits.min_rate, self.unsent() if self._state == CLOSED else 0)

    def give_up(self, error: PorchError) -> None:
        """See door_session.Session."""
        self._exchange.fail(error) if self._exchange is not None else reset(self._transport)

    def _leave(self, error: PorchError) -> bool:
        """Tell a WebSocket that its connection ends, and wait for its agreement."""
        tunnel = self._tunnel
        if tunnel is None or not tunnel.say_farewell(error):
            return False
        heard = cast("Frames", tunnel.heard)
        self._close() if heard.closed or self._half_closed else self._hand_over(heard)
        return True

    def _linger(self) -> None:
        """Send what is written and our end; take and drop what still comes for a moment."""
        is_over = self._half_closed or self._transport.is_closing()
        self._close() if is_over else self._hand_over(None)

    def _hand_over(self, heard: Frames | None) -> None:
        """Leave the rest to closing.Closing."""
        self.resume_reading()
        self._state = CLOSED
        self._door.sessions.discard(self)
        self._door.deadlines.discard(self)
        Closing(self._door, self._transport, heard)

    def _close(self) -> None:
        if self._state != CLOSED:
            self._state = CLOSED
            self.deadline = clock.now + self._door.settings.timeouts.idle
            self._transport.close()
