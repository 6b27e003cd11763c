"""A head and the first of a file behind it, sent as one.

A head that leaves alone is a segment of its own, which wakes the client for nothing, and the file
has to wait for the loop to have written it.
"""

import asyncio
import contextlib
import os
import socket

__all__ = ["send_together"]

_CORK = getattr(socket, "TCP_CORK", 0)
"""tcp(7): what is not a full segment waits for more, until it is taken off."""


def send_together(
    transport: asyncio.Transport, head: bytes, descriptor: int, first: int, size: int
) -> int:
    """Send all of `head`, and of the file from `first` up to `size` bytes. Returns how many of
    those have left, 0 for none. transport: without TLS."""
    to = transport.get_extra_info("socket")
    if transport.get_write_buffer_size() or transport.is_closing() or not _CORK:
        transport.write(head)
        return 0
    written = count = 0
    try:
        to.setsockopt(socket.IPPROTO_TCP, _CORK, 1)
        written = os.write(to.fileno(), head)
        if written == len(head):
            count = os.sendfile(to.fileno(), descriptor, first, size)
        to.setsockopt(socket.IPPROTO_TCP, _CORK, 0)
    except OSError:  # it is full or over, which the loop will find out, or no TCP
        _uncork(to)
    if written < len(head):
        transport.write(head[written:])
    return count


def _uncork(to: socket.socket) -> None:
    with contextlib.suppress(OSError):
        to.setsockopt(socket.IPPROTO_TCP, _CORK, 0)
