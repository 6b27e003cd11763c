"""The side of HTTP/2 that is asked: requests out of bytes, answers into them (RFC 9113). Sans-IO.

See h2.py. What a client does that honest ones seldom do is counted here (h2_glitches.py).
"""

from collections.abc import Sequence

from ngh2 import NGH2Error, Role
from ngh2 import events as told
from ngh2.events import DataReceived, RequestReceived, StreamClosed

from porch import clock
from porch.errors import FieldsTooLarge, PorchError
from porch.http import h2_glitches as kinds
from porch.http.fields import REQUEST_ID
from porch.http.h1 import HeadLimits
from porch.http.h2 import (
    CALM,
    FLOW,
    NO_ERROR,
    PROTOCOL,
    REFUSED,
    STREAM_WINDOW,
    WINDOW,
    Codec,
    ConnectionBroken,
    Fault,
    Piece,
    past_table,
)
from porch.http.h2_arrivals import Arrivals
from porch.http.h2_fields import PLAIN, known_fields
from porch.http.h2_glitches import Glitches
from porch.http.h2_request import RequestReader, read_trailers, refused
from porch.http.message import Field

__all__ = ["ServerCodec"]

_THEIR_FAULT = frozenset((PROTOCOL, FLOW, 5, 6, REFUSED, 9, CALM))
"""Codes with which libnghttp2 ends a stream for what came on it, STREAM_CLOSED, FRAME_SIZE_ERROR
and COMPRESSION_ERROR among them. Streams that we give up for other reasons have other codes."""
SOME_NOISE = 4096
"""Bytes that are neither head nor body and count as one glitch, beyond those that the longest head
and frame may have."""
A_LONG_FRAME = 16384 + 9
"""Bytes of the longest frame that is taken."""
MOST_EXCUSED = WINDOW + (WINDOW >> 4)
"""Bytes that may be on the way for streams that we have given up: what our windows let through, and
the frames around it."""
FIRST_FLIGHT = 1 << 20
"""Bytes that a client may send of streams that we refuse before it has agreed to our settings: it
could not know how many may be open."""
SOME_HEADS = 16
"""Heads in one read, above which it is taken in bites of A_BITE bytes: each head may be 3,000 times
as long as what came of it, and only one bite's are held before those over the limit are refused."""
A_BITE = 1024
EARNED = 4
"""Frames of the free kinds that a request, and a piece of an answer, give reason for."""
A_FRAME, AN_UPDATE, A_PING = 9, 13, 17
"""Bytes of a frame without its content, of a WINDOW_UPDATE and of a PING."""


class _Body:
    """What came together of a stream's body. place: of its piece."""

    __slots__ = ("end", "more", "place")

    def __init__(self, place: int, data: bytes) -> None:
        self.place = place
        self.more = [data]
        self.end = False


class ServerCodec(Codec):
    """The side that is asked. glitches: what this client has done that honest ones seldom do.
    arrivals: what is known of all its frames."""

    __slots__ = (
        "_began",
        "_excused",
        "_first",
        "_grown",
        "_lost",
        "_most_noise",
        "_noise",
        "_passed",
        "_read",
        "_scheme",
        "arrivals",
        "glitches",
    )

    def __init__(self, limits: HeadLimits, scheme: bytes, streams: int) -> None:
        """scheme: of the connection, b"http" or b"https". streams: that may be open at once."""
        settings = {
            3: streams,
            4: STREAM_WINDOW,
            6: limits.head,
            8: 1,  # a WebSocket may be asked for (RFC 8441 3)
            9: 1,  # priorities are those of RFC 9218
        }
        super().__init__(Role.SERVER, limits, settings)
        self._scheme = scheme
        self._read = RequestReader(scheme, limits).read
        self._passed: list[Field] = []  # an answer's fields that were known, the last ones
        self._noise = self._lost = self._excused = 0
        self._excuse(STREAM_WINDOW)  # a body in the read in which its request turns out malformed
        self._first = FIRST_FLIGHT
        # Streams up to `_grown` began before the tick in which the last ones did.
        self._grown, self._began = 0, clock.now
        self._most_noise = limits.head + A_LONG_FRAME
        self.glitches = Glitches()
        self.arrivals = Arrivals(self.glitches)

    def receive(self, data: bytes) -> list[Piece]:
        """See Codec. A flood of frames that want answers ends before libnghttp2 sees it."""
        arrivals = self.arrivals
        arrivals.look(data)
        if self.glitches.spent is not None:
            raise self.spent()
        self._noise += len(data)
        try:
            if arrivals.heads <= SOME_HEADS:
                self._connection.receive_data(data)
                pieces = self.happened()
            else:
                pieces = []
                for at in range(0, len(data), A_BITE):
                    self._connection.receive_data(data[at : at + A_BITE])
                    pieces += self.happened()
        except NGH2Error as error:
            raise self._broken(error) from error
        if arrivals.resets:
            self._count_late_resets()
        if self._noise > self._most_noise:
            self._count_noise()
        if self.glitches.spent is not None:
            raise self.spent()
        return pieces

    def spent(self) -> ConnectionBroken:
        """What a client is told that has done too much of what honest ones seldom do."""
        kind = self.glitches.spent
        assert kind is not None
        return ConnectionBroken(f"too many {kind.name}", CALM, self.streams_seen)

    def _count_late_resets(self) -> None:
        """Those of streams that were there have been taken off."""
        late, self.arrivals.resets = self.arrivals.resets, 0
        if late > 0:
            self.glitches.add_free(kinds.LATE_RESETS, late)

    def _count_noise(self) -> None:
        """Of what came on streams that we have refused or given up nothing is told: it is excused
        as far as it may have been on the way."""
        over = self._noise - self._most_noise
        first = min(self._first, over)
        excused = min(self._excused, over - first)
        self._first -= first
        self._excused -= excused
        self._noise -= first + excused
        while self._noise > self._most_noise:
            self._noise -= SOME_NOISE
            if self._connection.want_read:  # else nothing is looked at any more
                self.glitches.add(kinds.NOISE)

    def happened(self) -> list[Piece]:
        """See Codec. What came together of one body is one piece: each costs the origin a write."""
        pieces: list[Piece] = []
        bodies: dict[int, _Body] | None = None
        read, glitches = self._read, self.glitches
        for event in self._connection.events():
            kind = event.__class__
            if kind is RequestReceived:
                if clock.now != self._began:
                    self._grown, self._began = self.streams_seen, clock.now
                stream = self.streams_seen = event.stream_id  # type: ignore[attr-defined]
                fields, end = event.headers, event.end_stream  # type: ignore[attr-defined]
                self._noise = 0
                glitches.free += EARNED
                try:
                    pieces.append((stream, read(fields, end), b"", end))
                except PorchError as error:
                    glitches.add(kinds.REFUSED_HEADS)
                    pieces.append((stream, refused(fields, self._scheme, error), b"", end))
            elif (
                kind is StreamClosed
                and not event.error_code  # type: ignore[attr-defined]
                and event.stream_id != self._lost  # type: ignore[attr-defined]
            ):
                pass  # as it should
            elif kind is DataReceived:
                data, end = event.data, event.end_stream  # type: ignore[attr-defined]
                self._noise -= len(data) + A_FRAME
                if not (data or end):
                    glitches.add(kinds.EMPTY_DATA)
                stream = event.stream_id  # type: ignore[attr-defined]
                if bodies is None:
                    bodies = {}
                body = bodies.get(stream)
                if body is None:
                    bodies[stream] = _Body(len(pieces), data)
                    pieces.append((stream, None, data, end))
                else:
                    body.more.append(data)
                    body.end = end
            else:
                if kind is told.TrailersReceived:
                    piece = self._trailers(event)  # type: ignore[arg-type]
                else:
                    piece = self._count(event) or self._other(event)
                if piece is not None:
                    pieces.append(piece)
        if bodies is not None:
            for stream, body in bodies.items():
                if len(body.more) > 1:
                    pieces[body.place] = stream, None, b"".join(body.more), body.end
        return pieces

    def _trailers(self, event: told.TrailersReceived) -> Piece | None:
        """Of what may go on of a body's end. What is not taken ends the stream as a Fault."""
        self._noise = 0
        stream = event.stream_id
        try:
            return stream, read_trailers(event.headers, self._limits), b"", True
        except PorchError as error:
            code = CALM if isinstance(error, FieldsTooLarge) else PROTOCOL
        self.reset(stream, code)
        return None

    def _count(self, event: told.Event) -> Piece | None:
        """Take note of what is no message, and tell of a stream that it has ended."""
        kind = event.__class__
        glitches = self.glitches
        if kind is told.WindowUpdated:
            self._noise -= AN_UPDATE
            glitches.add_free(kinds.WINDOWS)
        elif kind is told.StreamReset:
            self._lost = event.stream_id  # type: ignore[attr-defined]
        elif kind is StreamClosed:
            stream = event.stream_id  # type: ignore[attr-defined]
            if stream == self._lost:  # it was there: the reset of another has cost nothing
                self.arrivals.resets -= 1
                if stream > self._grown and clock.now == self._began:
                    glitches.add(kinds.RESETS)
            elif event.error_code in _THEIR_FAULT:  # type: ignore[attr-defined]
                glitches.add(kinds.STREAM_ERRORS)
                self._excuse(STREAM_WINDOW)
                return stream, Fault(event.error_code, False), b"", True  # type: ignore[attr-defined]
        elif kind is told.PingReceived:
            self._noise -= A_PING
        elif kind is told.PriorityUpdateReceived:
            glitches.add_free(kinds.PRIORITIES)
        elif kind is told.SettingsAcknowledged:
            self._first = 0
        elif kind is told.GoAwayReceived:
            glitches.add(kinds.GOAWAYS)
        return None

    def data(self, stream: int, data: bytes, end: bool) -> None:
        """See Codec."""
        self.glitches.free += EARNED + (len(data) >> 12)
        try:
            self._connection.send_data(stream, data, end_stream=end)
        except NGH2Error:
            return

    def head(self, stream: int, status: Field, fields: list[Field], data: bytes, end: bool) -> None:
        """Begin an answer, with what is there of its body. status: the pseudo-field. Raises
        InternalError, with the stream given up, if a field of it must not be sent."""
        sent = [status, *fields]
        last = sent[-1]
        # The id of the exchange is another each time: it is known by its letters, and stays out of
        # HPACK's table, which would be full of them and be searched for each (-1.5 us).
        if last[0] == REQUEST_ID and not last[1].strip(PLAIN):
            sent[-1] = past_table(last)
            fields = fields[:-1]
        if fields != self._passed:  # -0.16 us
            if known_fields.issuperset(fields):
                self._passed = [*fields]
            else:  # long ones, and cookies, are not kept for as long as the connection is open
                self._check(stream, fields)
        connection = self._connection
        try:
            if data:
                self.glitches.free += EARNED + (len(data) >> 12)
                connection.send_response(stream, sent)
                connection.send_data(stream, data, end_stream=end)
            else:
                connection.send_response(stream, sent, end_stream=end)
        except NGH2Error:
            return

    def interim(self, stream: int, fields: Sequence[Field]) -> None:
        """Say something before the answer. Raises InternalError as `head` does."""
        self._check(stream, fields[1:])
        try:
            self._connection.send_informational_response(stream, fields)
        except NGH2Error:
            return

    def reset(self, stream: int, code: int) -> None:
        """See Codec. What the client may have sent before it hears of it is no noise."""
        try:
            left = self._connection.stream_local_window_size(stream)
        except NGH2Error:
            return
        self._excuse(left)
        super().reset(stream, code)

    def _excuse(self, left: int) -> None:
        """So much may be on the way of a stream that is over, and the frames around it."""
        self._excused = min(self._excused + left + (left >> 4), MOST_EXCUSED)

    def release(self, stream: int) -> bool:
        """Give a stream up whose answer has left, of whose request more could come (RFC 9113 8.1).
        False: it has not left yet, as far as can be told."""
        connection = self._connection
        try:
            own = connection.stream_remote_window_size(stream)
            if self.queued(stream) or min(own, connection.remote_window_size) <= 0:
                return False
        except NGH2Error:
            return True
        self.reset(stream, NO_ERROR)
        return True
