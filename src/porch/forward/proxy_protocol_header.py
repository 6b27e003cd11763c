"""The header of the PROXY protocol towards origins: who a connection's client is.

https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt. The client's port is not known behind
a proxy in front, and no application needs it: it is 0, as is the door's own address.
"""

from porch.ip import packed

__all__ = ["header"]

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_LOCAL = b"\x20\0\0\0"
_UNKNOWN = b"\x21\0\0\0"
_BY_LENGTH = {4: ("TCP4", "0.0.0.0", b"\x11\0\x0c"), 16: ("TCP6", "::", b"\x21\0\x24")}
"""By the bytes of an address: its family and the door's address in version 1; family, transport and
length in version 2."""


def header(version: str, client: bytes | None) -> bytes:
    """The header. version: "v1", "v2", or "" for none. client: an address, b"unix" where there is
    none; None for what the door itself asks, such as checks."""
    if not version:
        return b""
    address = packed(client.decode("latin-1")) if client is not None else None
    if version == "v1":
        if address is None or client is None:
            return b"PROXY UNKNOWN\r\n"
        family, own, _ = _BY_LENGTH[len(address)]
        return f"PROXY {family} {client.decode()} {own} 0 0\r\n".encode()
    if address is None:
        return _SIGNATURE + (_LOCAL if client is None else _UNKNOWN)
    own_bytes = bytes(len(address) + 4)
    return _SIGNATURE + b"\x21" + _BY_LENGTH[len(address)][2] + address + own_bytes
