"""ServerConnection of HTTP/2: many streams of one client over one socket (RFC 9113).

All that the streams have to say in one turn of the loop leaves in one write at its end: that is
nearly half of what an exchange costs (19.0 to 11.2 us in a minimal proxy). Requests begin when all
that came in one read has been looked at, so that those which were given up in it cost nothing.
"""

import asyncio
from typing import cast

from porch import clock
from porch.clock import INFINITY
from porch.errors import PorchError, Shutdown
from porch.http.h2 import (
    CANCEL,
    CONNECTION,
    PROTOCOL,
    ConnectionBroken,
    Ended,
    Fault,
    GoAway,
    Malformed,
    Piece,
    Pong,
    Reset,
)
from porch.http.h2_arrivals import NO, YES
from porch.http.h2_request import Refused, refused
from porch.http.h2_server import ServerCodec
from porch.http.message import RequestHead, Trailers
from porch.keeper import Security, unsent
from porch.listen.closing import Closing, descriptor_of, flush, owed, reset
from porch.listen.door import Door
from porch.listen.door_session import Owed
from porch.listen.h2_stream import (
    A_FEW,
    A_READ,
    A_TASTE,
    CROWDED,
    MOST_OF_ONE,
    MOST_QUEUED,
    MOST_SIPPED,
    MOST_TASTED,
    ServerStream,
)
from porch.listen.ip import ip_of
from porch.outbox import Outbox, the_outbox

__all__ = ["MultiplexedConnection"]

GOODBYE = 1.0
"""Seconds between the two steps of GOAWAY where the client does not answer our PING."""

OPEN, LEAVING, AWAY = range(3)
"""Whether the client was told that the connection ends soon, and which streams are the last."""


class MultiplexedConnection(asyncio.Protocol):
    """One connection of a client. See h1.ServerConnection.

    streams: those with an exchange. dirty: whether what there is to say leaves with this turn.
    crowded: whether much waits that the client could have and does not take. slow: those for
    which nothing is read. done: those that are over, but what they sent may still have to leave.
    early: of these those whose request is not whole.
    deadline: of the connection without streams, of a head that
    comes in drops, and of what was sent last and is not taken; an exchange has its own.
    """

    __slots__ = (
        *("_away", "_before", "_drips", "_left", "deadline"),  # see on_deadline
        "_closed",
        "_door",
        "_full",
        "_heavy",
        "_outbox",
        "_transport",
        "codec",
        "crowded",
        "dirty",
        "done",
        "early",
        *("peer", "port", "scheme", "security"),  # see keeper.ClientStream
        "slow",
        "streams",
    )

    descriptor = descriptor_of

    def __init__(
        self, door: Door, scheme: bytes, port: bytes, security: Security | None = None
    ) -> None:
        """See h1.ServerConnection."""
        self._door, self.scheme = door, scheme
        self.codec = ServerCodec(door.settings.limits, scheme, door.settings.streams)
        self.streams: dict[int, ServerStream] = {}
        self.slow: dict[ServerStream, None] = {}
        self._heavy: list[ServerStream] = []
        self.early: list[int] = []
        self.done: list[int] = []
        self._left: dict[int, int] | None = None
        self.dirty = self.crowded = self._full = self._closed = self._drips = False
        self._away = OPEN
        self.peer = b"unix"
        self.port, self.security = port, security
        self.deadline = self._before = INFINITY

    def __repr__(self) -> str:
        state = "closed" if self._closed else ("open", "leaving", "away")[self._away]
        return f"<MultiplexedConnection {self.peer.decode()} {len(self.streams)} streams {state}>"

    # --- from the event loop -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._outbox: Outbox = the_outbox()
        self.peer = ip_of(transport, "peername").encode() or b"unix"
        door = self._door
        self.deadline = clock.now + door.settings.timeouts.keep_alive
        door.sessions.add(self)
        door.deadlines.watch(self)
        if door.closing:
            self.drain()
        self.mark()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._closed:
            return
        codec = self.codec
        try:
            pieces = codec.receive(data)
        except ConnectionBroken as broken:
            self._break(broken)
            return
        started: list[Piece] = []
        for piece in pieces:
            kind = piece[1].__class__
            if kind is RequestHead or kind is Refused:
                self.streams[piece[0]] = ServerStream(self, piece[0], piece[3])
                started.append(piece)
            else:
                self._take(piece)
        if started:  # but for those that are given up
            self._drips = False
            if self._left is None and self._away != LEAVING:
                self.deadline = INFINITY
            for number, head, _, _ in started:
                stream = self.streams.get(number)
                if stream is not None:
                    stream.start(self._door, head)  # type: ignore[arg-type]
        if codec.arrivals.partial or self._drips:
            self._note_drips(codec.arrivals.partial)
        if not self.dirty and (self.slow or codec.wants_write):
            self.mark()

    def eof_received(self) -> bool:
        """See asyncio.Protocol. HTTP/2 has no half-closed connections: nothing goes on."""
        if not self._closed:
            self._closed = True
            self._look_again({})
            self._lose_all()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._closed = True
        self._door.sessions.discard(self)
        self._door.deadlines.discard(self)
        self._lose_all()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._full = True
        self._look_again({})

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._full = False
        self.mark()

    # --- in --------------------------------------------------------------------------------------

    def _take(self, piece: Piece) -> None:
        """Something else has come, or happened."""
        number, what, data, end = piece
        if what is None or what.__class__ is Trailers:
            found = self.streams.get(number)
            if found is not None:
                found.hear(what, data, end)
            elif data:  # of a request that has its answer
                self.codec.taken(number, len(data))
        elif isinstance(what, Reset):
            found = self.streams.pop(number, None)
            if found is not None:
                found.lose()
            elif isinstance(what, Fault) and what.code == PROTOCOL:
                self._tell_of_fault(number)
        elif isinstance(what, Pong):
            self._leave()
        elif isinstance(what, Ended):
            if what.broken is not None:
                self._blame(what.broken)
            self._close()
        elif isinstance(what, GoAway):
            self._away = AWAY
            self.mark()

    def _tell_of_fault(self, number: int) -> None:
        """A request was so malformed that libnghttp2 has told nothing of it: the log has it all
        the same. Those that have their answer already are no further request."""
        if number not in self.early and number not in self.done:
            error = Malformed("the stream was reset with PROTOCOL_ERROR")
            ServerStream(self, number, True).start(self._door, refused((), self.scheme, error))

    def _note_drips(self, partial: int) -> None:
        """A head may come in drops: patience with it counts from its first byte. What else comes
        in drops is a body, which its exchange waits for, or costs nothing. Whoever lets us wait
        is told to leave, and what runs is not ended."""
        if self._drips:
            if partial == NO:
                self._drips = False
                self.deadline = self._before
        elif partial == YES or all(stream.heard for stream in self.streams.values()):
            self._drips = True
            self._before = self.deadline
            self.deadline = min(self.deadline, clock.now + self._door.settings.timeouts.head)

    def _break(self, broken: ConnectionBroken) -> None:
        """Nothing that comes can be gone on from: say why, and close."""
        self._transport.write(broken.farewell)
        self._blame(broken)
        self._close()

    def _blame(self, broken: ConnectionBroken) -> None:
        """What the client sent ends all that runs for it, and the operator is told."""
        for stream in tuple(self.streams.values()):
            stream.fail(broken.error)
        peer = self.peer.decode()
        door = self._door
        door.cuts[broken.error.word] += 1
        door.warn(f"the HTTP/2 connection of {peer} was cut: {broken}", broken.detail)

    # --- out -------------------------------------------------------------------------------------

    def mark(self) -> None:
        """There is something to say: it leaves at the end of this turn of the loop."""
        if not self.dirty and not self._closed:
            self.dirty = True
            self._outbox.speak(self._flush)

    def _flush(self) -> None:
        self.dirty = False
        if self._closed or self._full:
            return
        codec = self.codec
        pieces = codec.take()
        if len(pieces) == 1:
            self._transport.write(pieces[0])
        elif pieces:
            self._transport.writelines(pieces)
            if codec.wants_write:
                self.mark()
        for happened in codec.happened():
            self._take(happened)
        if codec.glitches.spent is not None and not self._closed:
            self._break(codec.spent())
            return
        if self.early:
            self._end_early()
        if self._heavy:
            self._look_at_heavy()
        waiting = codec.queued()
        if (waiting <= CROWDED) if self.crowded else (waiting > CROWDED and not self.dirty):
            self._crowd(not self.crowded)
        if self.slow:
            self._relieve()
        if waiting or self._left is not None:
            self._see_off()
        else:
            self.done.clear()
        if not self.streams:
            if self._away == AWAY:
                self._end_away()
            elif self.deadline == INFINITY:
                self.deadline = clock.now + self._door.settings.timeouts.keep_alive

    def _end_early(self) -> None:
        """Answers that are whole before their request is: once the last byte has left, the client
        need not send the rest (RFC 9113 8.1)."""
        release = self.codec.release
        early, self.early = self.early, []
        for number in early:
            if release(number):
                self.mark()
            else:
                self.early.append(number)

    def check(self, stream: ServerStream) -> None:
        """A stream has queued more: is it, or are all, to stop reading for a while?"""
        queued = self.codec.queued
        whole = queued()
        if whole > (MOST_SIPPED if self.crowded else MOST_QUEUED):
            for each in self.streams.values():
                if not each.full:
                    self.slow_down(each)
        elif not stream.full:
            own = queued(stream.number)
            if whole > CROWDED or own > (MOST_OF_ONE if self._full else A_READ - 1):
                self.slow_down(stream)
            elif own > MOST_OF_ONE:  # most clients take it at the end of this turn
                self._heavy.append(stream)

    def _look_at_heavy(self) -> None:
        """What clients had no room for is still here."""
        heavy, self._heavy = self._heavy, []
        queued = self.codec.queued
        for stream in heavy:
            if queued(stream.number) > MOST_OF_ONE:
                self.slow_down(stream)

    def slow_down(self, stream: ServerStream) -> None:
        """Read nothing for a stream until its client takes."""
        self.slow[stream] = None
        stream.fill()

    def _crowd(self, crowded: bool) -> None:
        """Much is here that could leave and is not taken; or no longer so much."""
        self.crowded = crowded
        for stream in self.streams.values():
            stream.sip(crowded)

    def squeeze(self, stream: ServerStream) -> None:
        """A stream begins where others wait."""
        stream.sip(self.crowded)
        if self.codec.queued() > (MOST_SIPPED if self.crowded else MOST_QUEUED):
            self.slow_down(stream)

    def _relieve(self) -> None:
        """Read on for those whose client takes, as far as there is room; beyond it some sips."""
        queued, window = self.codec.queued, self.codec.window
        whole = queued()
        most = MOST_SIPPED if self.crowded else MOST_QUEUED
        tastes = A_FEW
        share = 0 if whole > CROWDED else MOST_OF_ONE // 2
        for stream in [each for each in self.slow if queued(each.number) <= share]:
            if (now := queued()) > most:
                if now > MOST_TASTED or not self.crowded:  # whole reads are no sips
                    return
                if window(stream.number) < A_TASTE:
                    continue
                if not tastes:  # the others have their turn
                    self.mark()
                    return
                tastes -= 1
            self.slow.pop(stream, None)
            stream.drain()

    def unsent(self, number: int) -> int:
        """Bytes that the client has not taken yet: of one stream where it takes nothing of this
        one, of all where it takes little at all."""
        codec = self.codec
        own = codec.queued(number)
        if own and codec.window(number) <= 0:
            return own
        return codec.queued() + unsent(self._transport)

    # --- between requests, and the end -----------------------------------------------------------

    def _see_off(self) -> None:
        """Keep those in mind that are over and not taken."""
        queued = self.codec.queued
        self.done = [number for number in self.done if queued(number)] if queued() else []
        if self.done or self._full:
            if self._left is None:
                self._look_again({})
        elif self._left is not None:
            self._left = None
            if self._away != LEAVING and not self._drips:
                self.deadline = INFINITY

    def _look_again(self, left: dict[int, int]) -> None:
        """See whether what is left has moved, a while from now."""
        self._left = left
        idle = self._door.settings.timeouts.idle
        self.deadline = min(self.deadline, clock.now + idle)

    def _end_away(self) -> None:
        """The last stream that the client was told of is over."""
        if not (self.done or self.early or self.dirty):
            self._close()

    def on_deadline(self) -> None:
        """See clock.Waiting."""
        self.deadline = INFINITY
        if self._closed:  # the transport has yet to say so
            before = self._left or {}
            left = flush(self._transport, before.get(CONNECTION, -1))
            self._look_again({CONNECTION: left})
            return
        if self._away == LEAVING:
            self._leave()
        if self._left is not None:
            self._shed(self._left)
        elif not self._away:  # it was idle, or a head comes in drops
            self.drain()

    def _shed(self, before: dict[int, int]) -> None:
        """Give up what was sent last and has not moved since the last look."""
        if self._full:
            left = {CONNECTION: unsent(self._transport)}
            if left == before:
                reset(self._transport)
                return
        else:
            queued = self.codec.queued
            left = {number: queued(number) for number in self.done}
            for number, size in left.items():
                if size == before.get(number):
                    self.codec.reset(number, CANCEL)
                    self.mark()
        self._look_again(left)

    def announce(self) -> None:
        """See door.Session: it can be told at any time."""
        self.drain()

    def drain(self) -> None:
        """See door.Session. In two steps (RFC 9113 6.8): what is on the way is still served."""
        if not self._away and not self._closed:
            self._away = LEAVING
            self.codec.shut()
            self.codec.ping()
            self.deadline = clock.now + GOODBYE
            self.mark()

    def _leave(self) -> None:
        """The second step: the client knows, so nothing that it sent can be on the way."""
        if self._away == LEAVING:
            self._away = AWAY
            self.deadline = INFINITY
            self.codec.go_away()
            self.mark()

    def idle_since(self) -> float:
        """See door_session.Session."""
        if self.streams or self._left is not None or self._away or self._closed or self._drips:
            return INFINITY
        return self.deadline - self._door.settings.timeouts.keep_alive

    def shed(self) -> None:
        """See door_session.Session. It is told, and need not agree."""
        self.close_now(lingers=False)

    def owed(self) -> Owed:
        """See door_session.Session. Of the connection: a stream whose client is in no hurry while
        it takes others has `timeouts.idle`."""
        rates = (stream.least() for stream in self.streams.values())
        waits = unsent(self._transport) if self._closed else self.codec.queued()
        return owed(self._transport, min(rates, default=self._door.settings.min_rate), waits)

    def give_up(self, error: PorchError) -> None:
        """See door_session.Session."""
        self._closed = True
        for stream in tuple(self.streams.values()):
            stream.fail(error)
        reset(self._transport)

    def close_now(self, *, lingers: bool = True) -> None:
        """See door.Session. lingers: until the client has heard of it."""
        if self._closed:
            return
        for stream in tuple(self.streams.values()):
            stream.fail(Shutdown("the grace period is over"))
        self.codec.go_away()
        while pieces := self.codec.take():
            self._transport.writelines(pieces)
        self._close(lingers)

    def _close(self, lingers: bool = True) -> None:
        """Say nothing more; what was written still leaves."""
        if self._closed:
            return
        self._closed = True
        self._look_again({})
        self._lose_all()
        if not lingers:
            self._transport.close()
        elif not self._transport.is_closing():
            self._door.sessions.discard(self)
            self._door.deadlines.discard(self)
            Closing(self._door, self._transport)

    def _lose_all(self) -> None:
        streams, self.streams = self.streams, {}
        for stream in streams.values():
            stream.lose()
