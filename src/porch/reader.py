"""Reader: a body on its way from where it is kept, or is just coming in, to one client."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from porch.errors import IncompleteResponse, PorchError
from porch.filter import Kept

if TYPE_CHECKING:
    from porch.exchange import Exchange
    from porch.http.message import ResponseHead, Trailers
    from porch.http.stream import Head

__all__ = [
    "FEW",
    "LITTLE",
    "OPEN",
    "PIECE",
    "TURN",
    "Body",
    "InMemory",
    "Makes",
    "Part",
    "Reader",
    "begun",
]

PIECE = 256 * 1024
"""Bytes that are read at once."""
FEW = 68 * 1024
"""Bytes that are read for a client that takes nothing of a file now: more than a transport holds
before it is full (64 KiB), so that it tells when there is room again."""
TURN = 1 << 20
"""Bytes that one exchange is given before others have a turn of the loop. For whoever gives."""
LITTLE = 8192
"""Bytes of a body that may wait for a client that takes nothing, and that are read at once for one
that has much to take already."""
OPEN = 1 << 62
"""In place of the end of a part that goes as far as the body will."""

Part = bytes | tuple[int, int]
"""What is sent: these bytes, or those of the body from the first to before the second."""


class Body(Protocol):
    """Bytes, some of which may still be on their way."""

    def size(self) -> int:
        """How many are there by now."""

    def is_whole(self) -> bool:
        """Whether no more will come."""

    def read(self, first: int, size: int) -> bytes | None:
        """Up to `size` of those from `first` on, at least one; None where they are damaged. May
        raise a PorchError that says more."""

    def file(self, first: int, end: int) -> int:
        """The descriptor of a file that has these bytes at these places, and sound; -1 for none,
        they are then to be read."""


class InMemory:
    """A body in memory. See Body."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def size(self) -> int:
        """See Body."""
        return len(self._data)

    def is_whole(self) -> bool:
        """See Body."""
        return True

    def read(self, first: int, size: int) -> bytes | None:
        """See Body."""
        return self._data[first : first + size]

    def file(self, first: int, end: int) -> int:
        """See Body."""
        return -1


class Reader:
    """The upstream side of an exchange that is answered from a Body. See filter.Source and
    keeper.UpstreamStream. Whoever makes it calls `pump` when there is more of the body, and sets
    `trailers` before the end where there are some. sips: see keeper.UpstreamStream.sip."""

    __slots__ = (
        "_body",
        "_exchange",
        "_on_moved",
        "_parts",
        "_paused",
        "_pumping",
        "sips",
        "trailers",
    )

    reused = False

    def __init__(
        self,
        body: Body,
        parts: Sequence[Part],
        on_moved: Callable[["Reader"], object] | None = None,
    ) -> None:
        """on_moved: told when something was read, or is not wanted now, or not any more."""
        self._body = body
        self._parts = list(parts)
        self._on_moved = on_moved
        self._exchange: Exchange | None = None
        self._paused = self._pumping = self.sips = False
        self.trailers: Trailers | None = None

    def __repr__(self) -> str:
        return f"<Reader {self._parts!r}{' paused' if self._paused else ''}>"

    @property
    def is_paused(self) -> bool:
        """Whether its client takes nothing now."""
        return self._paused

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be read."""
        return not self._parts

    @property
    def at(self) -> int:
        """The first byte of the body that is wanted yet; OPEN for none."""
        return min((part[0] for part in self._parts if isinstance(part, tuple)), default=OPEN)

    @property
    def behind(self) -> int:
        """Bytes that its client has been sent and has not taken yet."""
        exchange = self._exchange
        return exchange.client.unsent() if exchange is not None and not exchange.ended else 0

    def open(self, exchange: "Exchange") -> bool:
        """See filter.Source. The first of a file leaves with the head, if it may."""
        head = exchange.response
        assert head is not None
        part = self._parts[0]
        if not isinstance(part, bytes):
            first, end = part
            there = min(end, self._body.size(), first + TURN)
            if there - first >= PIECE and (file := self._body.file(first, there)) >= 0:
                count = exchange.client.send_with_file(head, file, first, there - first)
                exchange.bytes_out += count
                self._take(count)
                if self.is_over and self._on_moved is not None:
                    self._on_moved(self)
                return self.is_over
        exchange.client.send(head, b"", False)
        return False

    def begin(self, exchange: "Exchange") -> "Reader":
        """See filter.Source."""
        self._exchange = exchange
        self.sips = exchange.sips
        exchange.keeper.later(0.0, self.pump)
        return self

    def pump(self) -> int:
        """Send what is there, as long as the client takes it. Returns how many bytes."""
        exchange = self._exchange
        if exchange is None or self._pumping:
            return 0
        self._pumping = True
        sent = 0
        while self._parts and not (self._paused or exchange.ended) and sent < TURN:
            count = self._send_file(exchange)
            if count > 0:
                sent += count
                exchange.bytes_out += count
                exchange.on_made(None, b"", not self._parts)
                continue
            data = self._next(exchange, LITTLE if self.sips else FEW if count else PIECE)
            if data is None:
                break
            sent += len(data)
            exchange.on_made(None if self._parts else self.trailers, data, not self._parts)
        self._pumping = False
        if sent >= TURN and not exchange.ended:
            exchange.keeper.later(0.0, self.pump)
        if self._on_moved is not None:
            self._on_moved(self)
        return sent

    def fail(self, error: PorchError) -> None:
        """The rest will not come."""
        exchange = self._exchange
        if exchange is not None and not exchange.ended:
            exchange.fail(error)

    def _send_file(self, exchange: "Exchange") -> int:
        """Bytes that have left past the loop; 0 where they are to be read, -1 where few are."""
        part = self._parts[0]
        if isinstance(part, bytes):
            return 0
        first, end = part
        there = min(end, self._body.size(), first + TURN)
        if there - first < PIECE or (file := self._body.file(first, there)) < 0:
            return 0
        count = exchange.client.send_file(file, first, there - first)
        if count <= 0:
            return count
        self._take(count)
        return count

    def _take(self, count: int) -> None:
        """So many bytes of the first part have left."""
        first, end = self._parts[0]
        if first + count == end:
            del self._parts[0]
        else:
            self._parts[0] = first + count, end

    def _next(self, exchange: "Exchange", most: int) -> bytes | None:
        """The next piece, or None where nothing is there now."""
        part = self._parts[0]
        if isinstance(part, bytes):
            del self._parts[0]
            return part
        first, end = part
        there = min(end, self._body.size())
        if first >= there:
            if not self._body.is_whole():
                return None
            if end == OPEN:  # it has ended where we are
                del self._parts[0]
                return b""
        try:
            data = self._body.read(first, min(most, there - first)) if first < there else None
        except PorchError as error:
            exchange.fail(error)
            return None
        if not data:
            exchange.fail(IncompleteResponse("what was stored of the body is damaged"))
            return None
        first += len(data)
        if first == end or (end == OPEN and self._body.is_whole() and first == self._body.size()):
            del self._parts[0]
        else:
            self._parts[0] = first, end
        return data

    # --- keeper.UpstreamStream -------------------------------------------------------------------

    def send(self, head: "Head | None", data: bytes, end: bool) -> None:
        """What still comes of the request is not for anybody."""

    def pause_reading(self) -> None:
        """See Stream."""
        self._paused = True
        if self._on_moved is not None and not self._pumping:  # else it is told behind that
            self._on_moved(self)

    def resume_reading(self) -> None:
        """See Stream."""
        self._paused = False
        self.pump()

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self._parts = []
        if self._on_moved is not None:
            self._on_moved(self)

    def unsent(self) -> int:
        """See keeper.UpstreamStream: nothing is sent here."""
        return 0

    def sip(self, little: bool) -> None:
        """See keeper.UpstreamStream: what is not wanted now stays where it is, if it is there."""
        self.sips = little
        if self._on_moved is not None:
            self._on_moved(self)

    def detach(self) -> list[Part]:
        """It is no longer the upstream of its exchange. Returns what was not read yet."""
        parts, self._parts, self._exchange = self._parts, [], None
        return parts

    def turn_to(self, exchange: "Exchange") -> None:
        """See keeper.UpstreamStream."""
        self._exchange = exchange


Makes = Callable[[Body, Sequence[Part]], Reader]
"""Makes a reader of these parts of a body: Reader itself, or who wants to know of it."""


def begun(
    head: "ResponseHead", body: Body, parts: Sequence[Part], makes: Makes, *, full: bool = False
) -> Kept:
    """An answer whose first piece leaves with its head, if that is there, and the rest behind.
    full: whether the client takes nothing now, so that no more than the head is to wait for it."""
    if full:
        return Kept(head, b"", makes(body, parts))
    part = parts[0]
    if isinstance(part, bytes):
        return Kept(head, part, makes(body, parts[1:]))
    first, end = part
    there = min(end, body.size())
    if there - first > PIECE and body.file(first, first + PIECE) >= 0:
        there = first  # it may leave without being read
    data = (body.read(first, min(PIECE, there - first)) if first < there else None) or b""
    first += len(data)
    is_over = first == end or (end == OPEN and body.is_whole() and first == body.size())
    left: list[Part] = [*([] if is_over else [(first, end)]), *parts[1:]]
    return Kept(head, data, makes(body, left) if left else None)
