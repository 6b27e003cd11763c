"""The Proxy-Status field (RFC 9209): which door answered, and why."""

import re

from porch.errors import PorchError
from porch.exchange import Exchange

__all__ = ["proxy_status"]

_UNPRINTABLE = re.compile(r"[^ -~]")
_QUOTED = re.compile(r'(["\\])')


def proxy_status(exchange: Exchange, error: PorchError, *, debug: bool) -> bytes:
    """The field's value: b"porch; error=connection_refused".

    debug: also the endpoint (`next-hop`, 2.1.2) and what happened this time (`detail`, 2.1.5).
    """
    value = f"porch; error={error.word}"
    if debug and exchange.endpoint is not None:
        value += f"; next-hop={_string(exchange.endpoint.name)}"
    if debug and error.detail:
        value += f"; detail={_string(error.detail)}"
    return value.encode()


def _string(text: str) -> str:
    """`text` as an sf-string, which has printable ASCII alone (RFC 8941 3.3.3)."""
    quoted = _QUOTED.sub(r"\\\1", _UNPRINTABLE.sub("?", text))
    return f'"{quoted}"'
