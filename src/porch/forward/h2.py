"""SharedConnection: HTTP/2 with an origin. Many exchanges share it, each with a stream of its own.

It is there when the origin has said its settings, and that it takes a stream at least: until then
no request is sent, so that none is one too many, and one whose connection goes nowhere may be sent
elsewhere. All that the streams
have to say in one turn of the loop leaves in one write at its end. What is held for an origin is
bounded: 128 KiB of requests a stream, 24 MiB of answers that nobody takes.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from porch import clock
from porch.clock import INFINITY
from porch.errors import (
    BadGateway,
    ConnectFailed,
    ConnectionLost,
    EndpointSilent,
    LeftBehind,
    PorchError,
)
from porch.exchange import Exchange
from porch.forward.agreed import NoHttp2
from porch.forward.arrived import arrived, poll_of
from porch.forward.h2_stream import OriginStream
from porch.http.h1 import HeadLimits
from porch.http.h2 import (
    CANCEL,
    CONNECTION,
    NO_ERROR,
    ConnectionBroken,
    Ended,
    GoAway,
    Piece,
    Reset,
    Settled,
    Widened,
)
from porch.http.h2_client import ORIGIN_STREAM_WINDOW, ORIGIN_WINDOW, ClientCodec
from porch.http.message import ResponseHead, Trailers
from porch.keeper import unsent
from porch.outbox import the_outbox

if TYPE_CHECKING:
    from porch.forward.pool import Pool

__all__ = ["SharedConnection"]

MOST_STREAMS = 128
"""Streams of one connection, if the origin allows as many."""
MOST_HELD_UP = 16
"""Streams whose clients do not take what is there, until others begin on another connection: what
the windows of all may be in all is theirs by then, and many an origin has bounds of its own."""
MOST_OF_ONE = 1 << 17
"""Bytes of a request that wait for the origin, until the client is not read from any more."""
FEWER = 2
"""By how much they must have become fewer until it is."""
WIDEST = 3 << 20
"""Bytes that a stream's window grows to, if answers come fast and clients take them. What comes
sooner than a client takes it would but lie here."""
WIDEST_FAR = 16 << 20
"""The same where the origin is far: half of it is what a link of 3 Gbit/s has on its way in 20
ms."""
FAR = 0.008
"""Seconds from which on an origin is far: between the connection and its first words."""
GROWTH = 4
"""How many times larger it becomes each time, at most."""
SHARE = 2
"""What part of what is left it may take then: half, so that one has much where few are, and the
next always something."""
FURTHER = 4
"""How many times less is left for all on a connection beside others: clients that make more of them
by not reading cost 0.36 MB an answer so, where HTTP/1.1 costs 0.29, and 0.51 without."""
QUIET = 3.0
"""Seconds of silence while streams are open, after which the origin is asked for a sign of life."""
PATIENCE = 5.0
"""Seconds that it may take to give one."""
SELDOM = 300.0
"""Seconds until it is asked again where nothing but the sign came: gRPC servers close a connection
that asks more often (their min_recv_ping_interval_without_data)."""
FEW = 2
"""How often a new stream may have it asked before that: they bear three in a row."""
FLUSH = 10.0
"""Seconds that what was written may take to leave a connection that closes."""


class SharedConnection(asyncio.Protocol):
    """One connection to an origin.

    streams: those whose request was sent. settled: done when streams may begin, or fails with a
    ConnectFailed. reused: whether an answer has come on it. closed: no stream may begin any more.
    has_begun: whether there ever was a stream. takes_tunnels: see RFC 8441 3. scheme: of what is
    sent. widest: that a stream's window may become.
    """

    __slots__ = (
        *("_ahead", "_asked_at", "_asks", "_behind", "_heard", "_quiet"),  # see on_deadline
        *("_descriptor", "_waiting"),  # see is_there
        *("_dirty", "_full", "_outbox", "_owed", "_slow", "_transport"),  # see _flush
        *("_ended", "_is_away", "closed"),  # see leave
        *("_held_up", "_taken", "has_begun", "streams"),  # see open
        *("_loop", "_pool"),
        *("_made_at", "_most", "settled", "takes_tunnels"),  # see _settle
        *("_spare", "widest"),  # see room_for
        "codec",
        "deadline",
        "most_interim",
        "reused",
        "scheme",
    )

    def __init__(self, pool: "Pool", limits: HeadLimits, most_interim: int, scheme: bytes) -> None:
        self._pool = pool
        self.codec = ClientCodec(limits)
        self.most_interim = most_interim
        self.scheme = scheme
        self._transport: asyncio.Transport | None = None
        self.streams: dict[int, OriginStream] = {}
        self._slow: set[OriginStream] = set()
        self._held_up: set[OriginStream] = set()
        self._owed: list[OriginStream] = []
        self._dirty = self._full = self._ended = self._is_away = self.closed = self.reused = False
        self.takes_tunnels = self.has_begun = False
        self._loop = asyncio.get_running_loop()
        self._outbox = the_outbox()
        self.settled: asyncio.Future[None] = self._loop.create_future()
        self._most = 0
        self._spare = ORIGIN_WINDOW - MOST_STREAMS * ORIGIN_STREAM_WINDOW
        self._taken = self._asks = self._ahead = self._behind = 0
        self._heard, self._asked_at, self._quiet = clock.now, 0.0, QUIET
        self.deadline = INFINITY
        self.widest = WIDEST
        self._made_at = 0.0
        self._descriptor = -1
        self._waiting: Callable[[int], object] = bool

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self._taken} streams"
        return f"<SharedConnection {self._pool.name} {state}>"

    # --- from the event loop -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        if self.closed:  # abandoned meanwhile
            self._transport.abort()
            return
        self._pool.watch(self)
        self._made_at = clock.monotonic()
        self._descriptor, self._waiting = poll_of(transport)
        self.mark()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._ended:
            return
        if not self.settled.done() and data.startswith(b"HTTP/1."):
            self._not_settled(NoHttp2(f"{self._pool.name} speaks HTTP/1.1"))
        self._heard = clock.now
        self._asked_at = 0.0
        try:
            pieces = self.codec.receive(data)
        except ConnectionBroken as broken:
            self._break(broken)
            return
        for piece in pieces:
            self._take(piece)
        if not self._dirty and self.codec.wants_write:
            self.mark()
        if self._pool.dials:
            self._pool.offer(self)
        if self._is_away and not self._taken:
            self._end()

    def eof_received(self) -> bool:
        """See asyncio.Protocol. HTTP/2 has no half-closed connections."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._leave()
        self._ended = True
        self._pool.forget(self)
        self._not_settled(ConnectFailed(f"{self._pool.name} accepted and closed at once"))
        self._lose_all(ConnectionLost("the origin closed the connection before it answered"))

    def pause_writing(self) -> None:
        """See asyncio.Protocol. Who takes nothing is soon looked at, whatever was said before."""
        self._full = True
        self._listen(QUIET)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._full = False
        self.mark()

    # --- in --------------------------------------------------------------------------------------

    def _take(self, piece: Piece) -> None:
        number, what, data, end = piece
        stream = self.streams.get(number)
        if what is None or isinstance(what, ResponseHead | Trailers):
            if self._asks:
                self._asks = 0
                self._listen(QUIET)
            if stream is not None:
                stream.hear(what, data, end)
            elif data:
                self.codec.taken(number, len(data))
        elif stream is not None:
            if isinstance(what, Reset):
                stream.on_reset(what)
            elif isinstance(what, PorchError):
                stream.fail(what)
            elif isinstance(what, Widened):
                self.mark()
        elif number == CONNECTION:
            self._take_own(what)

    def _take_own(self, what: object) -> None:
        """What concerns the whole connection."""
        if isinstance(what, Settled):
            self._settle()
        elif isinstance(what, Widened):
            self.mark()
        elif isinstance(what, GoAway):
            self._leave()
            for number in [number for number in self.streams if number > what.last]:
                self.streams[number].refuse(what.last > 0)
        elif isinstance(what, Ended):
            why = f": {what.broken.detail}" if what.broken is not None else ""
            self._leave()
            self._lose_all(BadGateway(f"the origin's HTTP/2 is malformed{why}"))
            self._end()

    def _settle(self) -> None:
        codec = self.codec
        self._pool.most_streams = most = codec.most_streams
        self._most = min(most, MOST_STREAMS)
        self.takes_tunnels = codec.knows_tunnels
        if not most:
            self._refuse_unsent()
        elif not self.settled.done():
            self.settled.set_result(None)
            if clock.monotonic() - self._made_at >= FAR:
                self.widest = WIDEST_FAR
            self.deadline = clock.now + self._pool.idle_timeout
            if self._pool.share(self) > 1:
                self._spare //= FURTHER

    def _refuse_unsent(self) -> None:
        """The origin takes no streams now: what waits in the codec has not been sent, and need not
        wait for a change of mind."""
        for stream in tuple(self.streams.values()):
            if not self.codec.is_sent(stream.number):
                self.codec.reset(stream.number, CANCEL)
                stream.lose(LeftBehind("the origin takes no requests now"))
        self.mark()

    def _not_settled(self, error: PorchError) -> None:
        if not self.settled.done():
            self.settled.set_exception(error)
            self.settled.exception()  # looked at: whoever waited may have left

    def _break(self, broken: ConnectionBroken) -> None:
        """Nothing that comes can be read any more: say why, and close."""
        assert self._transport is not None
        self._transport.write(broken.farewell)
        self._leave()
        self._lose_all(BadGateway(f"the origin's HTTP/2 is malformed: {broken.detail}"))
        self._end()

    # --- out -------------------------------------------------------------------------------------

    def mark(self) -> None:
        """There is something to say: it leaves at the end of this turn of the loop."""
        if not self._dirty and not self._ended:
            self._dirty = True
            self._outbox.speak(self._flush)

    def _flush(self) -> None:
        self._dirty = False
        if self._owed:
            self._acknowledge()
        if self._full or self._ended:
            return
        codec = self.codec
        pieces = codec.take()
        if pieces:
            assert self._transport is not None
            if len(pieces) == 1:
                self._transport.write(pieces[0])
            else:
                self._transport.writelines(pieces)
            if self._asked_at:
                self._behind += sum(map(len, pieces))
        for piece in codec.happened():
            self._take(piece)
        if codec.wants_write and not self._full:
            self.mark()
        if self._slow:
            self._relieve()
        if self._pool.dials:
            self._pool.offer(self)
        if self._is_away and not self._taken:
            self._end()

    def check(self, stream: OriginStream) -> None:
        """A stream has queued more: is its client to wait for a while?"""
        if self.codec.queued(stream.number) > MOST_OF_ONE:
            self._slow.add(stream)
            stream.fill()

    def _relieve(self) -> None:
        """Read on for those whose origin takes again."""
        queued = self.codec.queued
        for stream in tuple(self._slow):
            if queued(stream.number) <= MOST_OF_ONE // FEWER:
                self._slow.discard(stream)
                stream.drain()

    def unsent(self, number: int) -> int:
        """Bytes of a stream that the origin has not taken yet, and those before them."""
        queued = self.codec.queued(number) if number else 0
        return queued + (unsent(self._transport) if self._full and self._transport else 0)

    def owe(self, stream: OriginStream) -> None:
        """What came on a stream is handed on: the origin is told with what else there is to say.
        By then it shows whether the client takes it, who says all in one write as well."""
        self._owed.append(stream)
        self.mark()

    def _acknowledge(self) -> None:
        owed, self._owed = self._owed, []
        for stream in owed:
            stream.acknowledge()

    def room_for(self, stream: OriginStream) -> int:
        """By how much a stream's window may be made wider; 0 where that is not worth it."""
        window = stream.window
        more = min((GROWTH - 1) * window, self.widest - window, self._spare // SHARE)
        return more if more >= ORIGIN_STREAM_WINDOW else 0

    def widen(self, stream: OriginStream, more: int) -> None:
        """Let more of it come at once."""
        self._spare -= more
        stream.window += more
        self.codec.widen(stream.number, stream.window)

    # --- streams ---------------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """Whether a stream may begin: not while the origin takes nothing, or may not be there."""
        return not (self.closed or self._full or self._asked_at) and self._taken < self._most

    def is_there(self) -> bool:
        """Whether that is still so when all that has come was heard: one that waited may have been
        left by the origin a moment ago, and what is sent then is lost."""
        if self._taken or not self._waiting(0):
            return True
        while not self.closed and self._waiting(0):
            data = arrived(self._descriptor)
            if data:
                self.data_received(data)
            else:
                self.leave()
        return self.has_room

    def open(self, exchange: Exchange) -> OriginStream:
        """A stream for an exchange. Only where there is room."""
        quiet = QUIET if self._asks < FEW else SELDOM
        if not self._taken or quiet < self._quiet:
            self._listen(quiet)
        self._taken += 1
        self.has_begun = True
        return OriginStream(self, exchange)

    def _listen(self, quiet: float) -> None:
        """From now on so many seconds of silence are enough to ask."""
        self._quiet = quiet
        self.deadline = clock.now + quiet

    def forget(self, stream: OriginStream) -> None:
        """A stream is over."""
        self.streams.pop(stream.number, None)
        self._slow.discard(stream)
        if self._held_up:
            self.let_go(stream)
        self._spare += stream.window - ORIGIN_STREAM_WINDOW
        self._taken -= 1
        if not self._taken:
            self.deadline = clock.now + self._pool.idle_timeout
            if self._is_away:
                self.mark()

    def hold_up(self, stream: OriginStream) -> None:
        """The client of a stream does not take what is there."""
        self._held_up.add(stream)
        if len(self._held_up) == MOST_HELD_UP:
            self._pool.set_aside(self)

    def let_go(self, stream: OriginStream) -> None:
        """It takes again, or the stream is over."""
        self._held_up.discard(stream)
        if len(self._held_up) == MOST_HELD_UP - 1:
            self._pool.take_back(self)

    def fail_soon(self, stream: OriginStream, error: PorchError) -> None:
        """Not at once: the exchange is about to send something."""
        self._loop.call_soon(stream.lose, error)

    def speak_one(self) -> bool:
        """The origin wants HTTP/1.1. Whether it can have that."""
        return self._pool.speak_one()

    def tunnel_by_one(self) -> bool:
        """The origin takes no tunnels here. Whether HTTP/1.1 can be spoken for them."""
        return self._pool.tunnel_by_one()

    def _lose_all(self, error: PorchError) -> None:
        for stream in tuple(self.streams.values()):
            stream.lose_connection(error)

    # --- silence, and ends -----------------------------------------------------------------------

    def on_deadline(self) -> None:
        """See clock.Waiting."""
        if self._ended:
            self.deadline = INFINITY
            if self._transport is not None:
                self._transport.abort()
        elif not self._taken:
            self.leave()
        else:
            self._doubt()

    def _doubt(self) -> None:
        """Streams are open, and it may be that nothing was heard for a while."""
        until = self._heard + self._quiet
        assert self._transport is not None
        if self._asked_at and self._has_yet_to_hear():
            self.deadline = clock.now + PATIENCE
        elif self._asked_at:
            self._leave()
            self._lose_all(EndpointSilent(f"{self._pool.name} answered no PING"))
            self._ended = True
            self._transport.abort()
        elif until >= clock.now:
            self.deadline = until
        else:
            self._ahead = unsent(self._transport)
            self._behind = 0
            self._asks += 1
            self._asked_at = clock.now
            self._quiet = SELDOM
            self.deadline = clock.now + PATIENCE
            self.codec.ping()
            self.mark()

    def _has_yet_to_hear(self) -> bool:
        """Whether the PING waited behind a request's body, of which the origin takes some: only
        then has it PATIENCE from now on. A dead one takes nothing."""
        assert self._transport is not None
        before, self._ahead = self._ahead, max(0, unsent(self._transport) - self._behind)
        return self._ahead != before

    def leave(self) -> None:
        """Begin no more streams; those that are open end in peace."""
        self._leave()
        if not self._taken:
            self._end()

    def _leave(self) -> None:
        self._is_away = self.closed = True
        self._pool.unshare(self)

    def _end(self) -> None:
        """Close, with a word (RFC 9113 6.8); what was written still leaves."""
        if self._ended:
            return
        assert self._transport is not None
        self.codec.terminate(NO_ERROR)
        for piece in self.codec.take():
            self._transport.write(piece)
        self._ended = self.closed = True
        self.deadline = clock.now + FLUSH
        self._transport.close()

    def abandon(self) -> None:
        """Who had it made does not want it. Once it has settled, others may."""
        if not self.settled.done():
            self.closed = self._ended = True
            self._pool.forget(self)  # a cancelled dial never says that the connection was lost
            if self._transport is not None:
                self._transport.abort()
