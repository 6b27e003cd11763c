"""Addresses of people in the access log, shortened or hashed where an operator wants it so.

For logs alone: limits, lists of networks and what the origin is told see whole addresses.
"""

import os
import re
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
    """A format around another one, in whose lines stands `addresses[client]` in place of the
    client, wherever they have it: in the query, in fields, in the details of errors. Nobody else
    looks at the exchanges meanwhile."""

    __slots__ = ("_addresses", "_made", "_patterns")

    def __init__(self, made: Format, addresses: Addresses) -> None:
        self._made = made
        self._addresses = addresses
        self._patterns: Memo[bytes, re.Pattern[bytes] | None] = Memo(_pattern)

    def __call__(self, exchanges: Sequence[Exchange]) -> bytes:
        """A line for each. 0.6 us more, and 4 where the line has the address once more."""
        clients = [exchange.client_ip for exchange in exchanges]
        shown = [self._addresses[client] for client in clients]
        try:
            for exchange, each in zip(exchanges, shown, strict=True):
                exchange.client_ip = each
            lines = self._made(exchanges).splitlines(keepends=True)
        finally:
            for exchange, client in zip(exchanges, clients, strict=True):
                exchange.client_ip = client
        for place, client in enumerate(clients):
            line = lines[place]
            if client in line or (b":" in client and _may_have(line, client)):
                lines[place] = self._without(line, exchanges[place], client, shown[place])
        return b"".join(lines)

    def _without(self, line: bytes, exchange: Exchange, client: bytes, shown: bytes) -> bytes:
        """An endpoint may have the same address, and keeps it."""
        pattern = self._patterns[client]
        if pattern is None:
            return line
        endpoint = exchange.endpoint.name.encode() if exchange.endpoint is not None else b""
        parts = line.split(endpoint) if endpoint else [line]
        return endpoint.join([pattern.sub(shown, each) for each in parts])


def _may_have(line: bytes, client: bytes) -> bool:
    """In another way to write it."""
    return b"%3" in line or b"%253" in line or client.upper() in line


def _pattern(address: bytes) -> re.Pattern[bytes] | None:
    """Finds it where it is no part of another one, in a URL too, whose colons may be encoded. None
    of what is no address ("unix")."""
    try:
        ip_address(address.decode("ascii"))
    except ValueError:
        return None
    text = re.escape(address)
    if b":" in address:
        text = text.replace(b":", b"(?::|%(?:25)?3A)")
        return re.compile(_bounded(b"[0-9A-F]", b":", b"") + text + b"(?!:?[0-9A-F])", re.I)
    # The text in front, for which a whole line is looked through ten times as fast.
    return re.compile(text + _bounded(b"[0-9]", rb"\.", text) + rb"(?!\.?[0-9])")


def _bounded(digit: bytes, between: bytes, text: bytes) -> bytes:
    """That no part of an address stands before `text`, which was found already. Two digits behind
    a % are none."""
    before = b"(?<!%b%b)(?<!%b%b%b)" % (digit, text, digit, between, text)
    escaped = b"[0-9A-Fa-f]{2}" + text
    return b"(?:%b|(?<=%%%b)|(?<=%%25%b))" % (before, escaped, escaped)
