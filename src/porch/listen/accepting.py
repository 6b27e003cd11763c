"""Accepting: the next connection of a listening socket.

It knows no loop: a command that only reads a configuration need not import one.
"""

import _socket
import socket
from typing import TypeVar

__all__ = ["Accepted", "accept"]


Some = TypeVar("Some", bound="Accepted")


class Accepted(socket.socket):
    """A socket whose methods that a loop calls are those in C. Any other one is made by a call in
    Python, finds the name of its family and of its type by four at each look, of which there are
    five until a connection has its protocol, and is left by another.

    peer: where it comes from, as accept(2) says. family, type: numbers, and no names of them."""

    __slots__ = ("peer",)

    _closed: bool
    _io_refs: int
    peer: object
    __init__ = _socket.socket.__init__
    family = _socket.socket.family  # type: ignore[assignment]
    type = _socket.socket.type  # type: ignore[assignment]
    detach = _socket.socket.detach


def accept(listening: socket.socket, family: int, kind: type[Some]) -> Some:
    """What `listening.accept()` returns first. Raises OSError as it does. family: that of
    `listening`, which does not block and accepts streams."""
    descriptor, peer = listening._accept()  # type: ignore[attr-defined]
    accepted: Some = kind(family, socket.SOCK_STREAM, 0, descriptor)
    accepted._io_refs = 0  # as socket.socket's own __init__ does
    accepted._closed = False
    accepted.peer = peer
    return accepted
