"""ClientConnection: HTTP/1.1 with an origin. The connection is itself the Stream.

It serves one exchange at a time and goes back to its pool when both messages are whole. What an
origin sends unasked, or more than it announced, ends the connection: it is never the next answer.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from porch import clock
from porch.clock import INFINITY
from porch.errors import ConnectionLost, IncompleteResponse, PorchError, Shutdown
from porch.exchange import Exchange
from porch.forward.arrived import arrived, poll_of
from porch.forward.sip import Sip
from porch.http.h1 import HeadLimits
from porch.http.h1_encode import chunk, chunked_pieces, last_chunk, request_head
from porch.http.h1_response import ResponseDecoder
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.http.stream import Head
from porch.http.websocket import GOING_AWAY, WEBSOCKET, Frames
from porch.keeper import unsent
from porch.outbox import MOST, Outbox, spoken, the_outbox

if TYPE_CHECKING:
    from porch.forward.pool import Pool

__all__ = ["ClientConnection"]

FLUSH = 10.0
"""Seconds that what was written may take to leave a connection that closes."""
_SAFE = frozenset((b"GET", b"HEAD", b"OPTIONS"))
"""Methods of which an origin may hear twice (RFC 9110 9.2.1)."""
LEAVE = 2.0
"""Seconds that the origin of a WebSocket may take to close, when it was told to."""


class ClientConnection(asyncio.Protocol):
    """One connection to an origin.

    exchange: the one it serves, None while it waits in the pool; deadline: of that wait, and of
    a close. reused: whether it has served before. closed: it will not serve again. asking: the one
    whose request is about to be sent (outbox.Sender): what comes before is nobody's answer.
    descriptor, speaks_first: see outbox.Sender. waiting(0): truthy if there is something to
    read that is no TLS.
    """

    __slots__ = (
        "_chunked",
        "_decoder",
        "_outbox",
        "_paused",
        "_pool",
        "_request_done",
        "_said",
        "_sips",
        "_transport",
        "_tunnel",
        "asking",
        "closed",
        "deadline",
        "descriptor",
        "exchange",
        "reused",
        "speaks_first",
        "waiting",
    )

    def __init__(self, pool: "Pool", limits: HeadLimits, most_interim: int) -> None:
        self._pool = pool
        self._decoder = ResponseDecoder(limits, most_interim)
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # until it is made
        self._outbox: Outbox = None  # type: ignore[assignment]  # as long
        self.exchange: Exchange | None = None
        self.asking: Exchange | None = None
        self._chunked = self._paused = self._sips = self._tunnel = self.closed = False
        self._request_done = True
        self._said: Frames | None = None
        self.reused = False
        self.deadline = INFINITY
        self.descriptor = -1
        self.speaks_first = False
        self.waiting: Callable[[int], object] = bool

    def __repr__(self) -> str:
        state = "closed" if self.closed else "idle" if self.exchange is None else "busy"
        return f"<ClientConnection {self._pool.name} {state}{' reused' if self.reused else ''}>"

    # --- from the event loop -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        if self.closed:  # abandoned meanwhile
            self._transport.abort()
            return
        self._pool.watch(self)
        self._outbox = the_outbox()
        self.descriptor, self.waiting = poll_of(transport)
        self.speaks_first = transport.get_extra_info("ssl_object") is not None

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        exchange = self.exchange
        if exchange is None:  # nobody asked
            self.close()
            return
        decoder = self._decoder
        try:
            usual = data.startswith(decoder.usual)
            piece = decoder.again(data) if usual else decoder.decode(data)
            while piece is not None:
                head, data, end = piece
                if end:
                    self.exchange = None
                    if (
                        decoder.reusable
                        and self._request_done
                        and not decoder.rest
                        and not self._transport.get_write_buffer_size()
                    ):
                        if self._sips:
                            self.sip(False)
                        if self._paused:
                            self.resume_reading()
                        self._pool.release(self)
                    else:  # RFC 9112 9.3: not whole, not kept, or more than was announced
                        self.close()
                elif head is not None and head.__class__ is ResponseHead and head.upgrade:
                    self._tunnel = True
                    self._request_done = False
                    if head.upgrade == WEBSOCKET:
                        self._said = Frames(masked=True)
                exchange.on_response(head, data, end)  # type: ignore[arg-type]
                exchange = self.exchange  # or who stands before it by now
                if exchange is None or not decoder.rest:
                    return
                piece = decoder.decode(b"")
        except PorchError as error:
            self._lose(error)

    def eof_received(self) -> bool:
        """See asyncio.Protocol."""
        exchange = self.exchange
        if exchange is None:
            self.close()
            return False
        try:
            piece = self._decoder.decode_end()
        except PorchError as error:
            self._lose(error)
            return False
        if self._tunnel and not self._request_done:
            exchange.on_response(None, b"", True)
            if self._transport.can_write_eof():
                return True
            self.exchange = None
            self.close()
            if not exchange.ended:  # TLS has no half-close here: the end of one side is of both
                exchange.on_request_data(None, b"", True)
            return False
        self.exchange = None
        self.close()
        exchange.on_response(*piece)  # type: ignore[arg-type]
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.closed = True
        self._pool.forget(self)
        if self.exchange is not None:
            decoder = self._decoder
            kind = IncompleteResponse if decoder.started or decoder.rest else ConnectionLost
            self._lose(kind("the origin reset the connection"))

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        if self.exchange is not None:
            self.exchange.on_upstream_full()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if self.exchange is not None:
            self.exchange.on_upstream_drained()

    # --- Stream --------------------------------------------------------------------------------

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""
        if self.closed:
            return
        if head.__class__ is RequestHead:
            decoder = self._decoder
            decoder.method = head.method
            decoder.upgrade = head.upgrade
            decoder.started = False
            self._chunked = head.length is None
            start = request_head(head)
            if self._chunked:
                data = chunk(data) if data else b""
                if end:
                    data += last_chunk(None)
            self._request_done = end
            if data:
                start += data
            if not end:
                if not spoken((self,)):
                    self._transport.write(start)
                    return
                self.close()
            self.asking, self.exchange = self.exchange, None
            outbox = self._outbox
            kept = outbox.kept
            kept.append((self, self._transport.write, start, head.method in _SAFE))
            if len(kept) == 1:
                outbox.wait()
            elif len(kept) == MOST:
                outbox.send()
            return
        if not self._tunnel and self.waiting(0) and self._answered_early():
            return
        if self._chunked and not self._tunnel:
            pieces = chunked_pieces(data, cast("Trailers | None", head), end=end)
            if pieces:
                self._transport.writelines(pieces)
        elif data:
            if self._said is not None:
                self._said.feed(data)
            self._transport.write(data)
        if end:
            self._request_done = True
            if self._tunnel:
                self._end_tunnel()

    def turn_away(self) -> None:
        """See outbox.Sender."""
        exchange, self.asking = self.asking, None
        self.close()
        if exchange is None:
            return
        if self.reused:
            exchange.on_stale()
        else:
            exchange.on_upstream_lost(ConnectionLost("it ended, or spoke, before it was asked"))

    def _answered_early(self) -> bool:
        """Read what the origin has sent while it is still being sent to. It may have closed behind
        an early answer: the next write would fail, and the answer be lost with the connection."""
        while self.waiting(0):
            data = arrived(self.descriptor)
            if not data:
                break
            self.data_received(data)
            if self.exchange is None:
                return True
        return False

    def pause_reading(self) -> None:
        """See Stream."""
        if not self._paused and not self.closed:
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """See Stream."""
        if self._paused and not self.closed:
            self._paused = False
            self._transport.resume_reading()

    def sip(self, little: bool) -> None:
        """See keeper.UpstreamStream."""
        if little is self._sips or self.closed:
            return
        self._sips = little
        transport = self._transport
        if not self._paused:  # while it reads it goes on as before
            transport.pause_reading()
        transport.set_protocol(Sip(self, self._decoder) if little else self)
        if not self._paused:
            transport.resume_reading()

    def turn_to(self, exchange: Exchange) -> None:
        """See keeper.UpstreamStream."""
        if self.asking is not None:
            self.asking = exchange
        else:
            self.exchange = exchange

    def abort(self, error: PorchError) -> None:
        """See Stream. The origin sees the close at once and can stop its work; of a WebSocket it
        is told if the door itself is the reason, and may close first (RFC 6455 7.1.1)."""
        self.exchange = self.asking = None
        farewell = None
        if self._said is not None and not self._request_done and isinstance(error, Shutdown):
            farewell = self._said.farewell(GOING_AWAY, error.word)
        if farewell is None:
            self.closed = True
            self._transport.abort()
            return
        if farewell:
            self._transport.write(farewell)
        self.resume_reading()
        self.closed = True
        self.deadline = clock.now + LEAVE

    def unsent(self) -> int:
        """See keeper.UpstreamStream."""
        return unsent(self._transport)

    # --- ends ----------------------------------------------------------------------------------

    def _end_tunnel(self) -> None:
        exchange = self.exchange
        if exchange is not None and not exchange.answer_done and self._transport.can_write_eof():
            self._transport.write_eof()
            return
        self.exchange = None
        self.close()
        if exchange is not None and not exchange.answer_done:  # see eof_received
            exchange.on_response(None, b"", True)

    def _lose(self, error: PorchError) -> None:
        exchange, self.exchange = self.exchange, None
        self.close()
        if exchange is not None:
            exchange.on_upstream_lost(error)

    def on_deadline(self) -> None:
        """See clock.Waiting: nobody wanted the idle connection, or its end is not taken."""
        if not self.closed:
            self.close()
        elif not self._transport.is_closing():  # it was told to close and did not
            self.deadline = clock.now + FLUSH
            self._transport.close()
        else:
            self.deadline = INFINITY
            self._transport.abort()

    def abandon(self) -> None:
        """Nobody wants the connection, made or still to be made."""
        self.closed = True
        self.exchange = self.asking = None
        self._pool.forget(self)  # a cancelled dial never says that the connection was lost
        if self._transport:
            self._transport.abort()

    def close(self) -> None:
        """Close; what was written still leaves."""
        if not self.closed:
            self.closed = True
            self.deadline = clock.now + FLUSH
            self._transport.close()
