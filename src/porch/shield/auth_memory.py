"""What a worker remembers of credentials: which have held lately, and who shows wrong ones.

Never a credential itself: what is kept is a digest under a key that this process has drawn, and
that nobody else has. All of it is bounded, for clients choose what it is about.
"""

import ipaddress
import secrets
from hashlib import blake2b
from typing import Generic, TypeVar

from porch import clock
from porch.shield.auth_errors import TooManyFailures

__all__ = ["LONGEST_WAIT", "Failures", "Remembered"]

MOST = 8192
"""Credentials that are remembered; beyond them those that came first are forgotten."""
LONGEST_WAIT = 60.0
"""Seconds in which wrong credentials of an address are counted together."""
ADDRESSES = 16384
"""Addresses whose wrong credentials are counted; see MOST."""

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """What holds of credentials, each for its time."""

    __slots__ = ("_kept", "_key", "_most")

    def __init__(self, most: int = MOST) -> None:
        self._key = secrets.token_bytes(32)
        self._kept: dict[bytes, tuple[float, Value]] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._kept)

    def digest(self, *parts: bytes) -> bytes:
        """By what a credential of several parts is known here."""
        digest = blake2b(key=self._key, digest_size=16)
        for each in parts:
            digest.update(b"%d:" % len(each))
            digest.update(each)
        return digest.digest()

    def find(self, text: bytes) -> tuple[bytes, Value | None]:
        """The digest of one part, and what holds of it, in one call: most that come have come
        before."""
        digest = blake2b(text, key=self._key, digest_size=16).digest()
        found = self._kept.get(digest)
        if found is None or found[0] <= clock.now:
            return digest, None
        return digest, found[1]

    def get(self, digest: bytes) -> Value | None:
        """None for what is not known, or not any more."""
        found = self._kept.get(digest)
        if found is None:
            return None
        if found[0] <= clock.now:
            del self._kept[digest]
            return None
        return found[1]

    def put(self, digest: bytes, value: Value, seconds: float) -> None:
        """It holds for so long."""
        kept = self._kept
        kept.pop(digest, None)
        if len(kept) >= self._most:
            del kept[next(iter(kept))]
        kept[digest] = clock.now + seconds, value


class Failures:
    """Wrong credentials, by address; of IPv6 by the network of a site (/64), in which one client
    has as many addresses as it likes. most: within LONGEST_WAIT, beyond which none is looked at."""

    __slots__ = ("_counts", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[bytes, tuple[int, float]] = {}

    def check(self, client_ip: bytes) -> TooManyFailures | None:
        """Why nothing from there is looked at now; None if it is."""
        if not self._counts:
            return None
        count, until = self._counts.get(_site(client_ip), (0, 0.0))
        if count < self._most or until <= clock.now:
            return None
        return TooManyFailures(f"{count} wrong credentials from there", until - clock.now)

    def count(self, client_ip: bytes) -> None:
        """One more."""
        site, counts = _site(client_ip), self._counts
        count, until = counts.pop(site, (0, 0.0))
        if until <= clock.now:
            count, until = 0, clock.now + LONGEST_WAIT
        if len(counts) >= ADDRESSES:
            del counts[next(iter(counts))]
        counts[site] = count + 1, until


def _site(client_ip: bytes) -> bytes:
    if b":" not in client_ip:
        return client_ip
    try:
        return ipaddress.IPv6Address(client_ip.decode()).packed[:8]
    except ValueError:
        return client_ip
