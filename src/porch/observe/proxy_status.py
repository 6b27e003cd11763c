"""The Proxy-Status field (RFC 9209): which door answered, and why."""

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.http.fields import quoted

__all__ = ["proxy_status"]


def proxy_status(exchange: Exchange, error: PorchError, *, debug: bool) -> bytes:
    """The field's value: b"porch; error=connection_refused".

    debug: also the endpoint (`next-hop`, 2.1.2) and what happened this time (`detail`, 2.1.5).
    """
    value = b"porch; error=%b" % error.word.encode()
    if debug and exchange.endpoint is not None:
        value += b"; next-hop=" + quoted(exchange.endpoint.name.encode("ascii", "replace"))
    if debug and error.detail:
        value += b"; detail=" + quoted(error.detail.encode("ascii", "replace"))
    return value
