"""Cut: the end of an answer that has begun and will not be whole."""

from typing import TYPE_CHECKING

from porch.errors import PorchError

if TYPE_CHECKING:
    from porch.exchange import Exchange
    from porch.http.message import Trailers

__all__ = ["cut"]


def cut(exchange: "Exchange", error: PorchError) -> None:
    """So that the client can see it: by fields behind the body, where a hook knows a protocol that
    has some for it, otherwise by the end of the stream or connection."""
    trailers = _trailers(exchange, error) if error.status else None
    if trailers is None:
        exchange.client.abort(error)
    else:
        exchange.client.send(trailers, b"", True)


def _trailers(exchange: "Exchange", error: PorchError) -> "Trailers | None":
    if exchange.response is None or exchange.response.length is not None:
        return None  # what is promised cannot be kept, whatever follows
    for hook in exchange.route.plan.on_cut:
        try:
            trailers = hook(exchange, error)
        except Exception as raised:
            exchange.keeper.report(exchange, raised)
            return None
        if trailers is not None:
            return trailers
    return None
