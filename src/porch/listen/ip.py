"""The IP addresses of a connection's two ends."""

import asyncio
from typing import Literal

__all__ = ["ip_of"]


def ip_of(transport: asyncio.BaseTransport, end: Literal["peername", "sockname"]) -> str:
    """Without zone, IPv4 within IPv6 as IPv4; "" where the socket is a file."""
    found = transport.get_extra_info(end)
    if not isinstance(found, tuple):
        return ""
    ip: str = found[0]
    return ip.partition("%")[0].removeprefix("::ffff:") if ":" in ip else ip
