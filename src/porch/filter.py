"""Filter: a feature, as some of the phase methods; and what a phase method may return.

A filter is built once a route from its configuration and bound into the route's Plan, which
holds for each phase only the methods that a filter really has. A feature that is off costs
nothing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from porch import clock
from porch.http.known import Known
from porch.http.message import Field, ResponseHead

if TYPE_CHECKING:
    from porch.errors import PorchError
    from porch.exchange import Exchange
    from porch.http.message import Trailers
    from porch.keeper import UpstreamStream

__all__ = ["SUSPEND", "Filter", "Kept", "Repeated", "Response", "Source", "Suspend"]


class Source(Protocol):
    """Where the rest of a body comes from that is not all there: a file, another's answer."""

    def open(self, exchange: "Exchange") -> bool:
        """Send the head, `exchange.response`, where none of the body is there to go with it.
        Whether all of the body has left too, so that there is nothing to begin."""

    def begin(self, exchange: "Exchange") -> "UpstreamStream":
        """The head has gone to the client. What is returned is told when to pause and to resume
        and when the exchange is given up, and calls `exchange.on_made` with each further piece:
        not before this has returned."""


class Response:
    """An answer made at the door.

    status: 200 to 599. fields: without content-length, which follows from the body.
    source: None where `body` is all of it. name: of the whole body's very bytes, wherever they are
    stored; b"" where they have none.
    """

    __slots__ = ("body", "fields", "name", "source", "status")

    def __init__(self, status: int, fields: Sequence[Field] = (), body: bytes = b"") -> None:
        self.status = status
        self.fields = fields
        self.body = body
        self.source: Source | None = None
        self.name = b""

    def head(self, exchange: "Exchange") -> ResponseHead:
        """The head that it answers the exchange with."""
        fields = [*self.fields, *exchange.keeper.own_fields, (b"date", clock.date)]
        if self.status not in (204, 304):  # RFC 9110 8.6: none with 204, another's with 304
            fields.append((b"content-length", b"%d" % len(self.body)))
        return ResponseHead(self.status, fields, len(self.body))


class Repeated(Response):
    """One that is given again and again, by what belongs to one configuration: what its head says
    is put together once a tick of the clock (-0.6 us), for clients as for a cache, which does not
    keep what is the door's own."""

    __slots__ = ("_date", "_keeper", "_known")

    def __init__(self, status: int, fields: Sequence[Field] = (), body: bytes = b"") -> None:
        super().__init__(status, fields, body)
        self._date = b""
        self._keeper: object = None

    def head(self, exchange: "Exchange") -> ResponseHead:
        """See Response."""
        if self._date is not clock.date or self._keeper is not exchange.keeper:
            self._known = Known(super().head(exchange).fields)
            self._date = clock.date
            self._keeper = exchange.keeper
        known = self._known
        return ResponseHead(self.status, [*known.fields], len(self.body), b"", None, known)


class Kept(Response):
    """An answer whose head stands already, as one that was stored: nothing is added to it.

    body: the first of it, or all. source: of the rest; with it the head's length counts both. name:
    see Response.
    """

    __slots__ = ("_head",)

    def __init__(
        self, head: ResponseHead, body: bytes, source: Source | None = None, name: bytes = b""
    ) -> None:
        self.status = head.status
        self.fields = head.fields
        self.body = body
        self.source = source
        self.name = name
        self._head = head

    def head(self, exchange: "Exchange") -> ResponseHead:
        """See Response."""
        return self._head


class Suspend:
    """Returned by a hook that will answer later: somebody calls `exchange.resume()`."""

    __slots__ = ()


SUSPEND = Suspend()


class Filter:
    """The phases of an exchange. A subclass overrides those it needs; none calls another.

    on_begin: the exchange is there and nothing else is: what each has that is seen anywhere, one
        too that is refused before it has a route. May not raise.
    on_request: routed, nothing spent yet. None goes on, a Response answers now.
    on_upstream_request: an endpoint is chosen; before each attempt. It may change
        `exchange.outgoing`, which is a head of this attempt's own.
    on_upstream_response: the origin's final head (`exchange.response`), before any cache. None goes
        on; a Response is answered in its place, and the origin let go of, without the later hooks.
    on_response: every final head that goes to the client, made at the door or not.
    on_request_data: each piece of the request body, of which `exchange.request_done` says whether
        it is the last; returns the piece to pass on.
    on_request_trailers: the fields behind the request body, which it may change; they go out later.
    on_upstream_done: the origin has said all and is free for others, long before the client has
        taken it. Only where answers are read ahead; `on_end` follows.
    on_damaged: the content of an answer has turned out not to be what its head says: whoever keeps
        it keeps it no longer. Perhaps behind `on_end`, where its client is slow.
    on_cut: an answer that has begun will not be whole; returns the fields that say so behind it, in
        a protocol that has such, or None. Without them the client sees a reset or a close.
    on_end: always, exactly once, when the exchange is over.
    """

    __slots__ = ()

    def on_begin(self, exchange: "Exchange") -> None:
        """See the class."""

    def on_request(self, exchange: "Exchange") -> "Response | Suspend | None":
        """See the class."""
        return None

    def on_upstream_request(self, exchange: "Exchange") -> None:
        """See the class."""

    def on_upstream_response(self, exchange: "Exchange") -> "Response | Suspend | None":
        """See the class."""
        return None

    def on_response(self, exchange: "Exchange") -> None:
        """See the class."""

    def on_request_data(self, exchange: "Exchange", data: bytes) -> bytes:
        """See the class. May raise a PorchError, which ends the exchange."""
        return data

    def on_request_trailers(self, exchange: "Exchange", trailers: "Trailers") -> None:
        """See the class."""

    def on_upstream_done(self, exchange: "Exchange") -> None:
        """See the class."""

    def on_damaged(self, exchange: "Exchange") -> None:
        """See the class."""

    def on_cut(self, exchange: "Exchange", error: "PorchError") -> "Trailers | None":
        """See the class."""
        return None

    def on_end(self, exchange: "Exchange") -> None:
        """See the class."""
