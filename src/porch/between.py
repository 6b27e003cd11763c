"""Between: what stands between an exchange and the stream on one of its sides.

To the stream it is the exchange, and to the exchange the stream. Only an exchange for which a
filter asked has one; nobody else pays even for the question. Here all passes; who is derived from
these holds something back, of an answer most of all: HoldingClient.
"""

from typing import TYPE_CHECKING, Any, cast

from porch.errors import ClientGone, PorchError

if TYPE_CHECKING:
    from porch.exchange import Exchange
    from porch.http.message import ResponseHead, Trailers
    from porch.http.stream import Head
    from porch.keeper import ClientStream, Security, Timer, UpstreamStream

__all__ = ["BeforeClient", "BeforeUpstream", "HoldingClient"]


class _Between:
    """exchange: the true one. hearer: who is told, which is the exchange, or who stands before it.
    What a stream asks of its exchange besides, and is not answered here, the hearer answers."""

    __slots__ = ("exchange", "hearer")

    exchange: "Exchange"
    hearer: "Exchange"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.exchange!r}>"

    def __getattr__(self, name: str) -> Any:
        if name in ("exchange", "hearer"):  # not there yet
            raise AttributeError(name)
        return getattr(self.hearer, name)

    def turn_to(self, exchange: "Exchange") -> None:
        """See keeper.ClientStream."""
        self.hearer = exchange


class BeforeClient(_Between):
    """Between an exchange and its client. See keeper.ClientStream, and Exchange."""

    __slots__ = ("client", "interim", "peer", "port", "security", "trailers")

    def __init__(self, exchange: "Exchange") -> None:
        self.exchange = self.hearer = exchange
        client: ClientStream = exchange.client
        self.client = client
        self.peer = client.peer
        self.port = client.port
        self.interim = client.interim
        self.trailers = client.trailers
        self.security: Security | None = client.security
        exchange.client = self
        client.turn_to(cast("Exchange", self))

    # --- from the exchange: see keeper.ClientStream ----------------------------------------------

    def send(self, head: "Head | None", data: bytes, end: bool) -> None:
        """See Stream."""
        self.client.send(head, data, end)

    def pause_reading(self) -> None:
        """See Stream."""
        self.client.pause_reading()

    def resume_reading(self) -> None:
        """See Stream."""
        self.client.resume_reading()

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self.client.abort(error)

    def is_read(self) -> bool:
        """See ClientStream."""
        return self.client.is_read()

    def descriptor(self) -> int:
        """See ClientStream."""
        return self.client.descriptor()

    def unsent(self) -> int:
        """See ClientStream."""
        return self.client.unsent()

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        """See ClientStream."""
        return self.client.send_file(descriptor, first, size)

    def send_with_file(self, head: "ResponseHead", descriptor: int, first: int, size: int) -> int:
        """See ClientStream."""
        return self.client.send_with_file(head, descriptor, first, size)

    def accept(self, head: "ResponseHead") -> None:
        """See ClientStream."""
        self.client.accept(head)

    def finish(self, request_done: bool) -> None:
        """See ClientStream."""
        self.client.finish(request_done)

    # --- from the client: see Exchange -----------------------------------------------------------

    @property
    def sips(self) -> bool:
        """See Exchange."""
        return self.exchange.sips

    @sips.setter
    def sips(self, little: bool) -> None:
        self.exchange.sips = little

    def on_request_data(self, head: "Trailers | None", data: bytes, end: bool) -> None:
        """See Exchange."""
        self.hearer.on_request_data(head, data, end)

    def on_client_full(self) -> None:
        """See Exchange."""
        self.hearer.on_client_full()

    def on_client_drained(self) -> None:
        """See Exchange."""
        self.hearer.on_client_drained()


class HoldingClient(BeforeClient):
    """A client for which some of an answer may wait here, also when its exchange is over: from then
    on nobody else looks whether it is taken.

    Who is derived from it sets `_waits` while something waits, calls `_tell` when that may have
    changed, sends it in `_pump` and throws it away in `_drop`. `_timer` has `_on_time` called: what
    waits for that is not waiting for the client.
    """

    __slots__ = (
        "_full",
        "_is_over",
        "_request_done",
        "_timer",
        "_told",
        "_unsent",
        "_waits",
        "_watching",
    )

    def __init__(self, exchange: "Exchange") -> None:
        super().__init__(exchange)
        self._full = self._told = exchange.client_full
        self._waits = self._is_over = False
        self._request_done: bool | None = None
        self._timer: Timer | None = None
        self._watching: Timer | None = None
        self._unsent = -1

    def _pump(self) -> None:
        """The client takes more, or it is time."""
        raise NotImplementedError

    def _drop(self) -> None:
        """What waits is for nobody."""
        raise NotImplementedError

    # --- from the exchange: see keeper.ClientStream ----------------------------------------------

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        """See ClientStream: what may have to wait has to be read."""
        return 0

    def send_with_file(self, head: "ResponseHead", descriptor: int, first: int, size: int) -> int:
        """See ClientStream."""
        self.send(head, b"", False)
        return 0

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self._waits = False
        self._drop()
        self.client.abort(error)

    def finish(self, request_done: bool) -> None:
        """See ClientStream."""
        if not self._waits:
            self._finish(request_done)
            return
        self._request_done = request_done
        self._watch()

    def _finish(self, request_done: bool) -> None:
        """The connection may go on; nothing calls here any more."""
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        self._timer = self._watching = None
        self.client.finish(request_done)

    # --- from the client: see Exchange -----------------------------------------------------------

    @property
    def request_done(self) -> bool:
        """See Exchange."""
        return self.exchange.request_done if self._request_done is None else self._request_done

    def on_request_data(self, head: "Trailers | None", data: bytes, end: bool) -> None:
        """See Exchange. What comes when all was answered is for nobody."""
        if self._request_done is None:
            self.hearer.on_request_data(head, data, end)
        else:
            self._request_done = end

    def on_client_lost(self) -> None:
        """See Exchange."""
        self.fail(ClientGone("the client left"))

    def fail(self, error: PorchError) -> None:
        """See Exchange."""
        if self._request_done is None:
            self.hearer.fail(error)
        elif not self._is_over:
            self.abort(error)
            self._finish(self._request_done)

    def on_client_full(self) -> None:
        """See Exchange."""
        self._full = True
        self._tell()

    def on_client_drained(self) -> None:
        """See Exchange."""
        self._full = False
        self._pump()

    # --- what waits ------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Tell the exchange whether its client takes more; behind its end it is the client's turn
        for another request."""
        is_full = self._waits or self._full
        if self._request_done is not None:
            if not (self._waits or self._is_over):
                self._finish(self._request_done)
        elif is_full is not self._told:
            self._told = is_full
            if is_full:
                self.hearer.on_client_full()
            else:
                self.hearer.on_client_drained()

    def _on_time(self) -> None:
        self._timer = None
        self._pump()

    def _watch(self) -> None:
        """Look again later whether the client takes anything. What waits for its time is not
        counted against it."""
        exchange = self.exchange
        left = -1 if self._timer is not None else self.unsent()
        if left == self._unsent >= 0:
            self.fail(ClientGone("the client stopped reading"))
            return
        self._unsent = left
        self._watching = exchange.keeper.later(exchange.route.timeouts.idle, self._watch)


class BeforeUpstream(_Between):
    """Between an exchange and the origin of its present attempt. See keeper.UpstreamStream, and
    Exchange. For `on_upstream_request`: nothing was sent yet."""

    __slots__ = ("upstream",)

    def __init__(self, exchange: "Exchange") -> None:
        self.exchange = self.hearer = exchange
        upstream = exchange.upstream
        assert upstream is not None
        self.upstream: UpstreamStream = upstream
        exchange.upstream = self
        upstream.turn_to(cast("Exchange", self))

    @property
    def reused(self) -> bool:
        """Of the exchange and of its connection: it is the same."""
        return self.exchange.reused

    @reused.setter
    def reused(self, has_served: bool) -> None:
        self.exchange.reused = has_served

    # --- from the exchange: see keeper.UpstreamStream --------------------------------------------

    def send(self, head: "Head | None", data: bytes, end: bool) -> None:
        """See Stream."""
        self.upstream.send(head, data, end)

    def pause_reading(self) -> None:
        """See Stream."""
        self.upstream.pause_reading()

    def resume_reading(self) -> None:
        """See Stream."""
        self.upstream.resume_reading()

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self.upstream.abort(error)

    def unsent(self) -> int:
        """See UpstreamStream."""
        return self.upstream.unsent()

    def sip(self, little: bool) -> None:
        """See UpstreamStream."""
        self.upstream.sip(little)

    # --- from the origin: see Exchange -----------------------------------------------------------

    def on_response(self, head: "ResponseHead | Trailers | None", data: bytes, end: bool) -> None:
        """See Exchange."""
        self.hearer.on_response(head, data, end)

    def on_upstream_lost(self, error: PorchError) -> None:
        """See Exchange."""
        self.hearer.on_upstream_lost(error)

    def on_stale(self) -> None:
        """See Exchange."""
        self.hearer.on_stale()
