"""Stream: one page that is open, as server-sent events (WHATWG HTML, 9.2).

It is sent each picture while it takes them. One that does not read is sent nothing more, and when
it reads again the newest picture alone: none is kept for it, so that a slow page costs no memory.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from porch import clock
from porch.errors import PorchError
from porch.filter import Kept
from porch.http.message import ResponseHead
from porch.manage.page.drawing import NEVER, Revision

if TYPE_CHECKING:
    from porch.exchange import Exchange
    from porch.http.stream import Head

__all__ = ["Stream", "event"]


def event(name: str, value: object) -> bytes:
    """As a page hears it: what is in `value` is one line of ASCII, whatever clients have sent."""
    data = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return f"event: {name}\ndata: {data}\n\n".encode()


class Stream:
    """See filter.Source and keeper.UpstreamStream. has: the revision of the plan that it was sent.

    on_ready: called when it takes something and has not been sent the newest. on_gone: when it is
    over."""

    __slots__ = ("_exchange", "_is_paused", "_on_gone", "_on_ready", "has", "is_behind")

    reused = False

    def __init__(
        self, on_ready: Callable[["Stream"], None], on_gone: Callable[["Stream"], None]
    ) -> None:
        self.has: Revision = NEVER
        self.is_behind = False
        self._on_ready = on_ready
        self._on_gone = on_gone
        self._exchange: Exchange | None = None
        self._is_paused = False

    def answer(self, exchange: "Exchange") -> Kept:
        """What the exchange is answered with."""
        fields = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            *exchange.keeper.own_fields,
            (b"date", clock.date),
        ]
        return Kept(ResponseHead(200, fields, None), b"", self)

    def open(self, exchange: "Exchange") -> bool:
        """See filter.Source."""
        assert exchange.response is not None
        exchange.client.send(exchange.response, b"", False)
        return False

    def begin(self, exchange: "Exchange") -> "Stream":
        """See filter.Source."""
        self._exchange = exchange
        self.is_behind = True
        exchange.keeper.later(0.0, self._ask)
        return self

    def show(self, data: bytes) -> bool:
        """Send events, if it takes any now; else it is behind. Whether they were sent."""
        exchange = self._exchange
        if exchange is None or exchange.ended or self._is_paused:
            self.is_behind = True
            return False
        self.is_behind = False
        exchange.on_made(None, data, False)
        return True

    def mention(self, data: bytes) -> None:
        """Send an event that nobody misses who does not take any now."""
        exchange = self._exchange
        if exchange is not None and not exchange.ended and not self._is_paused:
            exchange.on_made(None, data, False)

    def _ask(self) -> None:
        exchange = self._exchange
        if self.is_behind and exchange is not None and not exchange.ended and not self._is_paused:
            self._on_ready(self)

    # --- keeper.UpstreamStream -------------------------------------------------------------------

    def send(self, head: "Head | None", data: bytes, end: bool) -> None:
        """What still comes of the request is not for anybody."""

    def pause_reading(self) -> None:
        """See Stream of http/stream.py."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """See Stream of http/stream.py."""
        self._is_paused = False
        self._ask()

    def abort(self, error: PorchError) -> None:
        """See Stream of http/stream.py."""
        self._exchange = None
        self._on_gone(self)

    def unsent(self) -> int:
        """See keeper.UpstreamStream: nothing is sent here."""
        return 0

    def sip(self, little: bool) -> None:
        """See keeper.UpstreamStream: pictures are of one size."""

    def turn_to(self, exchange: "Exchange") -> None:
        """See keeper.UpstreamStream."""
        self._exchange = exchange
