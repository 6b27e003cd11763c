"""Conditions: what else than host and path a route asks of a request.

A condition is about the method, the client's address, its certificate (certificate.py), or one
value: a header, a parameter of the query, a cookie. All of a route's conditions have to hold. Their
number decides which of two routes with one key comes first, and whether two of them can hold
together decides about a tie.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote_to_bytes

from porch.http.message import RequestHead
from porch.route.certificate import CertificateCondition
from porch.route.regex import may_overlap

if TYPE_CHECKING:
    from porch.keeper import Security

__all__ = ["NONE", "READERS", "Conditions", "Network", "Networks", "Source", "ValueCondition"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Source = Literal["header", "query", "cookie"]
Wanted = bytes | bool | re.Pattern[bytes]

_REMEMBERED = 4096


class Networks(dict[bytes, bool]):
    """address -> whether it lies in one of the networks, each judged once. Bounded."""

    __slots__ = ("networks",)

    def __init__(self, networks: tuple[Network, ...]) -> None:
        super().__init__()
        self.networks = networks

    def __missing__(self, address: bytes) -> bool:
        try:
            parsed = ipaddress.ip_address(address.decode("ascii"))
            inside = any(parsed in network for network in self.networks)
        except ValueError:  # b"unix" has no address
            inside = False
        if len(self) >= _REMEMBERED:
            self.clear()
        self[address] = inside
        return inside

    def overlaps(self, other: "Networks") -> bool:
        """Whether some address lies in both."""
        return any(
            one.version == two.version and one.overlaps(two)
            for one in self.networks
            for two in other.networks
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCondition:
    """A condition on one value.

    wanted: bytes it equals, True present, False absent, or a regex matched from its start.
    written: what is shown of it, which may be a secret; "" for all of it.
    The value of a header is all of its lines joined with ", " (RFC 9110 5.2); of a query or a
    cookie it is the first of that name, of the query percent-decoded with + for a space.
    """

    source: Source
    name: bytes
    wanted: Wanted
    written: str = field(default="", compare=False)

    def holds(self, request: RequestHead, security: "Security | None" = None) -> bool:
        """Whether the request fulfils it."""
        value = READERS[self.source](request, self.name)
        wanted = self.wanted
        if wanted is False:
            return value is None
        if value is None:
            return False
        if isinstance(wanted, re.Pattern):
            return wanted.match(value) is not None
        return wanted is True or value == wanted

    def excludes(self, other: object) -> bool:
        """Whether no request fulfils both. Two regexes that cannot be told apart might."""
        if not isinstance(other, ValueCondition):
            return False
        if (self.source, self.name) != (other.source, other.name):
            return False
        one, two = self.wanted, other.wanted
        if one is False or two is False:
            return one is not two
        if one is True or two is True:
            return False
        if isinstance(one, bytes):
            return one != two if isinstance(two, bytes) else two.match(one) is None
        return one.match(two) is None if isinstance(two, bytes) else not may_overlap(one, two)

    def __str__(self) -> str:
        name = f"{self.source} {self.name.decode('latin-1')}"
        if isinstance(self.wanted, bool):
            return f"{name} is {'present' if self.wanted else 'absent'}"
        if self.written:
            return f'{name} = "{self.written}"'
        if isinstance(self.wanted, bytes):
            return f'{name} = "{self.wanted.decode("utf-8", "replace")}"'
        return f'{name} = "~{self.wanted.pattern.decode("utf-8", "replace")}"'


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conditions:
    """All conditions of a route. Their number is `len`.

    methods, clients: None for any. The clients are networks of the address that remains after
    `trust` was applied.
    """

    methods: frozenset[bytes] | None = None
    clients: Networks | None = None
    values: tuple[ValueCondition | CertificateCondition, ...] = ()

    def __len__(self) -> int:
        return (self.methods is not None) + (self.clients is not None) + len(self.values)

    def holds(
        self, request: RequestHead, client_ip: bytes, security: "Security | None" = None
    ) -> bool:
        """Whether all of them hold. security: of the connection that the request came by."""
        if self.methods is not None and request.method not in self.methods:
            return False
        if self.clients is not None and not self.clients[client_ip]:
            return False
        return not self.values or all(value.holds(request, security) for value in self.values)

    def failing(
        self, request: RequestHead, client_ip: bytes, security: "Security | None" = None
    ) -> str:
        """In words, those that do not hold; "" if all do."""
        failing: list[str] = []
        if self.methods is not None and request.method not in self.methods:
            failing.append(_methods(self.methods))
        if self.clients is not None and not self.clients[client_ip]:
            failing.append(_clients(self.clients))
        failing += (str(value) for value in self.values if not value.holds(request, security))
        return ", ".join(failing)

    def can_hold_with(self, other: "Conditions") -> bool:
        """Whether a request can fulfil both. True where that is not certain."""
        if self.methods is not None and other.methods is not None:
            both = self.methods & other.methods
            if not both:
                return False
        if self.clients is not None and other.clients is not None:
            overlap = self.clients.overlaps(other.clients)
            if not overlap:
                return False
        return not any(one.excludes(two) for one in self.values for two in other.values)

    def __str__(self) -> str:
        words = [] if self.methods is None else [_methods(self.methods)]
        words += [] if self.clients is None else [_clients(self.clients)]
        return ", ".join((*words, *map(str, self.values)))


NONE = Conditions()


def _methods(methods: frozenset[bytes]) -> str:
    return "method " + " or ".join(sorted(each.decode("ascii") for each in methods))


def _clients(clients: Networks) -> str:
    return "client in " + " or ".join(map(str, clients.networks))


def _header(request: RequestHead, name: bytes) -> bytes | None:
    if name == b"upgrade":  # consumed by the codec, but what many split by; lower-case
        return request.upgrade
    found = [value for field, value in request.fields if field == name]
    return b", ".join(found) if found else None


def _query(request: RequestHead, name: bytes) -> bytes | None:
    for parameter in request.target.partition(b"?")[2].split(b"&"):
        found, _, value = parameter.partition(b"=")
        if _plain(found) == name and parameter:
            return _plain(value)
    return None


def _plain(encoded: bytes) -> bytes:
    return unquote_to_bytes(encoded.replace(b"+", b" "))


def _cookie(request: RequestHead, name: bytes) -> bytes | None:
    for each, value in request.fields:
        if each == b"cookie":
            for pair in value.split(b";"):
                found, equals, content = pair.partition(b"=")
                if equals and found.strip(b" \t") == name:
                    return content.strip(b" \t")
    return None


READERS: Mapping[Source, Callable[[RequestHead, bytes], bytes | None]] = {
    "header": _header,
    "query": _query,
    "cookie": _cookie,
}
"""How the value of that name is read from a request; None if it has none."""
