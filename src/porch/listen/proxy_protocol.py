"""The PROXY protocol, versions 1 and 2: what a proxy in front says of a connection before its data.

https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt (the numbers in brackets are its
sections). Bytes in, a record out: no socket, no clock. Who may say such a thing is not decided
here.
"""

import socket
from typing import NamedTuple

from porch.ip import packed

__all__ = ["LONGEST", "Announced", "BadHeader", "decode"]

LONGEST = 4096
"""Bytes of a header. Those of version 1 have 107 (2.1); of version 2 with what clouds add, and a
client certificate's names, it is some hundred."""

_LONGEST_LINE = 107
_FIRST_WORD = b"PROXY "
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_MAPPED = b"\0" * 10 + b"\xff\xff"
_LOCAL, _PROXY = 0x20, 0x21
_UNSPECIFIED, _TCP4, _TCP6, _UNIX = 0x00, 0x11, 0x21, 0x31
_SIZES = {_UNSPECIFIED: 0, _TCP4: 12, _TCP6: 36, _UNIX: 216}
"""Bytes of the addresses, by family and transport (2.2)."""

End = tuple[str, int]
"""An address and a port."""


class BadHeader(ValueError):
    """What came is no header, says its text: nothing behind it can be believed."""


class Announced(NamedTuple):
    """size: bytes of the header. source, destination: of the client's connection to the proxy;
    None where they are the connection's own: of the proxy's own checks (LOCAL, UNKNOWN), and where
    the client came to it by a Unix socket."""

    size: int
    source: End | None = None
    destination: End | None = None


def decode(data: bytes) -> Announced | None:
    """The header that `data` begins with; None if there is more to come. Raises BadHeader.

    The first bytes that cannot be of one are noticed at once.
    """
    if data[:1] == b"\r":
        return _second(data)
    if data[:6] != _FIRST_WORD[: len(data)]:
        raise BadHeader("it begins with no PROXY header")
    end = data.find(b"\r\n", 0, _LONGEST_LINE)
    if end < 0:
        if len(data) >= _LONGEST_LINE:
            raise BadHeader(f"no line of {_LONGEST_LINE} bytes at most (version 1)")
        return None
    return _first(data[:end], end + 2)


def _first(line: bytes, size: int) -> Announced:
    """Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443` (2.1)."""
    words = line.split(b" ")
    if words[1] == b"UNKNOWN":  # whatever stands behind it (2.1)
        return Announced(size)
    length = {b"TCP4": 4, b"TCP6": 16}.get(words[1])
    if length is None or len(words) != 6:
        raise BadHeader("a line that is none of version 1")
    ends = [_end(*each, length) for each in zip(words[2:4], words[4:], strict=True)]
    return Announced(size, *ends)


def _end(address: bytes, port: bytes, length: int) -> End:
    text = address.decode("latin-1")
    found = packed(text) if (":" in text) == (length == 16) else None
    if found is None:
        raise BadHeader("an address that is none of its family (version 1)")
    if not (port.isdigit() and len(port) < 6 and int(port) < 65536):
        raise BadHeader("a port that is none (version 1)")
    return _spelled(found), int(port)


def _second(data: bytes) -> Announced | None:
    """Version 2, binary (2.2). What stands behind the addresses (TLVs) is skipped."""
    if data[:12] != _SIGNATURE[: len(data)]:
        raise BadHeader("it begins with no PROXY header")
    if len(data) < 16:
        return None
    command, kind = data[12], data[13]
    if command not in (_LOCAL, _PROXY):
        raise BadHeader(f"version and command 0x{command:02x} (version 2)")
    size = 16 + int.from_bytes(data[14:16], "big")
    if size > LONGEST:
        raise BadHeader(f"{size} bytes, more than {LONGEST} (version 2)")
    needs = 0 if command == _LOCAL else _SIZES.get(kind)  # of LOCAL all is to be ignored
    if needs is None:
        raise BadHeader(f"family and transport 0x{kind:02x}: no stream (version 2)")
    if size < 16 + needs:
        raise BadHeader("fewer bytes than its addresses have (version 2)")
    if len(data) < size:
        return None
    if command == _LOCAL or kind in (_UNSPECIFIED, _UNIX):
        return Announced(size)
    length = 4 if kind == _TCP4 else 16
    addresses = [data[16 + length * place :][:length] for place in (0, 1)]
    ports = [int.from_bytes(data[16 + 2 * length + 2 * place :][:2], "big") for place in (0, 1)]
    source, destination = zip(map(_spelled, addresses), ports, strict=True)
    return Announced(size, source, destination)


def _spelled(address: bytes) -> str:
    """IPv4 within IPv6 as IPv4."""
    if len(address) == 16 and address.startswith(_MAPPED):
        address = address[12:]
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)
