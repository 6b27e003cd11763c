"""HTTP/2 out of bytes and into them (RFC 9113): what both sides share.

Sans-IO. libnghttp2 does framing, HPACK, windows and the states of streams; ngh2 is its binding, and
nothing but this file, h2_client.py and h2_server.py imports it. What a head means, and what of it
may go on, is decided by h2_request.py and h2_response.py. A codec takes bytes and returns pieces
`(stream, head, data, end)`.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from ngh2 import (
    Configuration,
    Connection,
    DenialOfServiceError,
    NeverIndexedHeader,
    NGH2Error,
    Role,
)
from ngh2 import events as told

from porch.errors import ClientGone, PorchError
from porch.http.h1 import HeadLimits
from porch.http.h2_fields import check_fields
from porch.http.h2_request import Refused
from porch.http.message import Field, RequestHead, ResponseHead, Trailers

__all__ = [
    "CALM",
    "CANCEL",
    "CONNECTION",
    "FLOW",
    "INTERNAL",
    "NO_ERROR",
    "ONE_ONE",
    "PREFACE",
    "PROTOCOL",
    "REFUSED",
    "STREAM_WINDOW",
    "WINDOW",
    "ClientFlood",
    "Codec",
    "ConnectionBroken",
    "ConnectionFailed",
    "Ended",
    "Fault",
    "GoAway",
    "Malformed",
    "Piece",
    "Pong",
    "Reset",
    "Settled",
    "What",
    "Widened",
    "past_table",
]

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What every client says first (RFC 9113 3.4)."""

NO_ERROR, PROTOCOL, INTERNAL, FLOW = 0, 1, 2, 3
REFUSED, CANCEL, CALM, ONE_ONE = 7, 8, 11, 13
"""Error codes (RFC 9113 7)."""

CONNECTION: Final = 0
"""The stream of what concerns the whole connection."""

WINDOW = 1 << 20
"""Bytes of bodies that a connection may send to us before some of them were taken."""
STREAM_WINDOW = 1 << 18
"""The same of one stream: four that nobody takes fill the connection."""
A_TAKE = 16384
"""Bytes of output that are asked for at once: a whole record of TLS, so that nothing is joined or
cut behind this. Without a bound 1 MiB costs a quarter more, for a buffer that grows."""
A_LITTLE = 12288
"""Bytes of bodies that are asked for without a bound: with what is around them they are seldom
more than one take."""
MOST_TAKES = 16
"""How often it is asked for in one turn: who writes sees in between whether it is taken."""
A_HOLE = 16450
"""Bytes that fit where TLS had one of its buffers, which are free between two records."""
FEWEST = 4
"""Times the bound on a head behind which the connection ends, not only its request."""
MOST_ACKS: Final = 1000
"""Answers to PING and SETTINGS that wait here because the other side does not take them."""


class Reset:
    """A stream was given up by the other side, or for what the other side sent. code: why.

    is_theirs: they said so.
    """

    __slots__ = ("code", "is_theirs")

    def __init__(self, code: int, is_theirs: bool) -> None:
        self.code = code
        self.is_theirs = is_theirs


class Fault(Reset):
    """A stream ended for what came on it, by the rules of HTTP/2 alone."""

    __slots__ = ()


class GoAway:
    """The other side will look at no stream above `last`. code, detail: why."""

    __slots__ = ("code", "detail", "last")

    def __init__(self, last: int, code: int, detail: bytes) -> None:
        self.last = last
        self.code = code
        self.detail = detail


class Ended:
    """Nothing more will pass on this connection. code: why. broken: what the other side did, if
    that ended it."""

    __slots__ = ("broken", "code")

    def __init__(self, code: int, broken: "ConnectionBroken | None") -> None:
        self.code = code
        self.broken = broken


class Pong:
    """Our PING was answered."""

    __slots__ = ()


class Settled:
    """The other side said its settings."""

    __slots__ = ()


class Widened:
    """The other side takes more."""

    __slots__ = ()


PONG, SETTLED, WIDENED = Pong(), Settled(), Widened()

past_table = partial(tuple.__new__, NeverIndexedHeader)
"""A field as HPACK does not index it (RFC 7541 6.2.3), made without NamedTuple's call in Python."""

What = (
    RequestHead
    | ResponseHead
    | Trailers
    | Reset
    | GoAway
    | Ended
    | Pong
    | Settled
    | Widened
    | PorchError
    | Refused
    | None
)
Piece = tuple[int, What, bytes, bool]
"""(stream, head or what else happened, data, whether this was the last of the message). A
Refused stands for a request that is not served, PorchError for an answer that is not taken."""


class ConnectionFailed(ClientGone):
    """What the client sent on its connection can not be gone on from."""

    word = "http_request_error"
    sentence = "The client broke the rules of HTTP/2, so that its connection was ended."


class Malformed(ClientGone):
    """A request that libnghttp2 refuses, of which it tells nothing (RFC 9113 8.1.1)."""

    word = "http_request_error"
    sentence = "The request is malformed by HTTP/2's own rules, so that its stream was reset."


class ClientFlood(ClientGone):
    """The client sent too much of what honest ones seldom send."""

    word = "client_flood"
    sentence = "The client sent what only attacks and broken clients send; it was cut off."


class ConnectionBroken(Exception):
    """What came can not be gone on from. farewell: the last bytes to send. code: why. error: what
    it is to the requests that end with it."""

    def __init__(self, detail: str, code: int, last: int) -> None:
        """last: the last stream that was looked at."""
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.error: ClientGone = (ClientFlood if code == CALM else ConnectionFailed)(detail)
        said = detail.encode()[:200]
        head = (8 + len(said)).to_bytes(3, "big") + b"\x07\0\0\0\0\0"
        self.farewell = head + last.to_bytes(4, "big") + code.to_bytes(4, "big") + said


_BROKEN = {
    FLOW: "a window that is too large, or more data than it lets through",
    6: "a frame of a wrong size",
    9: "a header block that can not be decoded",
    CALM: "too many frames that honest ones seldom send",
}
_FLOODED = "Flooding was detected in this HTTP/2 session"
"""What the library says by a code alone."""


class Codec:
    """What both sides share. A call that concerns a stream which is gone does nothing.

    queued(stream): bytes of its body, or of all bodies, that wait here.
    """

    __slots__ = ("_connection", "_is_left", "_limits", "queued", "streams_seen")

    def __init__(
        self, role: Role, limits: HeadLimits, settings: dict[int, int], window: int = WINDOW
    ) -> None:
        self._limits = limits
        # The library takes 16 KB for a frame, of which short ones need a page. Where TLS was before
        # all pages would stay in use: its two places are filled meanwhile (43 to 34 KiB a
        # connection that is idle).
        holes = bytes(A_HOLE), bytes(A_HOLE)
        self._connection = connection = Connection(
            role,
            Configuration(
                auto_window_update=False,
                max_send_header_block_length=2 * FEWEST * limits.head,
                stream_reset_rate_limit=(10_000, 10_000),  # of a server; h2_glitches.py has ours
                glitch_rate_limit=(200_000, 20_000),  # PRIORITY and PRIORITY_UPDATE count as well
                max_outbound_ack=MOST_ACKS,
                max_continuations=FEWEST * limits.head // 16384 + 1,
                max_inbound_header_list_size=FEWEST * limits.head,
                max_inbound_header_count=FEWEST * limits.fields,
            ),
        )
        del holes
        connection.initiate_connection(settings)
        connection.set_local_window_size(window)
        self._is_left = False
        self.queued = connection.queued_body_size
        self.streams_seen = 0

    # --- in --------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> list[Piece]:
        """Take `data` in. Raises ConnectionBroken."""
        try:
            self._connection.receive_data(data)
        except NGH2Error as error:
            raise self._broken(error) from error
        return self.happened()

    def happened(self) -> list[Piece]:
        """What has happened since it was asked last: taking output makes streams end."""
        raise NotImplementedError

    def _other(self, event: told.Event) -> Piece | None:
        """What is the same on both sides."""
        kind = event.__class__
        if kind is told.StreamReset:
            return event.stream_id, Reset(event.error_code, True), b"", True  # type: ignore[attr-defined]
        if kind is told.StreamClosed:
            code = event.error_code  # type: ignore[attr-defined]
            if code:
                return event.stream_id, Reset(code, False), b"", True  # type: ignore[attr-defined]
        elif kind is told.WindowUpdated:
            return event.stream_id, WIDENED, b"", False  # type: ignore[attr-defined]
        elif kind is told.SettingsReceived:
            return CONNECTION, SETTLED, b"", False
        elif kind is told.PingAcknowledged:
            return CONNECTION, PONG, b"", False
        elif kind is told.GoAwayReceived:
            self._is_left = True
            away = GoAway(event.last_stream_id, event.error_code, event.debug_data)  # type: ignore[attr-defined]
            return CONNECTION, away, b"", False
        elif kind is told.ConnectionClosed:
            return CONNECTION, self._ended(event), b"", True  # type: ignore[arg-type]
        return None

    def _ended(self, event: told.ConnectionClosed) -> Ended:
        """Where nobody wanted it, libnghttp2 has told the other side already."""
        code = event.error_code
        if code == NO_ERROR or self._is_left:
            return Ended(code, None)
        detail = event.debug_data.decode("ascii", "replace") or _BROKEN.get(code)
        broken = ConnectionBroken(detail or "malformed frames", code, self.streams_seen)
        return Ended(code, broken)

    def taken(self, stream: int, size: int) -> None:
        """So much of what came on a stream was taken: as much may come again."""
        try:
            self._connection.acknowledge_received_data(size, stream)
        except (NGH2Error, ValueError):  # the connection ends
            return

    def _broken(self, error: NGH2Error) -> ConnectionBroken:
        """libnghttp2 has given up without a word, which is ours to say (RFC 9113 5.4.1)."""
        detail = str(error).removeprefix("HTTP/2 engine error: ")
        if detail.startswith(_FLOODED):
            detail = "too many PING or SETTINGS frames whose answers it does not take"
        code = CALM if isinstance(error, DenialOfServiceError) else PROTOCOL
        return ConnectionBroken(detail, code, self.streams_seen)

    # --- out -------------------------------------------------------------------------------------

    def data(self, stream: int, data: bytes, end: bool) -> None:
        """Send a piece of a body."""
        try:
            self._connection.send_data(stream, data, end_stream=end)
        except NGH2Error:
            return

    def _check(self, stream: int, fields: Sequence[Field]) -> None:
        """Guard against what must not leave; libnghttp2 does not look at what it sends."""
        try:
            check_fields(fields)
        except PorchError:
            self.reset(stream, INTERNAL)
            raise

    def trailers(self, stream: int, fields: Sequence[Field]) -> None:
        """End a body with these. Raises InternalError, with the stream given up, if one of them
        must not be sent."""
        self._check(stream, fields)
        try:
            self._connection.send_trailers(stream, fields)
        except NGH2Error:
            return

    def reset(self, stream: int, code: int) -> None:
        """Give a stream up."""
        try:
            self._connection.reset_stream(stream, code)
        except NGH2Error:
            return

    def ping(self) -> None:
        """Ask the other side for a sign of life: a Pong."""
        try:
            self._connection.ping()
        except NGH2Error:
            return

    def shut(self) -> None:
        """Say that this connection will end soon (RFC 9113 6.8): further streams still count."""
        try:
            self._connection.send_shutdown_notice()
        except NGH2Error:
            return

    def go_away(self, code: int = NO_ERROR, detail: bytes = b"") -> None:
        """Say which streams are the last."""
        try:
            self._connection.send_goaway(code, debug_data=detail)
        except NGH2Error:
            return

    def terminate(self, code: int) -> None:
        """End the connection: what is left to send is the reason."""
        self._is_left = True
        try:
            self._connection.terminate_connection(code)
        except NGH2Error:
            return

    def take(self) -> list[bytes]:
        """All that may be sent now, up to 256 KiB; `wants_write` tells whether there is more."""
        output = self._connection.data_to_send
        pieces: list[bytes] = []
        try:
            if self.queued() <= A_LITTLE:  # with a bound each call, and each body, costs more
                return [data] if (data := output()) else pieces
            while data := output(A_TAKE):
                pieces.append(data)
                if len(data) < A_TAKE or len(pieces) == MOST_TAKES:
                    break
        except NGH2Error:
            return pieces
        return pieces

    def window(self, stream: int) -> int:
        """Bytes of it that the other side takes now, of this stream and of all."""
        connection = self._connection
        try:
            whole = connection.remote_window_size
            return min(whole, connection.stream_remote_window_size(stream))
        except NGH2Error:
            return 0

    @property
    def wants_write(self) -> bool:
        """Whether there is something to send now."""
        try:
            return self._connection.want_write
        except NGH2Error:
            return False
