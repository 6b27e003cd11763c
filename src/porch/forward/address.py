"""Where an endpoint is. Known to all that only speak of it: no socket, no loop."""

import ssl
from dataclasses import dataclass

__all__ = ["Address"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an endpoint is.

    host and port, or path of a Unix socket. tls: the context to speak TLS with, or None for
    plain. server_name: whom the certificate must name; the host if empty.
    """

    host: str = ""
    port: int = 0
    path: str = ""
    tls: ssl.SSLContext | None = None
    server_name: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
