"""What an exchange asks of its surroundings, as interfaces.

The streams on its two sides, and the keeper of what all exchanges of a worker share.
"""

import fcntl
import os
import sys
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from porch.clock import Deadlines
from porch.errors import PorchError
from porch.filter import Response
from porch.http.message import Field, RequestHead, ResponseHead
from porch.http.stream import Stream

if TYPE_CHECKING:
    import asyncio

    from porch.exchange import Exchange
    from porch.tls.client_certificate import ClientCertificate

__all__ = ["ClientStream", "Keeper", "Security", "Timer", "UpstreamStream", "send_file", "unsent"]


class Security(Protocol):
    """What a handshake has settled. passed: an authority of which every further request passes
    `check` too, whatever a reload brings; None where there is none."""

    @property
    def passed(self) -> bytes | None:
        """See the class."""

    def check(self, request: RequestHead) -> None:
        """Raise PorchError if the connection is not for such a request."""

    def certificate(self, request: RequestHead) -> "ClientCertificate | None":
        """What the client has shown to the host of the request, and was verified for it."""


class ClientStream(Stream, Protocol):
    """The client's Stream, with what an exchange may ask about it.

    peer: address of the socket's other end, b"unix" for a Unix socket. port: the local one, in
    digits.
    interim: whether interim answers may be sent (RFC 9110 15.2: never to HTTP/1.0).
    trailers: whether who asked reads what stands behind a body, and looks there for its end.
    security: of a connection that speaks TLS, or should; None where it need not.
    """

    peer: bytes
    port: bytes
    interim: bool
    trailers: bool
    security: Security | None

    def is_read(self) -> bool:
        """Whether what it sends is taken as it comes: nothing keeps it from sending more."""

    def descriptor(self) -> int:
        """Of the connection's socket; -1 where there is none."""

    def unsent(self) -> int:
        """Bytes that this side has not taken yet, the system's buffers included."""

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        """Send of a file without reading it: how many bytes this side has taken now, from `first`
        on. 0 where it cannot: then they are to be sent as data. -1 where it could and is full: a
        few sent as data have it tell when there is room. Only between the head and the end of an
        answer."""

    def send_with_file(self, head: ResponseHead, descriptor: int, first: int, size: int) -> int:
        """Send a head, whose body begins with these bytes of a file. Returns how many of them have
        left with it; see `send_file`."""

    def accept(self, head: ResponseHead) -> None:
        """Whether what answers a request for a tunnel can be told to this client: raise
        UpgradeFailed if not. Asked of no other answers."""

    def turn_to(self, exchange: "Exchange") -> None:
        """From now on this is told what comes, in place of the exchange (see between.py)."""

    def finish(self, request_done: bool) -> None:
        """The exchange is over and nobody will call again; the connection may go on."""


class UpstreamStream(Stream, Protocol):
    """The upstream's Stream. reused: whether the connection has served before."""

    reused: bool

    def unsent(self) -> int:
        """See ClientStream."""

    def sip(self, little: bool) -> None:
        """Read little at a time, for a client that has much to take already; or as ever."""

    def turn_to(self, exchange: "Exchange") -> None:
        """See ClientStream."""


class Timer(Protocol):
    """Something that will be called."""

    def cancel(self) -> None:
        """It will not."""


class Keeper(Protocol):
    """What all exchanges of a worker share (listen/door.py).

    running: how many have not ended; each takes itself off. closing: whether the worker is about to
    end: what takes its time though it need not is to end too.
    """

    deadlines: Deadlines
    running: int

    @property
    def closing(self) -> bool:
        """See above."""

    @property
    def own_fields(self) -> tuple[Field, ...]:
        """Fields of every answer made at the door."""

    def error_page(self, exchange: "Exchange", error: PorchError) -> Response:
        """The answer for an error."""

    def report(self, exchange: "Exchange", error: Exception) -> None:
        """Tell the operator of a defect."""

    def later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Have `call` called in so many seconds; in 0.0 behind all that is ready now, and before
        anybody asks what else is. Not for plain exchanges: a timer costs 1 us."""


def send_file(transport: "asyncio.Transport", descriptor: int, first: int, size: int) -> int:
    """See ClientStream.send_file, of a transport without TLS. The loop has no such call of its own
    (uvloop 0.22); past its buffer, which is empty, the socket can be written to."""
    if transport.get_write_buffer_size() or transport.is_closing():
        return -1
    socket = transport.get_extra_info("socket")
    try:
        return os.sendfile(socket.fileno(), descriptor, first, size)
    except OSError:  # it is full, or over, which the loop will find out
        return -1


def unsent(transport: "asyncio.Transport") -> int:
    """Bytes that the far end of a transport has not taken yet, the system's buffer included.

    The system's may hold megabytes and shrink for minutes before a full transport notices.
    """
    socket = transport.get_extra_info("socket")
    waiting = fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    return transport.get_write_buffer_size() + int.from_bytes(waiting, sys.byteorder)
