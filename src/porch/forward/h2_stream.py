"""OriginStream: one exchange on a connection to an origin that many share (RFC 9113 5, 8)."""

from typing import TYPE_CHECKING

from porch.errors import (
    BadGateway,
    ConnectionLost,
    IncompleteResponse,
    InternalError,
    LeftBehind,
    PorchError,
    Shutdown,
    StreamRefused,
    StreamReset,
    Unprocessed,
    UpgradeFailed,
)
from porch.exchange import Exchange
from porch.http.h2 import CANCEL, FLOW, NO_ERROR, ONE_ONE, PROTOCOL, REFUSED, Reset
from porch.http.h2_client import ORIGIN_STREAM_WINDOW
from porch.http.h2_encode import request_fields
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.http.stream import Head
from porch.http.websocket import GOING_AWAY, WEBSOCKET, Frames, accept_key

if TYPE_CHECKING:
    from porch.forward.h2 import SharedConnection

__all__ = ["OriginStream", "TunnelRefused"]

_CODES = (
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
)
"""Names of error codes (RFC 9113 7)."""
_REFUSED_STREAM = "REFUSED_STREAM"
"""What an attempt that the origin refused has failed with; the next one is the last there."""


class TunnelRefused(UpgradeFailed):
    """The origin of a WebSocket speaks HTTP/2 alone, without WebSockets (RFC 8441 3)."""

    sentence = "The origin takes no WebSocket over HTTP/2; write https:// or http:// in `to`."


class OriginStream:
    """One stream. See keeper.UpstreamStream.

    number: its identifier, 0 until the request's head was sent. window: bytes that may come before
    some were taken. untaken: that came and were not.
    """

    __slots__ = (
        "_again",
        "_answer_done",
        "_connection",
        "_exchange",
        "_full",
        "_interim",
        "_key",
        "_passed",
        "_paused",
        "_said",
        "_started",
        "_taken",
        "_tunnel",
        "number",
        "request_done",
        "reused",
        "untaken",
        "window",
    )

    def __init__(self, connection: "SharedConnection", exchange: Exchange) -> None:
        self._connection = connection
        self._exchange: Exchange | None = exchange
        error = exchange.error  # of the attempt before this one
        self._again = error is not None and error.detail == _REFUSED_STREAM
        self.reused = connection.reused
        self.number = self._interim = self.untaken = self._passed = self._taken = 0
        self.window = ORIGIN_STREAM_WINDOW
        self.request_done = False
        self._paused = self._full = self._started = self._tunnel = self._answer_done = False
        self._key = b""
        self._said: Frames | None = None

    def __repr__(self) -> str:
        return f"<OriginStream {self.number} {self._exchange!r}>"

    # --- Stream --------------------------------------------------------------------------------

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""
        if self._exchange is None:
            return
        connection = self._connection
        codec = connection.codec
        if head is not None:
            if head.__class__ is RequestHead:
                self._begin(head, data, end)
                return
            is_all = not head.fields  # the door has kept them: no empty block
            if data or is_all:
                codec.data(self.number, data, is_all)
            self.request_done = True
            try:
                if not is_all:
                    codec.trailers(self.number, head.fields)
            except InternalError as error:
                connection.fail_soon(self, error)
        elif data or end:
            if self._said is not None:
                self._said.feed(data)
            codec.data(self.number, data, end)
            if end:
                self.request_done = True
                if self._answer_done:  # both sides of a tunnel
                    self._exchange = None
                    connection.forget(self)
            else:
                connection.check(self)
        connection.mark()

    def _begin(self, head: RequestHead, data: bytes, end: bool) -> None:
        connection = self._connection
        if head.upgrade is not None:
            if not connection.takes_tunnels:
                connection.fail_soon(self, self._no_tunnel())
                return
            self._tunnel = True
            self._key = head.get(b"sec-websocket-key") or b""
            self._said = Frames(masked=True) if head.upgrade == WEBSOCKET else None
            data, end = b"", False
        codec = connection.codec
        try:
            number = codec.request(request_fields(head, connection.scheme), end and not data)
        except InternalError as error:  # of a filter, which made a field that must not be sent
            connection.fail_soon(self, error)
            return
        if not number:
            connection.fail_soon(self, self._unprocessed("the connection was closing"))
            return
        self.number = number
        self.request_done = end
        connection.streams[number] = self
        if data:
            codec.data(number, data, end)
            if not end:
                connection.check(self)
        connection.mark()

    def pause_reading(self) -> None:
        """See Stream. What is not taken is not acknowledged: no more than `window` comes."""
        self._paused = True
        if self.number in self._connection.streams:  # it is not over
            self._connection.hold_up(self)

    def resume_reading(self) -> None:
        """See Stream."""
        if self._paused:
            self._paused = False
            self._connection.let_go(self)
            self._connection.owe(self)

    def sip(self, little: bool) -> None:
        """See keeper.UpstreamStream. The stream's window is small enough."""

    def turn_to(self, exchange: Exchange) -> None:
        """See keeper.UpstreamStream."""
        self._exchange = exchange

    def abort(self, error: PorchError) -> None:
        """See Stream. The origin is told at once; of a WebSocket in its own words, if the door
        itself is the reason."""
        if self._exchange is None:
            return
        self._exchange = None
        connection = self._connection
        if self.number:
            farewell = None
            if self._said is not None and self._started and isinstance(error, Shutdown):
                farewell = self._said.farewell(GOING_AWAY, error.word)
            if farewell is None or self.request_done:
                connection.codec.reset(self.number, CANCEL)
            else:
                connection.codec.data(self.number, farewell, True)
            self._give_back()
            connection.mark()
        connection.forget(self)

    def unsent(self) -> int:
        """See keeper.UpstreamStream."""
        return self._connection.unsent(self.number)

    # --- from the connection -------------------------------------------------------------------

    def hear(self, what: ResponseHead | Trailers | None, data: bytes, end: bool) -> None:
        """A piece of the answer."""
        exchange = self._exchange
        if exchange is None:
            return
        if what is not None and what.__class__ is ResponseHead:
            if what.status < 200:
                self._hear_interim(exchange, what)
                return
            self._started = True
            if self._tunnel and what.status < 300:
                exchange.on_response(self._switched(what), b"", False)
                what = None
                if not (data or end):
                    return
            else:
                self._tunnel = False
        if end:
            if self._tunnel and not self.request_done:
                self._answer_done = True
            else:
                self._finish()
        if data:
            self._hold(len(data))
        exchange.on_response(what, data, end)

    def _hear_interim(self, exchange: Exchange, head: ResponseHead) -> None:
        self._interim += 1
        if self._interim > self._connection.most_interim:
            self.fail(BadGateway("too many interim answers before a final one"))
        else:
            exchange.on_response(head, b"", False)

    def _switched(self, head: ResponseHead) -> ResponseHead:
        """What HTTP/1.1 says in place of this head (RFC 8441 5, RFC 6455 4.2.2)."""
        assert self._exchange is not None
        fields = [field for field in head.fields if field[0] != b"content-length"]
        if self._key:
            fields.append((b"sec-websocket-accept", accept_key(self._key)))
        upgrade = WEBSOCKET if self._said is not None else self._exchange.request.upgrade
        return ResponseHead(101, fields, upgrade=upgrade)

    def _hold(self, size: int) -> None:
        """So much has come."""
        self.untaken += size
        if self._exchange is None:
            self._give_back()
        elif self.untaken == size:
            self._connection.owe(self)

    def acknowledge(self) -> None:
        """What was handed on is taken: as much may come again, and more if the client takes it
        too. While nobody wants more, no more may come."""
        exchange = self._exchange
        if self._paused or exchange is None:
            return
        connection = self._connection
        self._passed += self.untaken
        self._give_back()
        half = self.window // 2  # the other is still on its way: the origin need not stop
        if self._passed - self._taken >= half and (more := connection.room_for(self)):
            # The queue to a client takes anything: only what left it again shows that it reads.
            taken = self._passed - exchange.client.unsent()
            if taken - self._taken >= half:
                self._taken = taken
                connection.widen(self, more)

    def _give_back(self) -> None:
        """Have the origin send as much again as is here."""
        if self.untaken:
            self._connection.codec.taken(self.number, self.untaken)
            self.untaken = 0

    def _finish(self) -> None:
        """The answer is whole. What of the request was not sent will not be (RFC 9113 8.1)."""
        self._exchange = None
        connection = self._connection
        if not self.request_done or connection.codec.queued(self.number):
            connection.codec.reset(self.number, NO_ERROR)
            connection.mark()
        self._give_back()
        connection.reused = True
        connection.forget(self)

    def fill(self) -> None:
        """The origin does not take what is sent."""
        if not self._full and self._exchange is not None:
            self._full = True
            self._exchange.on_upstream_full()

    def drain(self) -> None:
        """The origin takes again."""
        if self._full and self._exchange is not None:
            self._full = False
            self._exchange.on_upstream_drained()

    # --- ends ----------------------------------------------------------------------------------

    def fail(self, error: PorchError) -> None:
        """What the origin said is of no use: it is told, and the exchange ends."""
        self._connection.codec.reset(self.number, CANCEL)
        self._connection.mark()
        self.lose(error)

    def lose(self, error: PorchError) -> None:
        """The stream is gone."""
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        self._give_back()
        self._connection.forget(self)
        if isinstance(error, Unprocessed):
            self.reused = exchange.reused = True  # another connection to the endpoint may do
        exchange.on_upstream_lost(error)

    def lose_connection(self, error: PorchError) -> None:
        """The connection is gone. error: why, or what the origin's end of it is to those who have
        nothing of an answer."""
        if self._started and isinstance(error, ConnectionLost):
            error = IncompleteResponse("the connection was lost inside the answer")
        self.lose(error)

    def on_reset(self, reset: Reset) -> None:
        """The stream was given up: by the origin, or for what it said."""
        code = reset.code
        word = _CODES[code] if code < len(_CODES) else str(code)
        if code == REFUSED and not self._started:
            self.lose(self._unprocessed(_REFUSED_STREAM))
        elif code == ONE_ONE and reset.is_theirs:
            self.lose(self._one_one())
        elif not reset.is_theirs:
            self.lose(BadGateway(f"{self._malformed(code)} ({word})"))
        elif self._started:
            self.lose(IncompleteResponse(f"the origin reset the stream inside its answer: {word}"))
        else:
            self.lose(StreamReset(f"the origin reset the stream: {word}"))

    def _malformed(self, code: int) -> str:
        """Where the answer is malformed, as far as libnghttp2 tells."""
        if code == FLOW:
            return "more of the answer came than its window lets through"
        if code != PROTOCOL:
            return "a frame of the answer is malformed, or in a wrong place"
        if self._started:
            return "behind the head: trailers that are malformed, or data unlike the length"
        return "the head of the answer: a malformed status, name, value or length, or a wrong field"

    def refuse(self, has_served: bool) -> None:
        """The origin will not look at it: a GOAWAY said so. has_served: whether it did at others on
        this connection."""
        kind = LeftBehind if has_served else Unprocessed
        self.lose(kind("the origin closed the connection and did not look at the request"))

    def _unprocessed(self, detail: str) -> PorchError:
        """To the same endpoint once more, and then elsewhere."""
        return StreamRefused(detail) if self._again else Unprocessed(detail)

    def _one_one(self) -> PorchError:
        if self._connection.speak_one():
            return Unprocessed("HTTP_1_1_REQUIRED")
        return BadGateway("the origin wants HTTP/1.1 for this; write https:// or http:// in `to`")

    def _no_tunnel(self) -> PorchError:
        if self._connection.tunnel_by_one():
            return Unprocessed("no WebSocket over HTTP/2")
        return TunnelRefused("the origin's settings allow no WebSocket over HTTP/2 (RFC 8441)")
