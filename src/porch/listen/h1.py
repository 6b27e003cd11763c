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
from porch.http.fields import encoded
from porch.http.h1_encode import (
    CHUNKED,
    chunk,
    chunked_pieces,
    status_line,
    status_lines,
)
from porch.http.h1_request import RequestDecoder
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.http.stream import Head
from porch.http.websocket import SERVICE_RESTART, WEBSOCKET, Frames
from porch.keeper import Security, unsent
from porch.listen.closing import reset
from porch.listen.door import Door

__all__ = ["ServerConnection"]

MOST_PIPELINED = 65536
"""Bytes behind a running request that are held before reading stops."""
LINGER = 2.0
"""Seconds that a closing connection still takes bytes, so that the client can read the answer
before a reset destroys it (RFC 9112 9.6)."""
MOST_DRAINED = 1 << 20
"""Bytes of a refused body that are thrown away to keep the connection; a longer one ends it."""

IDLE, REQUEST, ANSWERING, DRAINING, LEAVING, LINGERING, CLOSED = range(7)
"""Between requests; a head is not whole; an exchange runs; its answer has left and its request
is thrown away; a WebSocket was told its end and has yet to agree; only the close is left; gone."""


class ServerConnection(asyncio.Protocol):
    """One connection of a client.

    peer, port, interim, security: see keeper.ClientStream. deadline: of the connection between
    exchanges; an exchange has its own.
    """

    __slots__ = (
        "_chunked",
        "_decoder",
        "_door",
        "_drained",
        "_ended",
        "_exchange",
        "_full",
        "_half_closed",
        "_heard",
        "_no_body",
        "_paused",
        "_refused",
        "_said",
        "_scheme",
        "_state",
        "_transport",
        "_unsent",
        "_waits",
        "deadline",
        "interim",
        "peer",
        "port",
        "security",
    )

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
        self._drained = 0
        self._unsent = -1
        self._heard: Frames | None = None
        self._said: Frames | None = None
        self.interim = True
        self.peer = b"unix"
        self.port = port
        self.security = security
        self.deadline = INFINITY

    def __repr__(self) -> str:
        names = ("idle", "request", "answering", "draining", "leaving", "lingering", "closed")
        return f"<ServerConnection {self.peer.decode()} {names[self._state]}>"

    # --- from the event loop -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.peer = peer[0].partition("%")[0].removeprefix("::ffff:").encode()
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
        if state >= LEAVING:
            if state == LEAVING:
                self._hear_last(data)
            return
        exchange = self._exchange
        if exchange is not None and exchange.request_done and not exchange.upgraded:
            decoder.rest += data
            if len(decoder.rest) > MOST_PIPELINED:
                self.pause_reading()
            return
        self._decode(data)

    def eof_received(self) -> bool:
        """See asyncio.Protocol. True: our side stays open until the answer has left, which TLS
        does not know."""
        self._half_closed = True
        exchange = self._exchange
        can_stay = self._transport.can_write_eof()
        if exchange is None:
            if not (self._state == IDLE and self._decoder.rest):
                self._close()
        elif not can_stay or not (exchange.upgraded or exchange.request_done):
            exchange.on_client_lost()
        elif exchange.upgraded:
            exchange.on_request_data(None, b"", True)
        else:
            exchange.on_client_half_closed()
        return can_stay

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._state = CLOSED
        door = self._door
        door.sessions.discard(self)
        door.deadlines.discard(self)
        exchange = self._exchange
        if exchange is not None:
            exchange.on_client_lost()

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
            return exchange.upgraded or not exchange.request_done
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
            if self._heard is not None:
                self._heard.feed(data)
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
        exchange = self._exchange
        if exchange is not None:
            exchange.fail(error)
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
            return
        if isinstance(head, ResponseHead):
            self._send_head(head, data, end)
        elif self._chunked:
            pieces = chunked_pieces(data, cast("Trailers | None", head), end=end)
            if pieces:
                self._transport.writelines(pieces)
        elif data and not self._no_body:
            if self._said is not None:
                self._said.feed(data)
            self._transport.write(data)
        if end:
            self._ended = True
            exchange = self._exchange
            if exchange is not None and exchange.upgraded:
                if self._transport.can_write_eof():
                    self._transport.write_eof()
                elif not exchange.request_done:  # TLS has no half-close: one side's end is both's
                    exchange.on_request_data(None, b"", True)

    def _send_head(self, head: ResponseHead, data: bytes, end: bool) -> None:
        status = head.status
        decoder = self._decoder
        extra = b""
        if status < 200:
            if status == 101:
                extra = b"connection: upgrade\r\nupgrade: %b\r\n" % (head.upgrade or b"")
                decoder.switch_to_raw()
                decoder.keep_alive = False
                self._chunked = False
                if head.upgrade == WEBSOCKET:
                    self._heard = Frames(masked=True)
                    self._said = Frames(masked=False)
                if decoder.rest or self._half_closed:
                    asyncio.get_running_loop().call_soon(self._continue)
            elif status == 100:
                self._waits = False
        else:
            if self._door.closing or self._waits or (self._half_closed and not decoder.rest):
                # Who still waits for 100 may send its body or a request (RFC 9110 10.1.1).
                decoder.keep_alive = False
            elif end and self._exchange is not None and not self._exchange.request_done:
                # So much of a refused body will not be thrown away to keep the connection.
                decoder.keep_alive &= decoder.expected() <= MOST_DRAINED
            self._chunked = False
            if self._no_body or status == 204 or status == 304:
                self._no_body = True
                data = b""
            elif head.length is None:
                if end:
                    extra = b"content-length: %d\r\n" % len(data)
                elif self.interim:
                    self._chunked = True
                    extra = CHUNKED
                    if data:
                        data = chunk(data)
                else:
                    decoder.keep_alive = False  # only the close can end it (RFC 9112 6.3)
            if not decoder.keep_alive:
                extra += b"connection: close\r\n"
            elif not self.interim:
                extra += b"connection: keep-alive\r\n"
        line = status_lines.get((status, head.reason)) or status_line(status, head.reason)
        fields = b"".join(map(encoded, head.fields))
        self._transport.write(b"%b%b%b\r\n%b" % (line, fields, extra, data))

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

    def unsent(self) -> int:
        """See keeper.ClientStream."""
        return unsent(self._transport)

    def finish(self, request_done: bool) -> None:
        """See keeper.ClientStream."""
        self._exchange = None
        if self._state >= LEAVING:
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
            self.deadline = clock.now + self._door.settings.timeouts.idle
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
        if self._decoder.rest and (self._state == IDLE or self._reads_on()):
            self._decode(b"")
        exchange = self._exchange
        if self._half_closed and exchange is not None and exchange.upgraded:
            exchange.on_request_data(None, b"", True)

    def on_deadline(self) -> None:
        """See clock.Waiting."""
        self.deadline = INFINITY
        if self._state == REQUEST:
            self._refuse(RequestTimeout("the head did not arrive within timeouts.head"))
        elif self._state == LINGERING or self._state == CLOSED:
            self._end_flush()
        else:
            self._close()

    def drain(self) -> None:
        """See door.Session."""
        if self._state == IDLE and not self._decoder.rest:
            self._close()
        elif self._state == DRAINING:
            self._linger()

    def close_now(self) -> None:
        """See door.Session."""
        if self._exchange is not None:
            self._exchange.fail(Shutdown("the grace period is over"))
        if self._state not in (LEAVING, LINGERING):  # these have a short time of their own
            self._close()

    def _leave(self, error: PorchError) -> bool:
        """Tell a WebSocket that its connection ends, if anything can be told, and then wait for
        its agreement (RFC 6455 7.1.1): a close at once could destroy what it was told."""
        said, heard = self._said, self._heard
        if said is None or heard is None or self._ended:
            return False
        farewell = said.farewell(SERVICE_RESTART, error.word)
        if farewell is None:
            return False
        if farewell:
            self._transport.write(farewell)
        if heard.closed or self._half_closed:
            self._close()
        else:
            self._state = LEAVING
            self.deadline = clock.now + LINGER
            self.resume_reading()
        return True

    def _hear_last(self, data: bytes) -> None:
        """What comes from a WebSocket that was told its end is dropped, but for its agreement."""
        heard = cast("Frames", self._heard)
        heard.feed(data)
        if heard.closed:
            self._close()

    def _linger(self) -> None:
        """Send what is written and our end; take and drop what still comes for a moment."""
        if self._half_closed or self._transport.is_closing():
            self._close()
            return
        self._state = LINGERING
        self._decoder.rest = b""
        self.deadline = clock.now + LINGER
        self.resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def _end_flush(self) -> None:
        """What was written last had its time to leave; as long as it moves it gets more."""
        before, self._unsent = self._unsent, self.unsent()
        if not self._unsent:
            self._transport.abort()
        elif self._unsent == before:
            reset(self._transport)
        else:
            self.deadline = clock.now + self._door.settings.timeouts.idle

    def _close(self) -> None:
        if self._state != CLOSED:
            self._state = CLOSED
            self.deadline = clock.now + self._door.settings.timeouts.idle
            self._transport.close()
