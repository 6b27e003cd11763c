"""Fields that a route sets, adds or removes, on requests and on answers.

Tables merge from the whole over the site to the route; nothing replaces a parent's silently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Field

__all__ = ["SECURE", "Changes", "RequestHeaders", "ResponseHeaders"]

SECURE: Mapping[bytes, bytes] = {
    b"content-security-policy": b"frame-ancestors 'self'",
    b"cross-origin-opener-policy": b"same-origin-allow-popups",
    b"origin-agent-cluster": b"?1",
    b"permissions-policy": b"bluetooth=(), browsing-topics=(), camera=(), display-capture=(), "
    b"geolocation=(), hid=(), idle-detection=(), microphone=(), midi=(), serial=(), usb=()",
    b"referrer-policy": b"strict-origin-when-cross-origin",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"SAMEORIGIN",
    b"x-permitted-cross-domain-policies": b"none",
}
"""`headers = "secure"`: what breaks no ordinary site. An origin's own value stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """set: replaces all values. add: behind those that are there. remove: takes all away.
    default: only where there is none, which `remove` wanted neither. Names are lower-case."""

    set: Sequence[Field] = ()
    add: Sequence[Field] = ()
    default: Sequence[Field] = ()
    remove: frozenset[bytes] = field(default_factory=frozenset)

    @property
    def decided(self) -> frozenset[bytes]:
        """The names of which nothing that came stays: no other spelling of them may pass either, to
        whom they are said."""
        return self.remove | {name for name, _ in self.set}

    def apply(self, fields: list[Field]) -> list[Field]:
        """`fields` with the changes made; a new list."""
        gone = self.remove | {name for name, _ in self.set}
        made = [*(each for each in fields if each[0] not in gone), *self.set, *self.add]
        there = self.remove | {name for name, _ in made}
        return [*made, *(each for each in self.default if each[0] not in there)]

    def described(self) -> list[str]:
        """The changes in words, one each."""
        words = (("sets", self.set), ("adds", self.add), ("adds if missing", self.default))
        texts = [
            f"{word} {name.decode()}: {value.decode('latin-1')}"
            for word, fields in words
            for name, value in fields
        ]
        return texts + [f"removes {name.decode()}" for name in sorted(self.remove)]


class RequestHeaders(Filter):
    """Changes the fields of each attempt."""

    __slots__ = ("_changes",)

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter."""
        outgoing = exchange.outgoing
        assert outgoing is not None
        outgoing.fields = self._changes.apply(outgoing.fields)
        host = [value for name, value in outgoing.fields if name == b"host"]
        if host:  # Host is no field here: `headers.request.host` sets the authority
            outgoing.authority = host[-1]
            outgoing.fields = [each for each in outgoing.fields if each[0] != b"host"]


class ResponseHeaders(Filter):
    """Changes the fields of every answer, the origin's and the door's own."""

    __slots__ = ("changes",)

    def __init__(self, changes: Changes) -> None:
        self.changes = changes

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response = exchange.response
        assert response is not None
        response.fields = self.changes.apply(response.fields)
