"""Addresses of people in the access log, shortened or hashed where an operator wants it so.

For logs alone: limits, lists of networks and what the origin is told see whole addresses.
"""

import os
from collections.abc import Sequence
from hashlib import blake2b, sha256
from ipaddress import ip_address, ip_network
from typing import Protocol

from porch import clock
from porch.exchange import Exchange
from porch.observe.ended import Format
from porch.observe.memo import Memo

__all__ = ["DAY", "KEY", "DailyKey", "Hashed", "Hidden", "short"]

DAY = 86400.0
"""Seconds that a key holds, counted from the start of the door."""

_NETWORK = {4: 24, 6: 48}
_SIZE = 8
"""Bytes of a hash."""


class Addresses(Protocol):
    """What stands for an address."""

    def __getitem__(self, address: bytes, /) -> bytes: ...


def short(address: bytes) -> bytes:
    """The network of an address: 192.0.2.7 as 192.0.2.0, 2001:db8:1:2::3 as 2001:db8:1::. What is
    none ("unix") stays."""
    try:
        found = ip_address(address.decode("ascii"))
    except ValueError:
        return address
    found = getattr(found, "ipv4_mapped", None) or found
    network = ip_network((int(found), _NETWORK[found.version]), strict=False)
    return str(network.network_address).encode()


class DailyKey:
    """A key that is another one each day. Each is made of the last one, which is forgotten, so that
    nobody can find out later who a hash of yesterday was; workers that began with the same key
    always have the same."""

    def __init__(self) -> None:
        self._began = clock.monotonic()
        self._key = os.urandom(32)
        self._day = 0

    def __repr__(self) -> str:
        return f"<DailyKey of day {self._day}>"

    def now(self) -> bytes:
        """The key of today."""
        day = int((clock.monotonic() - self._began) / DAY)
        while self._day < day:
            self._key = sha256(self._key).digest()
            self._day += 1
        return self._key


KEY = DailyKey()
"""Of the door: made when it is started, before its workers are."""


class Hashed:
    """16 digits for each address, the same all day. What is none ("unix") is hashed as well."""

    __slots__ = ("_daily", "_known", "_last")

    def __init__(self, key: DailyKey) -> None:
        self._daily = key
        self._last = b""
        self._known: Memo[bytes, bytes] = Memo(self._hash)

    def __getitem__(self, address: bytes) -> bytes:
        """What stands for it now."""
        key = self._daily.now()
        if key is not self._last:
            self._last = key
            self._known.clear()
        return self._known[address]

    def _hash(self, address: bytes) -> bytes:
        return blake2b(address, digest_size=_SIZE, key=self._last).hexdigest().encode()


class Hidden:
    """A format around another one, which sees `addresses[client]` in place of the client, in the
    details of errors too. Nobody else looks at the exchanges meanwhile."""

    __slots__ = ("_addresses", "_made")

    def __init__(self, made: Format, addresses: Addresses) -> None:
        self._made = made
        self._addresses = addresses

    def __call__(self, exchanges: Sequence[Exchange]) -> bytes:
        """A line for each. 0.4 us more."""
        kept: list[tuple[Exchange, bytes, str]] = []
        try:
            for exchange in exchanges:
                client, error = exchange.client_ip, exchange.error
                kept.append((exchange, client, "" if error is None else error.detail))
                exchange.client_ip = shown = self._addresses[client]
                if error is not None:
                    at = exchange.endpoint.name if exchange.endpoint is not None else ""
                    error.detail = _replaced(error.detail, _text(client), _text(shown), at)
            return self._made(exchanges)
        finally:
            for exchange, client, detail in reversed(kept):
                exchange.client_ip = client
                if exchange.error is not None:
                    exchange.error.detail = detail


def _replaced(detail: str, client: str, shown: str, endpoint: str) -> str:
    """What is said of the client; an endpoint may have the same address, and keeps it."""
    parts = detail.split(endpoint) if endpoint else [detail]
    return endpoint.join(each.replace(client, shown) for each in parts)


def _text(address: bytes) -> str:
    return address.decode("ascii", "backslashreplace")
