"""The side of HTTP/2 that asks: requests into bytes, answers out of them (RFC 9113). Sans-IO.

See h2.py. Windows begin small and are made wider by who knows that answers are taken.
"""

from collections.abc import Sequence

from ngh2 import NGH2Error, Role
from ngh2 import events as told

from porch.errors import BadGateway, BadRequest, FieldsTooLarge, PorchError
from porch.http.fields import REQUEST_ID
from porch.http.h1 import HeadLimits
from porch.http.h1_response import TooLargeAnswer
from porch.http.h2 import Codec, Piece, past_table
from porch.http.h2_fields import PLAIN, check_fields, known_fields
from porch.http.h2_request import read_trailers
from porch.http.h2_response import read_response
from porch.http.message import Field, ResponseHead, Trailers

__all__ = ["ORIGIN_STREAM_WINDOW", "ORIGIN_WINDOW", "UNREPORTED", "ClientCodec"]

ORIGIN_STREAM_WINDOW = 3 << 12
"""Bytes of an answer that an origin may send before some were taken, at first (ClientCodec.widen):
about what TCP begins with (RFC 6928). A hundred answers that nobody takes cost 1.6 MiB in all."""
ORIGIN_WINDOW = 24 << 20
"""The same of all answers of a connection to an origin: what the windows of its streams may be in
all, and so the most that is held for it."""
UNREPORTED = 2
"""How many times larger the connection's own window is. The library reports what was taken when it
is half of a window: what is unreported and what is held, both together, leave what any stream's
window still has, so that who stands still keeps nobody else waiting."""


class ClientCodec(Codec):
    """The side that asks."""

    __slots__ = ()

    def __init__(self, limits: HeadLimits) -> None:
        settings = {
            2: 0,  # nothing is pushed
            4: ORIGIN_STREAM_WINDOW,
            6: limits.head,
        }
        super().__init__(Role.CLIENT, limits, settings, UNREPORTED * ORIGIN_WINDOW)

    def happened(self) -> list[Piece]:
        """See Codec. What came of one answer in a row, from its head on, is one piece."""
        pieces: list[Piece] = []
        run: list[bytes] = []
        growing = 0  # the stream of the last piece, as long as that may get more data
        for event in self._connection.events():
            if event.__class__ is told.DataReceived:
                stream = event.stream_id
                if stream != growing:
                    _join(pieces, run)
                    pieces.append((stream, None, b"", False))
                    growing = stream
                run.append(event.data)
                if event.end_stream:
                    pieces[-1] = stream, pieces[-1][1], b"", True
                continue
            _join(pieces, run)
            growing = 0
            piece = self._answered(event)
            if piece is not None:
                pieces.append(piece)
                head = piece[1]
                if head.__class__ is ResponseHead and head.status >= 200 and not piece[3]:
                    growing = piece[0]
        _join(pieces, run)
        return pieces

    def _answered(self, event: told.Event) -> Piece | None:
        """A head, trailers, or what is the same on both sides."""
        kind = event.__class__
        if kind is told.ResponseReceived or kind is told.InformationalResponseReceived:
            stream = event.stream_id  # type: ignore[attr-defined]
            end = kind is told.ResponseReceived and event.end_stream  # type: ignore[attr-defined]
            try:
                head = read_response(event.headers, self._limits)  # type: ignore[attr-defined]
            except PorchError as error:
                return stream, error, b"", end
            return stream, head, b"", end
        if kind is told.TrailersReceived:
            return event.stream_id, self._behind(event.headers), b"", True  # type: ignore[attr-defined]
        return self._other(event)

    def _behind(self, fields: Sequence[Field]) -> Trailers | PorchError | None:
        """The trailers of an answer, or why it is not taken."""
        try:
            return read_trailers(fields, self._limits)
        except FieldsTooLarge as error:
            return TooLargeAnswer(error.detail)
        except BadRequest as error:
            return BadGateway(f"the answer is malformed: {error.detail}")

    def request(self, fields: Sequence[Field], end: bool) -> int:
        """Begin a request on a new stream, which is returned; 0 where there is none to be had.
        `fields` are those of h2_encode.py. Raises InternalError if one must not be sent."""
        rest = fields[5 if fields[1][0] == b":protocol" else 4 :]
        known = fields[-2]  # stands before `te`; see ServerCodec.head
        if known[0] == REQUEST_ID and not known[1].strip(PLAIN):
            fields = [*fields[:-2], past_table(known), fields[-1]]
            rest = [*rest[:-2], rest[-1]]
        if not known_fields.issuperset(rest):
            check_fields(rest)
        try:
            return self._connection.send_request(fields, end_stream=end)
        except NGH2Error:
            return 0

    def widen(self, stream: int, window: int) -> None:
        """Let the origin send so much of an answer before some of it was taken."""
        try:
            self._connection.set_local_window_size(window, stream_id=stream)
        except NGH2Error:
            return

    def is_sent(self, stream: int) -> bool:
        """Whether the head of a request has left the codec, which keeps it while the origin takes
        no further stream."""
        try:
            self._connection.stream_local_window_size(stream)
        except NGH2Error:
            return False
        return True

    @property
    def most_streams(self) -> int:
        """Streams that the origin lets be open at once; 0 where nothing passes any more."""
        try:
            return self._connection.remote_settings[3]
        except NGH2Error:
            return 0

    @property
    def knows_tunnels(self) -> bool:
        """Whether the origin takes WebSockets (RFC 8441 3)."""
        try:
            return self._connection.remote_settings[8] == 1
        except NGH2Error:
            return False


def _join(pieces: list[Piece], run: list[bytes]) -> None:
    """Put what has come of a body into the last piece."""
    if run:
        stream, what, _, end = pieces[-1]
        pieces[-1] = stream, what, b"".join(run), end
        run.clear()
