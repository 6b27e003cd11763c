"""Where a listener is to be bound. Known to all that only speak of it: no socket, no loop."""

from dataclasses import dataclass

__all__ = ["ListenAddress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """host ("" is every address, IPv6 and IPv4) and port, or path of a Unix socket.
    tls: this side speaks HTTPS."""

    host: str = ""
    port: int = 0
    path: str = ""
    tls: bool = False

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https://' if self.tls and self.port != 443 else ''}{host}:{self.port}"

    def bound(self, port: int) -> str:
        """The same with the port that the system chose, where 0 was asked for."""
        return str(self) if self.path or self.port else f"{str(self).removesuffix('0')}{port}"
