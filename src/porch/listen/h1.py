"""ServerConnection: HTTP/1.1 with a client. The connection is itself the Stream.

Requests are read one at a time; what a client sends behind one (pipelining, RFC 9112 9.3.2)
waits until its answer has left. After an error in the framing nothing more is read as HTTP.
"""

import asyncio
import fcntl
import struct
import termios
from socket import SO_LINGER, SOL_SOCKET
from typing import cast

from porch import clock
from porch.clock import INFINITY
from porch.errors import ClientGone, PorchError, RequestTimeout, Shutdown
from porch.exchange import Exchange
from porch.http.fields import encoded
from porch.http.h1_encode import CHUNKED, chunk, last_chunk, status_line, status_lines
from porch.http.h1_request import RequestDecoder
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.http.stream import Head
from porch.listen.door import Door

__all__ = ["ServerConnection"]

MOST_PIPELINED = 65536
"""Bytes behind a running request that are held before reading stops."""
LINGER = 2.0
"""Seconds that a closing connection still takes bytes, so that the client can read the answer
before a reset destroys it (RFC 9112 9.6)."""
MOST_DRAINED = 1 << 20
"""Bytes of a refused body that are thrown away to keep the connection; a longer one ends it."""
COPIED = 16384
"""Bytes of a chunk that are cheaper to copy into one write than to write in three parts."""

IDLE, REQUEST, ANSWERING, DRAINING, LINGERING, CLOSED = range(6)
"""Between requests; a head is not whole; an exchange runs; its answer has left and its request
is thrown away; only the close is left; gone."""


class ServerConnection(asyncio.Protocol):
    """One connection of a client.

    peer, port, interim: see keeper.ClientStream. deadline: of the connection between exchanges; an
    exchange has its own.
    """

    __slots__ = (
        "_chunked",
        "_decoder",
        "_door",
        "_drained",
        "_ended",
        "_exchange",
        "_half_closed",
        "_no_body",
        "_paused",
        "_refused",
        "_scheme",
        "_state",
        "_transport",
        "deadline",
        "interim",
        "peer",
        "port",
    )

    def __init__(self, door: Door, scheme: bytes) -> None:
        """scheme: b"https" where this side of the door speaks TLS."""
        self._door = door
        self._scheme = scheme
        self._decoder = RequestDecoder(door.settings.limits, scheme)
        self._exchange: Exchange | None = None
        self._state = IDLE
        self._chunked = self._no_body = self._paused = self._refused = False
        self._half_closed = self._ended = False
        self._drained = 0
        self.interim = True
        self.peer = b"unix"
        self.port = b"0"
        self.deadline = INFINITY

    def __repr__(self) -> str:
        names = ("idle", "request", "answering", "draining", "lingering", "closed")
        return f"<ServerConnection {self.peer.decode()} {names[self._state]}>"

    # --- from the event loop -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.peer = peer[0].partition("%")[0].removeprefix("::ffff:").encode()
            self.port = b"%d" % transport.get_extra_info("sockname")[1]
        door = self._door
        self.deadline = clock.now + door.settings.timeouts.keep_alive
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
            if piece is None or decoder.rest:
                self._read_on()
            return
        if state in (LINGERING, CLOSED):
            return
        exchange = self._exchange
        if exchange is not None and exchange.request_done and not exchange.upgraded:
            decoder.rest += data
            if len(decoder.rest) > MOST_PIPELINED:
                self.pause_reading()
            return
        self._decode(data)

    def eof_received(self) -> bool:
        """See asyncio.Protocol. True: our side stays open until the answer has left."""
        self._half_closed = True
        exchange = self._exchange
        if exchange is None:
            self._close()
        elif exchange.upgraded:
            exchange.on_request_data(None, b"", True)
        elif exchange.request_done:
            exchange.on_client_half_closed()
        else:
            exchange.on_client_lost()
        return True

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
        if self._exchange is not None:
            self._exchange.on_client_full()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if self._exchange is not None:
            self._exchange.on_client_drained()

    # --- requests ------------------------------------------------------------------------------

    def _decode(self, data: bytes) -> None:
        try:
            piece = self._decoder.decode(data)
            if piece is not None:
                self._take(*piece)
        except PorchError as error:
            self._refuse(error)
            return
        if piece is None or self._decoder.rest:
            self._read_on()

    def _read_on(self) -> None:
        """Read what else came, as far as it belongs to the request that runs."""
        decoder = self._decoder
        try:
            while decoder.rest:
                exchange = self._exchange
                if self._state == ANSWERING and exchange is not None:
                    if exchange.request_done and not exchange.upgraded:
                        return
                elif self._state != DRAINING:
                    break
                piece = decoder.decode(b"")
                if piece is None:
                    return
                self._take(*piece)
        except PorchError as error:
            self._refuse(error)
            return
        if self._state == IDLE and decoder.rest:
            self._state = REQUEST
            self.deadline = clock.now + self._door.settings.timeouts.head

    def _take(self, head: Head | None, data: bytes, end: bool) -> None:
        if isinstance(head, RequestHead):
            self._take_head(head, data, end)
        elif self._exchange is not None:
            self._exchange.on_request_data(cast("Trailers | None", head), data, end)
        else:
            self._drain(len(data), end)

    def _take_head(self, head: RequestHead, data: bytes, end: bool) -> None:
        self._state = ANSWERING
        self._no_body = head.method == b"HEAD"
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
        write = self._transport.write
        if isinstance(head, ResponseHead):
            self._send_head(head, data, end)
        elif self._chunked:
            if len(data) > COPIED:
                self._transport.writelines((b"%x\r\n" % len(data), data, b"\r\n"))
                data = b""
            elif data:
                data = chunk(data)
            if end:
                data += last_chunk(cast("Trailers | None", head))
            if data:
                write(data)
        elif data and not self._no_body:
            write(data)
        if end:
            self._ended = True
            if self._exchange is not None and self._exchange.upgraded:
                self._transport.write_eof()

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
                rest, decoder.rest = decoder.rest, b""
                if rest:
                    asyncio.get_running_loop().call_soon(self._decode, rest)
        else:
            if self._door.closing or self._half_closed:
                decoder.keep_alive = False
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

        A missing last chunk or missing bytes show that; an answer that only the close ends is
        reset, and so is a client that takes nothing.
        """
        if self._state == CLOSED:
            return
        exchange = self._exchange
        response = exchange.response if exchange is not None else None
        shows = self._chunked or (response is not None and response.length is not None)
        if shows and not isinstance(error, ClientGone):
            self._close()
        else:
            self._state = CLOSED
            _reset(self._transport)

    def unsent(self) -> int:
        """See keeper.ClientStream."""
        size: int = self._transport.get_write_buffer_size()
        socket = self._transport.get_extra_info("socket")
        waiting = fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        return size + cast("int", struct.unpack("i", waiting)[0])

    def finish(self, request_done: bool) -> None:
        """See keeper.ClientStream."""
        self._exchange = None
        if self._state == CLOSED:
            return
        if not (self._ended and self._decoder.keep_alive):
            if (self._ended and self._refused) or not request_done:
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
        if self._door.closing or (self._half_closed and not self._decoder.rest):
            self._linger()
            return
        if self._paused:
            self.resume_reading()
        if self._decoder.rest:
            asyncio.get_running_loop().call_soon(self._continue)

    def _continue(self) -> None:
        if self._state == IDLE:
            self._decode(b"")

    def on_deadline(self) -> None:
        """See clock.Waiting."""
        self.deadline = INFINITY
        if self._state == REQUEST:
            self._refuse(RequestTimeout("the head did not arrive within timeouts.head"))
        elif self._state == LINGERING:
            self._transport.abort()
        else:
            self._close()

    def drain(self) -> None:
        """See door.Session."""
        if self._state in (IDLE, DRAINING):
            self._close()

    def close_now(self) -> None:
        """See door.Session."""
        if self._exchange is not None:
            self._exchange.fail(Shutdown("the grace period is over"))
        if self._state != CLOSED:
            self._transport.abort()

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

    def _close(self) -> None:
        if self._state != CLOSED:
            self._state = CLOSED
            self._transport.close()


def _reset(transport: asyncio.Transport) -> None:
    """Close with a reset, not with a clean end."""
    socket = transport.get_extra_info("socket")
    if socket is not None:
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
