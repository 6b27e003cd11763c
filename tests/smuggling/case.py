"""What a row of the corpus is: hostile bytes, the rule they break, and what has to come of them.

A request case is what a client sends to the door; the runner sends one more request right behind
it (BEHIND), which a door that has refused must never read. A response case is what an origin
answers to one request; the runner asks for something harmless afterwards, which must get its own
answer. `/smuggled` stands for whatever hides inside a hostile message.
"""

from dataclasses import dataclass
from typing import Literal

from tests.smuggling.strict import Fields

__all__ = [
    "ASKED",
    "BEHIND",
    "Accepted",
    "Answered",
    "BrokenOff",
    "End",
    "Passed",
    "Refused",
    "Replaced",
    "RequestCase",
    "RequestFate",
    "ResponseCase",
    "ResponseFate",
    "Spoiled",
    "Switched",
    "Unfinished",
    "request",
    "response",
    "shown",
]

BEHIND = b"GET /behind HTTP/1.1\r\nHost: a.test\r\n\r\n"
"""Follows every request case on its connection."""
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n"
"""A request that hides in another one."""
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
"""An answer that nobody asked for: it must never become anybody's."""
ASKED = b"GET /case HTTP/1.1\r\nHost: a.test\r\n\r\n"
"""What a response case answers, unless it says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The door answers, ends the connection, and the origin gets not one byte of it."""

    statuses: frozenset[int] = frozenset((400,))
    method: bytes = b"GET"
    kept = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenOff:
    """Wrong inside its body: the origin may have its beginning, never a whole message.

    statuses: of the one answer; 200 where the origin answered before the mistake was there.
    """

    statuses: frozenset[int] = frozenset((400,))
    method: bytes = b"POST"
    kept = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """The client closes its side inside the message: the origin never takes it for whole."""

    method: bytes = b"POST"
    kept = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """It is answered without a whole request at the origin, and the connection goes on.

    partly: whether the origin may have its beginning.
    """

    statuses: frozenset[int]
    method: bytes = b"GET"
    partly: bool = False
    kept = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The origin gets exactly one request, and the client its answer.

    target, body, trailers: what the origin gets. has: the only values of these fields there.
    lacks: names that must not be there. kept: whether the connection goes on, so that what stands
    behind is a request of its own. interim: whether interim answers may come before.
    """

    method: bytes = b"GET"
    target: bytes = b"/case"
    body: bytes = b""
    trailers: Fields = ()
    has: Fields = ()
    lacks: tuple[bytes, ...] = ()
    kept: bool = True
    interim: bool = True


RequestFate = Refused | BrokenOff | Unfinished | Answered | Accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCase:
    """What a hostile client sends.

    name: a sentence, unique. sent: the bytes. rfc: number and section, "9112 6.3". why: one
    sentence. fates: of the messages in `sent`, one after the other. rest: bytes sent when the
    origin has the first of `sent`. later: bytes sent when the first answer is there, and BEHIND
    behind them; None if nothing waits for it. early: whether the origin answers as soon as it has
    a head. ours: whether the rule is stricter than the RFC, so that others may do otherwise.
    one_site: sent to a door that knows a.test alone, not any host.
    """

    name: str
    sent: bytes
    rfc: str
    why: str
    fates: tuple[RequestFate, ...]
    rest: bytes = b""
    later: bytes | None = None
    early: bool = False
    ours: bool = False
    one_site: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The client gets this answer.

    has, lacks: as in Accepted. interims: the statuses before it, None for any. thrown: whether
    the origin's connection must not serve again.
    """

    status: int = 200
    body: bytes = b"hello"
    trailers: Fields = ()
    has: Fields = ()
    lacks: tuple[bytes, ...] = ()
    interims: tuple[int, ...] | None = ()
    thrown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """The client gets an answer of the door's own, nothing of the origin's."""

    statuses: frozenset[int] = frozenset((502,))
    interims: tuple[int, ...] | None = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoiled:
    """Wrong inside its body: replaced as long as nothing was sent, else visibly cut.

    Never whole: the last chunk or some bytes are missing, or the connection is reset.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """The protocol is switched, and the client gets `data` of the tunnel."""

    data: bytes


End = Literal["keep", "close", "reset"]
ResponseFate = Passed | Replaced | Spoiled | Switched


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCase:
    """What a hostile origin answers.

    name, rfc, why, ours: as in RequestCase. sent: the bytes of the answer. rest: more of them,
    sent when the client has the first. end: what the origin does then. later: bytes it sends when
    the client has its answer. early: whether it answers when it has the head, without waiting for
    the body. asked: what the client sends; asked_later: the rest of that, sent when the answer is
    there. reused: whether the origin's connection has served before.
    """

    name: str
    sent: bytes
    rfc: str
    why: str
    fate: ResponseFate
    rest: bytes = b""
    asked: bytes = ASKED
    asked_later: bytes = b""
    reused: bool = False
    end: End = "keep"
    later: bytes = b""
    early: bool = False
    ours: bool = False

    @property
    def method(self) -> bytes:
        """Of the request that is answered."""
        return self.asked.partition(b" ")[0]


def request(*lines: bytes, body: bytes = b"", start: bytes = b"") -> bytes:
    """A request with Host and these field lines, a POST if it has a body."""
    start = start or (b"POST" if body else b"GET") + b" /case HTTP/1.1"
    return b"\r\n".join([start, b"Host: a.test", *lines, b"", body])


def response(*lines: bytes, body: bytes = b"", start: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """An answer with these field lines."""
    return b"\r\n".join([start, *lines, b"", body])


def shown(data: bytes, most: int = 60) -> str:
    """Bytes as a part of a sentence."""
    text = repr(data)[2:-1]
    return text if len(text) <= most else f"{text[:most]}... ({len(data)} bytes)"
