"""Whether an origin has said something that the loop has not looked at yet.

A connection that waits may have been closed by its origin a moment ago, and an early answer may
have come while a request is sent: the loop would tell with its next turn, one write too late.
"""

import asyncio
import os
import select
from collections.abc import Callable

__all__ = ["arrived", "poll_of"]

MOST = 1 << 16
"""Bytes of one read."""


def poll_of(transport: asyncio.BaseTransport) -> tuple[int, Callable[[int], object]]:
    """The descriptor of a connection, -1 where there is none, and what is truthy when called with 0
    if there is something to read on it, or an end. Of TLS what is there cannot be read: never."""
    socket = transport.get_extra_info("socket")
    descriptor: int = socket.fileno() if socket is not None else -1
    if descriptor < 0 or transport.get_extra_info("ssl_object") is not None:
        return descriptor, bool  # bool(0) is False without a Python call
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return descriptor, poll.poll


def arrived(descriptor: int) -> bytes:
    """What is there to be read; nothing if that is the end."""
    try:
        return os.read(descriptor, MOST)
    except OSError:
        return b""
