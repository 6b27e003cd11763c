"""What a worker remembers of credentials: which have held lately.

Never a credential itself: what is kept is a digest under a key that this process has drawn, and
that nobody else has. All of it is bounded, for clients choose what it is about.
"""

import secrets
from hashlib import blake2b
from typing import Generic, TypeVar

from porch import clock

__all__ = ["Remembered"]

MOST = 8192
"""Credentials that are remembered; beyond them those that came first are forgotten."""

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
