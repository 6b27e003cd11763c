"""Log lines to syslog: messages of RFC 5424, in datagrams or, octets counted, by TCP (RFC 6587)."""

import os
import socket
from collections.abc import Callable
from typing import Literal

from porch import clock
from porch.observe.stamp import iso
from porch.observe.wire import PATIENCE, Wire

__all__ = ["SHORT", "syslog"]

SHORT = 8192
"""Bytes of a message that is sent where a whole one is too long for a datagram."""

_PRIORITY = 16 * 8 + 6
"""local0, informational."""
_LONGEST_HOST = 255


def syslog(name: str, kind: Literal["unix", "udp", "tcp"], host: str, port: int = 0) -> Wire:
    """host: a path for "unix"."""
    connect: Callable[[], socket.socket]
    if kind == "unix":

        def connect() -> socket.socket:
            return _connected(socket.AF_UNIX, socket.SOCK_DGRAM, host)
    elif kind == "udp":

        def connect() -> socket.socket:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            return _connected(family, socket.SOCK_DGRAM, address)
    else:

        def connect() -> socket.socket:
            return socket.create_connection((host, port), PATIENCE)

    is_stream = kind == "tcp"
    return Wire(name, connect, _counted if is_stream else _message, _cut, is_stream=is_stream)


def _connected(family: int, kind: int, address: object) -> socket.socket:
    made = socket.socket(family, kind)
    try:
        made.connect(address)  # type: ignore[arg-type]
    except OSError:
        made.close()
        raise
    return made


def _message(line: bytes) -> bytes:
    """PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID and no structured data (RFC 5424 6)."""
    now = clock.wall()
    second = int(now)
    return b"<%d>1 %b.%03dZ %b porch %d access - %b" % (
        *(_PRIORITY, iso(second), (now - second) * 1000, _host(), os.getpid()),
        line,
    )


def _counted(line: bytes) -> bytes:
    message = _message(line)
    return b"%d %b" % (len(message), message)


def _cut(to: socket.socket, message: bytes) -> None:
    to.send(message[:SHORT])


def _host() -> bytes:
    """Of visible ASCII, else unknown."""
    name = os.uname().nodename.encode("ascii", "ignore")[:_LONGEST_HOST]
    return name if name and all(32 < byte < 127 for byte in name) else b"-"
