"""Addresses: which ones this machine has, asked of nobody but its own kernel.

Behind a router that translates (NAT) they are private ones: then what the internet calls this
machine cannot be told from here.
"""

import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator

from porch.certs.names import Address

__all__ = ["is_public", "own_addresses"]

# rtnetlink(7) and netlink(7); Python has no names for them.
_RTM_NEWADDR = 20
_RTM_GETADDR = 22
_NLM_REQUEST_DUMP = 0x1 | 0x300
_IFA_ADDRESS = 1
_IFA_LOCAL = 2
_HEADER = struct.Struct("=IHHII")
_BODY = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")

PATIENCE = 1.0
"""Seconds; the kernel answers at once."""

_FAR = ((socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1"))
"""Somewhere outside (RFC 5737, RFC 3849), to see from which address one would go there."""


def own_addresses() -> tuple[Address, ...]:
    """The addresses of this machine's interfaces, without loopback and link-local ones.

    Linux tells all; on other systems it is those that packets to the outside would leave from.
    Nothing is sent. Empty if none can be found; raises nothing.
    """
    try:
        found = list(_from_kernel()) if sys.platform == "linux" else list(_as_sender())
    except OSError:
        found = list(_as_sender())
    kept = (each for each in found if not each.is_loopback and not each.is_link_local)
    return tuple(dict.fromkeys(kept))


def is_public(address: Address) -> bool:
    """Whether the internet can reach it (IANA's registries of special addresses)."""
    return address.is_global and not address.is_multicast


def _from_kernel() -> Iterator[Address]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.settimeout(PATIENCE)
        body = _BODY.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        length = _HEADER.size + len(body)
        sock.send(_HEADER.pack(length, _RTM_GETADDR, _NLM_REQUEST_DUMP, 1, 0) + body)
        while True:
            data = sock.recv(65536)
            if not data:
                return
            for kind, message in _messages(data):
                if kind == _RTM_NEWADDR:
                    yield from _addresses(message)
                else:  # done, or an error
                    return


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            return
        yield kind, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]


def _addresses(message: bytes) -> Iterator[Address]:
    """The one in it. At a point-to-point link, IFA_ADDRESS is the other end's and IFA_LOCAL ours
    (rtnetlink(7))."""
    found: dict[int, bytes] = {}
    rest = message[_BODY.size :]
    while len(rest) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(rest)
        if not _ATTRIBUTE.size <= length <= len(rest):
            break
        found[kind] = rest[_ATTRIBUTE.size : length]
        rest = rest[(length + 3) & ~3 :]
    packed = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS)
    if packed is not None and len(packed) in (4, 16):
        yield ipaddress.ip_address(packed)


def _as_sender() -> Iterator[Address]:
    for family, far in _FAR:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.connect((far, 9))  # of a datagram socket, this sends nothing
                yield ipaddress.ip_address(sock.getsockname()[0].partition("%")[0])
        except OSError:
            continue
