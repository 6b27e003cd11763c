"""Heads of messages, the same for every version of HTTP (RFC 9110 6).

Field names are lower-case bytes. Hop-by-hop fields (RFC 9110 7.6.1) and Host never appear among
`fields`: a codec consumes them and says what they meant in attributes. `content-length` stays
among `fields` and is `length` too; both agree, always.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from porch.http.known import Known

__all__ = ["Field", "Lines", "Repeats", "RequestHead", "ResponseHead", "Trailers"]

Field = tuple[bytes, bytes]

Lines = tuple[list[Field], *tuple[bytes, ...]]
"""Fields, never changed, and the lines that HTTP/1 writes for them, in pieces: what is another each
time stands behind what is always the same, which is not copied for it."""
_MADE = 8
"""How many may have made something of one connection's fields, as that many routes."""


class Repeats(dict[object, tuple[list[Field], tuple[bytes, ...], Any]]):
    """What was made of fields: who made it -> (of which fields, of what else, what)."""

    __slots__ = ()

    def keep(self, maker: object, of: list[Field], also: tuple[bytes, ...], made: Any) -> None:
        """Something more. of: never changed, a copy of its own."""
        if len(self) >= _MADE:
            self.clear()
        self[maker] = of, also, made


class RequestHead:
    """What a request asks for.

    method: as sent, for example b"GET".
    target: path and query as sent, b"/a?b"; b"*" for OPTIONS alone.
    authority: Host as sent and checked by grammar, b"example.com:8080"; b"" only from HTTP/1.0.
    scheme: b"http" or b"https", of the connection it came by.
    fields: the end-to-end fields in order, without host.
    length: bytes of body; 0 for none, None when only its end will tell.
    upgrade: the one protocol asked for, lower-case, or None (RFC 9110 7.8).
    expect: whether the client waits for 100 (Continue) before it sends the body.
    version: b"1.1", b"1.0", b"2".
    lines: what fields were before, and their lines: worth a look whether they are the same still.
    repeats: what was made of other heads that were the same but for method, target and Referer, the
    last ones of this connection or the first ones of others; None of the first.
    """

    __slots__ = (
        "authority",
        "expect",
        "fields",
        "length",
        "lines",
        "method",
        "repeats",
        "scheme",
        "target",
        "upgrade",
        "version",
    )

    def __init__(
        self,
        method: bytes,
        target: bytes,
        authority: bytes,
        scheme: bytes,
        fields: list[Field],
        length: int | None = 0,
        upgrade: bytes | None = None,
        expect: bool = False,
        version: bytes = b"1.1",
    ) -> None:
        self.method = method
        self.target = target
        self.authority = authority
        self.scheme = scheme
        self.fields = fields
        self.length = length
        self.upgrade = upgrade
        self.expect = expect
        self.version = version
        self.lines: Lines | None = None
        self.repeats: Repeats | None = None

    def get(self, name: bytes) -> bytes | None:
        """The first value of field `name` (lower-case), or None."""
        for field in self.fields:
            if field[0] == name:
                return field[1]
        return None

    def __repr__(self) -> str:
        return f"<{self.method.decode()} {self.target.decode('latin-1')} {len(self.fields)} fields>"


class ResponseHead:
    """What an answer is.

    status: 100 to 599. Below 200 it is interim: another head follows, and it has no body.
    reason: the phrase of the status line, b"" where there is none.
    fields: the end-to-end fields in order.
    length: bytes of body that follow; None when only its end will tell.
    upgrade: the protocol switched to, lower-case, with status 101 alone.
    known: what fields began with, worth a look whether they still do; None where nobody knows.
    """

    __slots__ = ("fields", "known", "length", "reason", "status", "upgrade")

    def __init__(
        self,
        status: int,
        fields: list[Field],
        length: int | None = None,
        reason: bytes = b"",
        upgrade: bytes | None = None,
        known: "Known | None" = None,
    ) -> None:
        self.status = status
        self.fields = fields
        self.length = length
        self.reason = reason
        self.upgrade = upgrade
        self.known = known

    def get(self, name: bytes) -> bytes | None:
        """The first value of field `name` (lower-case), or None."""
        for field in self.fields:
            if field[0] == name:
                return field[1]
        return None

    def __repr__(self) -> str:
        return f"<{self.status} {len(self.fields)} fields>"


class Trailers:
    """The fields behind a body (RFC 9110 6.5). Always sent with `end`."""

    __slots__ = ("fields",)

    def __init__(self, fields: list[Field]) -> None:
        self.fields = fields

    def __repr__(self) -> str:
        return f"<trailers {len(self.fields)} fields>"
