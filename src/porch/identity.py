"""Identity: who a client has shown to be: for limits, for the origin and for the log.

What lets clients in (shield/) sets `exchange.identity`; nobody else does. It says nothing about
what this one may do.
"""

from collections.abc import Mapping

from porch.http.fields import encode
from porch.http.message import Field

__all__ = ["Identity"]

_NO_CLAIMS: Mapping[str, object] = {}


class Identity:
    """One that a client has proved.

    name: as the log and the origin know it: printable, without controls. kind: by what it was
    proved, such as "basic" or "jwt". claims: what else is known, as a token says it. fields: for
    the origin, in place of all of those names that the client has sent. lines: these as HTTP/1
    writes them.
    """

    __slots__ = ("claims", "fields", "kind", "lines", "name")

    def __init__(
        self,
        name: str,
        kind: str,
        claims: Mapping[str, object] = _NO_CLAIMS,
        fields: tuple[Field, ...] = (),
    ) -> None:
        self.name = name
        self.kind = kind
        self.claims = claims
        self.fields = fields
        self.lines = encode([*fields])

    def __repr__(self) -> str:
        return f"<Identity {self.name} by {self.kind}>"
