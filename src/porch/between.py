"""Between: what stands between an exchange and the stream on one of its sides.

To the stream it is the exchange, and to the exchange the stream. Only an exchange for which a
filter asked has one; nobody else pays even for the question. Here all passes; who is derived from
these holds something back.
"""

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from porch.errors import PorchError
    from porch.exchange import Exchange
    from porch.http.message import ResponseHead, Trailers
    from porch.http.stream import Head
    from porch.keeper import ClientStream, Security, UpstreamStream

__all__ = ["BeforeClient", "BeforeUpstream"]


class _Between:
    """exchange: the true one. hearer: who is told, which is the exchange, or who stands before it.
    What a stream asks of its exchange besides, and is not answered here, the hearer answers."""

    __slots__ = ("exchange", "hearer")

    def __init__(self, exchange: "Exchange") -> None:
        self.exchange = exchange
        self.hearer = exchange

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
        super().__init__(exchange)
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

    def abort(self, error: "PorchError") -> None:
        """See Stream."""
        self.client.abort(error)

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


class BeforeUpstream(_Between):
    """Between an exchange and the origin of its present attempt. See keeper.UpstreamStream, and
    Exchange. For `on_upstream_request`: nothing was sent yet."""

    __slots__ = ("upstream",)

    def __init__(self, exchange: "Exchange") -> None:
        super().__init__(exchange)
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

    def abort(self, error: "PorchError") -> None:
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

    def on_upstream_lost(self, error: "PorchError") -> None:
        """See Exchange."""
        self.hearer.on_upstream_lost(error)
