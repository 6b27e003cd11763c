"""Trace: where an exchange stands in a distributed trace (W3C Trace Context).

Here are the ids and their field, `traceparent`. Not here: who decides (observe/tracing.py), and
what is told of it afterwards (observe/spans.py).
"""

import re
from random import getrandbits
from typing import NamedTuple

__all__ = ["Parent", "Told", "Trace", "new_span", "new_trace", "parse_parent"]

_fields = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
).fullmatch
"""3.2.2: no version ff, no id of zeros."""
_SAMPLED = 1


class Parent:
    """Who asked, as a `traceparent` says. trace, span: its ids. sampled: whether it is recorded."""

    __slots__ = ("sampled", "span", "trace")

    def __init__(self, trace: int, span: int, *, sampled: bool) -> None:
        self.trace = trace
        self.span = span
        self.sampled = sampled

    def __repr__(self) -> str:
        return f"<Parent {self.trace:032x} {self.span:016x}{' sampled' if self.sampled else ''}>"


def parse_parent(value: bytes) -> Parent | None:
    """What a `traceparent` says; None if it is not valid. Of a version that is not known the same
    four parts are read (3.2.4)."""
    found = _fields(value)
    if found is None or (found[5] is not None and found[1] == b"00"):
        return None
    return Parent(int(found[2], 16), int(found[3], 16), sampled=bool(int(found[4], 16) & _SAMPLED))


class Told(NamedTuple):
    """An attempt that an origin was told of. span: its id. endpoint: its name. connected:
    clock.monotonic() when it had its connection, by which it is known again."""

    span: int
    endpoint: str
    connected: float


class Trace:
    """The trace that an exchange is part of.

    id: of the trace. span: of the exchange's own span. parent: of the span that it is a child of, 0
    for none. sampled: what the origin is told. state: the `tracestate` that goes on, b"" for none.
    link: who asked, where its trace is not continued. told: attempts, in their order; those too
    that were made for this exchange by another, as by a cache.
    """

    __slots__ = ("id", "link", "parent", "sampled", "span", "state", "told")

    def __init__(
        self,
        trace: int,
        parent: int = 0,
        *,
        sampled: bool,
        state: bytes = b"",
        link: Parent | None = None,
    ) -> None:
        self.id = trace
        self.span = new_span()
        self.parent = parent
        self.sampled = sampled
        self.state = state
        self.link = link
        self.told: list[Told] = []

    def __repr__(self) -> str:
        return f"<Trace {self.id:032x} {self.span:016x}{' sampled' if self.sampled else ''}>"

    def tell(self, endpoint: str, connected: float) -> bytes:
        """The `traceparent` of a further attempt, whose span is the parent of what comes of it. For
        the rest see Told."""
        span = new_span()
        self.told.append(Told(span, endpoint, connected))
        return b"00-%032x-%016x-%02x" % (self.id, span, self.sampled)


def new_span() -> int:
    """An id of 64 bits, never 0. Who guesses one has nothing of it; `random` begins anew in whoever
    was forked. Asking the system instead cost a door 40 us an exchange."""
    return getrandbits(64) or 1


def new_trace() -> int:
    """An id of 128 bits, never 0; all of them random, since who samples by a share looks at the
    last (7.1)."""
    return getrandbits(128) or 1
