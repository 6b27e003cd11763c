"""Closing a connection so that its client cannot take what came for the whole."""

import asyncio
import struct
from socket import SO_LINGER, SOL_SOCKET

__all__ = ["reset"]


def reset(transport: asyncio.Transport) -> None:
    """Close with a reset, not with a clean end."""
    socket = transport.get_extra_info("socket")
    if socket is not None:
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
