"""Who the client is: the one place where that is decided (docs/client-address.md).

Nobody's word is believed by default. With `trust` the client's address is found in X-Forwarded-For
from right to left: each trusted proxy vouches for the entry to its left, and the first address that
is not trusted is the client. No other field is asked: one that a proxy does not write itself it
passes on as the client wrote it. That goes for Forwarded (RFC 7239) too, in place of a missing
X-Forwarded-For as well: whoever comes through a proxy that writes neither could be anybody.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence

from porch.http.message import RequestHead

__all__ = ["Trust"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_REMEMBERED = 4096
MOST = 32
"""Proxies in a row that are believed. A longer chain is forged, and what is left of it not read."""
_WITH_PORT = re.compile(rb"(?:\[([^\]]+)\]|([0-9.]+))(?::[0-9]{1,5})?\Z")


class Trust(dict[bytes, bool]):
    """address -> whether it is trusted, each judged once. A Unix socket's peer is b"unix". warn:
    tells the operator, see Messages.warn."""

    __slots__ = ("_networks", "_unix", "_warn")

    def __init__(
        self,
        networks: Sequence[Network],
        unix: bool = False,
        warn: Callable[[str, str], None] = lambda text, about: None,
    ) -> None:
        self._networks = tuple(networks)
        self._unix = unix
        self._warn = warn

    def __missing__(self, peer: bytes) -> bool:
        trusted = self._judge(peer)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[peer] = trusted
        return trusted

    def _judge(self, peer: bytes) -> bool:
        if peer == b"unix":
            return self._unix
        try:
            address = _parse(peer.decode("ascii"))
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    @property
    def trusts(self) -> Callable[[bytes], bool]:
        """Whether a peer is trusted; a look-up in C for one seen before."""
        return self.__getitem__

    def client_ip(self, peer: bytes, request: RequestHead) -> bytes:
        """The client's address for a request that came from `peer`."""
        if not self[peer]:
            return peer
        found, left = peer, MOST
        for name, value in reversed(request.fields):
            if name != b"x-forwarded-for":
                continue
            for entry in reversed(value.rsplit(b",", left)):
                address = _address(entry.strip(b" \t")) if left else None
                if address is None:
                    return found
                found = address
                left -= 1
                if not self[address]:
                    return found
        if left == MOST and b"for=" in (request.get(b"forwarded") or b"").lower():
            self._warn_of_forwarded(peer)
        return found

    def _warn_of_forwarded(self, peer: bytes) -> None:
        """Said once a minute: a client may have written it."""
        what = (
            "tells whom it asks for in Forwarded, and not in X-Forwarded-For, which alone is read"
        )
        self._warn(
            f"{peer.decode('latin-1')}, which is in `trust`, {what}: limits, `allow`, `deny` and "
            "the log take it for the client; have it send X-Forwarded-For",
            what,
        )


def _address(entry: bytes) -> bytes | None:
    """The address of an X-Forwarded-For entry, without a port; None if it is none."""
    match = _WITH_PORT.match(entry)
    text = (match[1] or match[2] if match else entry).decode("latin-1")
    try:
        return str(_parse(text)).encode()
    except ValueError:
        return None


def _parse(text: str) -> "ipaddress.IPv4Address | ipaddress.IPv6Address":
    """An address, without a zone; IPv4 within IPv6 is IPv4. Raises ValueError."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise ValueError("a zone means something on one machine alone")
        return address.ipv4_mapped or address
    return address
