"""Reach: what answers on a port of an address, seen from this machine.

What the internet sees there cannot be told from here, and is not claimed. Synchronous, and each
call ends in time whatever the other end does: for a thread, never for the loop.
"""

import errno
import http.client
import io
import socket
import urllib.parse
from dataclasses import dataclass
from typing import Any, NamedTuple

from porch import clock
from porch.certs.finding import Finding, State, ok
from porch.certs.names import Address, shown

__all__ = ["PATH", "Reached", "Visit", "knock", "visit"]

PATH = "/.well-known/acme-challenge/"
"""Where an authority asks (RFC 8555 8.3)."""

LONGEST = 65536
"""Bytes of a body that are read; an answer to a challenge has about 90."""
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What to ask an address for, as an authority would.

    name: the host that is asked for. token: the last part of the path. expected: what this door
    answers to it, or None if it does not. timeout: seconds for it all. trouble: what a failure is
    worth; "warn" where this machine may see another thing than the internet does. because: added
    to a failure's sentence then.
    """

    name: str
    address: Address
    port: int
    token: str = ""
    expected: bytes | None = None
    timeout: float
    trouble: State = "fail"
    because: str = ""


class Reached(NamedTuple):
    """finding: for a person. is_ours: whether this door itself has answered there."""

    finding: Finding
    is_ours: bool = False


class _Answer(NamedTuple):
    status: int
    server: str
    location: str
    body: bytes


def knock(order: Visit) -> Reached:
    """Whether a connection can be opened; nothing is said over it."""
    until = clock.monotonic() + order.timeout
    try:
        _connect(order, until).close()
    except OSError as error:
        return Reached(_no_connection(order, error))
    return Reached(ok(_what(order), f"{_place(order)} accepts connections"))


def visit(order: Visit) -> Reached:
    """Ask for the token by HTTP, and say who has answered."""
    until = clock.monotonic() + order.timeout
    try:
        sock = _connect(order, until)
    except OSError as error:
        return Reached(_no_connection(order, error))
    with sock:
        try:
            answer = _ask(sock, order, until)
        except TimeoutError:
            return _trouble(
                order,
                f"{_place(order)} accepts a connection, but gives no answer within"
                f" {order.timeout:g} s. Is it Porch that listens there, and is it overloaded?",
            )
        except (OSError, http.client.HTTPException, ValueError):
            return _trouble(
                order,
                f"what listens on {_place(order)} does not speak HTTP. Stop it, or move it to"
                " another port",
            )
    return _judge(order, answer)


def _judge(order: Visit, answer: _Answer) -> Reached:
    place = _place(order)
    who = f"{answer.status}, {answer.server}" if answer.server else str(answer.status)
    if answer.status in REDIRECTS and answer.location:
        return _redirected(order, answer)
    if order.expected is not None:
        # RFC 8555 8.3: "The server SHOULD ignore whitespace characters at the end of the body".
        if answer.status == 200 and answer.body.rstrip() == order.expected.rstrip():
            sentence = f"{place} leads to this door; whether it does so from the internet as well"
            return Reached(ok(_what(order), f"{sentence} cannot be told from here"), True)
        return _trouble(
            order,
            f"something else answers on {place} ({who}). Stop it, or have it forward {PATH} to"
            " Porch",
        )
    if answer.status == 200:
        return _trouble(
            order,
            f"{place} answers even a challenge that nobody knows ({who}). Whatever does so has to"
            f" leave {PATH} to Porch",
        )
    sentence = f"{place} answers HTTP ({who}); whether that is this door, and whether the internet"
    return Reached(ok(_what(order), f"{sentence} reaches it, cannot be told from here"))


def _redirected(order: Visit, answer: _Answer) -> Reached:
    path = PATH + order.token
    try:
        target = urllib.parse.urlsplit(
            urllib.parse.urljoin(f"http://{order.name}{path}", answer.location)
        )
        host, port = target.hostname or "", target.port
    except ValueError:
        host, port = "", None
    place = _place(order)
    leave = f"Have {PATH} answered without a redirect"
    if host != order.name.strip("[]") or port not in (None, 80, 443):
        # An authority follows to ports 80 and 443 only, and asks whoever it is sent to.
        return _trouble(
            order,
            f"{place} redirects the authority elsewhere, to {answer.location}. {leave}",
        )
    return Reached(
        Finding(
            _what(order),
            "warn",
            f"{place} redirects the authority to {answer.location}; it follows, but what"
            f" answers there was not looked at. {leave}",
        )
    )


def _no_connection(order: Visit, error: OSError) -> Finding:
    place = _place(order)
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        sentence = (
            f"{place} does not answer within {order.timeout:g} s, as if a firewall drops it. Let"
            f" port {order.port} in, on this machine and where its provider filters"
        )
    elif isinstance(error, ConnectionRefusedError):
        sentence = (
            f"{place} refuses connections: nothing listens there. Start Porch, or forward the"
            " port to it"
        )
    elif error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL):
        # Mostly IPv6 on a machine that has none; whoever asks from outside may get there.
        return Finding(
            _what(order),
            "warn",
            f"this machine has no way to {place}, so what answers there cannot be told from here",
        )
    else:
        reason = (error.strerror or type(error).__name__).lower()
        sentence = f"{place} cannot be connected to: {reason}"
    return _trouble(order, sentence).finding


def _trouble(order: Visit, sentence: str) -> Reached:
    return Reached(Finding(_what(order), order.trouble, sentence + order.because))


def _what(order: Visit) -> str:
    return f"port {order.port}"


def _place(order: Visit) -> str:
    return f"port {order.port} of {shown(order.address)}"


def _connect(order: Visit, until: float) -> socket.socket:
    return socket.create_connection(
        (str(order.address), order.port), timeout=max(until - clock.monotonic(), 0.001)
    )


def _ask(sock: socket.socket, order: Visit, until: float) -> _Answer:
    sock.sendall(
        f"GET {PATH}{order.token} HTTP/1.1\r\nhost: {order.name}\r\nuser-agent: porch\r\n"
        "accept: */*\r\nconnection: close\r\n\r\n".encode()
    )
    response = http.client.HTTPResponse(_Timed(sock, until), method="GET")  # type: ignore[arg-type]
    response.begin()
    body = response.read(LONGEST)
    server = _printable(response.getheader("server", "")[:60])
    location = _printable(response.getheader("location", "")[:200])
    return _Answer(response.status, server, location, body)


def _printable(text: str) -> str:
    """A stranger's words, for a terminal."""
    return "".join(each for each in text if each.isprintable())


class _Timed(io.RawIOBase):
    """A socket to read from until a moment, for http.client, which gives each read its own."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        remaining = self._until - clock.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._sock.settimeout(remaining)
        return self._sock.recv_into(buffer)
