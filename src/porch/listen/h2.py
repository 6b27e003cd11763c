"""ServerConnection of HTTP/2: many streams of one client over one socket (RFC 9113).

All that the streams have to say in one turn of the loop leaves in one write at its end: that is
nearly half of what an exchange costs (19.0 to 11.2 us in a minimal proxy). Requests begin when all
that came in one read has been looked at, so that those which were given up in it cost nothing.
"""

import asyncio
from typing import cast

from porch import clock
from porch.clock import INFINITY
from porch.errors import Shutdown
from porch.http.h2 import (
    CONNECTION,
    NO_ERROR,
    ConnectionBroken,
    Ended,
    GoAway,
    Piece,
    Pong,
    Reset,
    Widened,
)
from porch.http.h2_request import Refused
from porch.http.h2_server import ServerCodec
from porch.http.message import RequestHead, Trailers
from porch.keeper import Security, unsent
from porch.listen.closing import flush
from porch.listen.door import Door
from porch.listen.h2_stream import ServerStream
from porch.listen.ip import ip_of

__all__ = ["MultiplexedConnection"]

MOST_QUEUED = 1 << 20
"""Bytes of answers that a connection holds for its client, over all streams."""
MOST_OF_ONE = 1 << 17
"""The same of one stream: what a stream's client does not take must not keep the others waiting."""
FEWER = 2
"""By how much they must have become fewer until more is read."""
GOODBYE = 1.0
"""Seconds between the two steps of GOAWAY where the client does not answer our PING."""


class MultiplexedConnection(asyncio.Protocol):
    """One connection of a client. See h1.ServerConnection.

    streams: those that are open. queued: bytes of bodies that wait in the codec.
    """

    __slots__ = (
        "_away",
        "_closed",
        "_dirty",
        "_door",
        "_ending",
        "_full",
        "_loop",
        "_slow",
        "_started",
        "_transport",
        "_unsent",
        "_whole",
        "codec",
        "deadline",
        "peer",
        "port",
        "scheme",
        "security",
        "streams",
    )

    def __init__(
        self, door: Door, scheme: bytes, port: bytes, security: Security | None = None
    ) -> None:
        """See h1.ServerConnection."""
        self._door = door
        self.scheme = scheme
        self.codec = ServerCodec(door.settings.limits, scheme)
        self.streams: dict[int, ServerStream] = {}
        self._started: list[ServerStream] = []
        self._slow: set[ServerStream] = set()
        self._ending: list[ServerStream] = []
        self._dirty = self._full = self._closed = self._whole = False
        self._away = 0
        self._unsent = -1
        self.peer = b"unix"
        self.port = port
        self.security = security
        self.deadline = INFINITY

    def __repr__(self) -> str:
        return f"<MultiplexedConnection {self.peer.decode()} {len(self.streams)} streams>"

    # --- from the event loop -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()
        self.peer = ip_of(transport, "peername").encode() or b"unix"
        door = self._door
        self.deadline = clock.now + door.settings.timeouts.keep_alive
        door.sessions.add(self)
        door.deadlines.watch(self)
        self.mark()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._closed:
            return
        try:
            pieces = self.codec.receive(data)
        except ConnectionBroken as broken:
            self._break(broken)
            return
        for piece in pieces:
            self._take(piece)
        self._start()
        if not self._dirty and self.codec.wants_write:
            self.mark()

    def eof_received(self) -> bool:
        """See asyncio.Protocol. HTTP/2 has no half-closed connections."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._closed = True
        self._door.sessions.discard(self)
        self._door.deadlines.discard(self)
        for stream in tuple(self.streams.values()):
            stream.lose()
        self.streams.clear()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._full = True

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._full = False
        self.mark()

    # --- in --------------------------------------------------------------------------------------

    def _take(self, piece: Piece) -> None:
        number, what, data, end = piece
        stream = self.streams.get(number)
        if what is None or what.__class__ is Trailers:
            if stream is None:
                if data:
                    self.codec.taken(number, len(data))
            else:
                stream.hear(what, data, end)
        elif isinstance(what, RequestHead | Refused):
            self._open(number, what, end)
        elif number != CONNECTION:
            if stream is not None:
                if isinstance(what, Reset):
                    del self.streams[number]
                    stream.lose()
                elif isinstance(what, Widened):
                    self.mark()
        elif isinstance(what, Pong):
            self._leave()
        elif isinstance(what, Ended):
            if what.broken is not None:
                self._give_up(what.broken)
            self._close()
        elif isinstance(what, GoAway):
            self._away = max(self._away, 1)
            self._close_if_done()

    def _open(self, number: int, head: RequestHead | Refused, end: bool) -> None:
        stream = ServerStream(self, number, head, end)
        self.streams[number] = stream
        self._started.append(stream)
        self.deadline = INFINITY

    def _start(self) -> None:
        """Begin the exchanges of the requests that came, but for those that are given up."""
        started = self._started
        if started:
            self._started = []
            for stream in started:
                if stream.number in self.streams:
                    stream.start(self._door)

    def _break(self, broken: ConnectionBroken) -> None:
        """Nothing that comes can be read any more: say why, and close."""
        self._transport.write(broken.farewell)
        self._give_up(broken)
        self._close()

    def _give_up(self, broken: ConnectionBroken) -> None:
        """What the client sent ends all that runs for it, and the operator is told."""
        for stream in tuple(self.streams.values()):
            stream.fail(broken.error)
        peer = self.peer.decode()
        self._door.warn(f"the HTTP/2 connection of {peer} was cut: {broken}", broken.detail)

    # --- out -------------------------------------------------------------------------------------

    def mark(self) -> None:
        """There is something to say: it leaves at the end of this turn of the loop."""
        if not self._dirty and not self._closed:
            self._dirty = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._dirty = False
        if self._full or self._closed:
            return
        codec = self.codec
        pieces = codec.take()
        if pieces:
            if len(pieces) == 1:
                self._transport.write(pieces[0])
            else:
                self._transport.writelines(pieces)
        for happened in codec.happened():
            self._take(happened)
        if self._ending:
            self._end_early()
        if self._slow:
            self._relieve()
        if not self.streams:
            self._rest()

    def _end_early(self) -> None:
        """Answers that are whole before their request is: once the last byte has left, the client
        need not send the rest (RFC 9113 8.1)."""
        queued = self.codec.queued
        waiting = []
        for stream in self._ending:
            if queued(stream.number):
                waiting.append(stream)
            else:
                self.codec.reset(stream.number, NO_ERROR)
                self.mark()
        self._ending = waiting

    def end_early(self, stream: ServerStream) -> None:
        """See _end_early."""
        self._ending.append(stream)

    def check(self, stream: ServerStream) -> None:
        """A stream has queued more: is it, or are all, to stop reading for a while?"""
        queued = self.codec.queued
        if not self._whole and queued() > MOST_QUEUED:
            self._whole = True
            for each in tuple(self.streams.values()):
                self._slow.add(each)
                each.fill()
        elif queued(stream.number) > MOST_OF_ONE:
            self._slow.add(stream)
            stream.fill()

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be read for any stream."""
        return self._whole

    def begin_slowly(self, stream: ServerStream) -> None:
        """A stream that begins while the connection is full."""
        self._slow.add(stream)
        stream.fill()

    def forget(self, stream: ServerStream) -> None:
        """An exchange is over."""
        self._slow.discard(stream)
        if self.streams.pop(stream.number, None) is not None and not self.streams:
            self.mark()

    def _relieve(self) -> None:
        """Read on for those whose client takes again."""
        queued = self.codec.queued
        if self._whole:
            if queued() > MOST_QUEUED // FEWER:
                return
            self._whole = False
        for stream in tuple(self._slow):
            if queued(stream.number) <= MOST_OF_ONE // FEWER:
                self._slow.discard(stream)
                stream.drain()

    def unsent(self) -> int:
        """Bytes that the client has not taken yet."""
        return self.codec.queued() + unsent(self._transport)

    # --- between requests, and the end -----------------------------------------------------------

    def _rest(self) -> None:
        """No stream is open."""
        if self._away:
            self._close_if_done()
        elif self.deadline == INFINITY:
            self.deadline = clock.now + self._door.settings.timeouts.keep_alive
        if self._door.closing:
            self.drain()

    def on_deadline(self) -> None:
        """See clock.Waiting."""
        self.deadline = INFINITY
        if self._closed:
            self._unsent = flush(self._transport, self._unsent)
            self.deadline = clock.now + self._door.settings.timeouts.idle
        elif self._away:
            self._leave()
        else:
            self.drain()

    def drain(self) -> None:
        """See door.Session. In two steps (RFC 9113 6.8): what is on the way is still served."""
        if not self._away and not self._closed:
            self._away = 1
            self.codec.shut()
            self.codec.ping()
            self.deadline = clock.now + GOODBYE
            self.mark()

    def _leave(self) -> None:
        """The second step: the client knows, so nothing that it sent can be on the way."""
        if self._away == 1:
            self._away = 2
            self.codec.go_away()
            self.mark()
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._away and not self.streams and not self._dirty:
            self._close()

    def close_now(self) -> None:
        """See door.Session."""
        for stream in tuple(self.streams.values()):
            stream.fail(Shutdown("the grace period is over"))
        self.codec.terminate(NO_ERROR)
        for piece in self.codec.take():
            self._transport.write(piece)
        self._close()

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self.deadline = clock.now + self._door.settings.timeouts.idle
            self._transport.close()
            for stream in tuple(self.streams.values()):
                stream.lose()
            self.streams.clear()
