"""Where an endpoint is. Known to all that only speak of it: no socket, no loop."""

import ssl
from dataclasses import dataclass, replace

__all__ = ["BOTH", "ONE", "SPOKEN", "TWO", "Address"]

ONE, TWO, BOTH = ("http/1.1",), ("h2",), ("h2", "http/1.1")
SPOKEN = {ONE: "HTTP/1.1", TWO: "HTTP/2", BOTH: "HTTP/2 or 1.1"}
"""These in words."""
"""What may be spoken with an endpoint: HTTP/1.1, HTTP/2, or which of them it prefers (ALPN)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an endpoint is.

    host and port, or path of a Unix socket. tls: the context to speak TLS with, or None for
    plain. server_name: whom the certificate must name; the host if empty. protocols: ONE, TWO or
    BOTH, as `tls` offers them. tls_one: a context that offers ONE, where `tls` offers BOTH.
    announces: the version of the PROXY header that connections begin with, "" for none.
    """

    host: str = ""
    port: int = 0
    path: str = ""
    tls: ssl.SSLContext | None = None
    server_name: str = ""
    protocols: tuple[str, ...] = ONE
    tls_one: ssl.SSLContext | None = None
    announces: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def one(self) -> "Address | None":
        """The same where HTTP/1.1 alone is offered; None if that may not be spoken."""
        if self.protocols == BOTH:
            return replace(self, protocols=ONE, tls=self.tls_one, tls_one=None)
        return self if self.protocols == ONE else None
