"""Sessions: who has logged in with a browser, until the session ends.

In the memory of the one process that serves the admin door: where it is started anew everybody
logs in again. Known by the digest of their id alone, so that the time of a look-up tells nothing.
"""

import hashlib
import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar, Literal

from porch import clock
from porch.config.administering import Key
from porch.errors import PorchError

if TYPE_CHECKING:
    from porch.exchange import Exchange

__all__ = ["LIFETIME", "MOST", "MOST_OF_ONE", "Session", "SessionEnded", "Sessions"]

LIFETIME = 12 * 3600.0
"""Seconds: a working day."""
MOST, MOST_OF_ONE = 256, 16
"""Sessions at once, of all and of one token; another one ends the oldest."""


class SessionEnded(PorchError):
    """What a session had begun ends with it."""

    word = "http_request_denied"
    status = 401
    source: ClassVar[Literal["client"]] = "client"
    sentence = "The session has ended; log in again."


class Session:
    """key: of the token that it began with. csrf: what its changes are known by: the page has it, a
    page of another site has not. until: when it ends. running: what ends with it, such as a stream
    of events."""

    __slots__ = ("csrf", "key", "running", "until")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.csrf = secrets.token_urlsafe(32)
        self.until = clock.monotonic() + LIFETIME
        self.running: set[Exchange] = set()


class Sessions:
    """All of them, the oldest first."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, Session] = {}

    def __len__(self) -> int:
        return len(self._known)

    def begin(self, key: Key) -> str:
        """The id of a new one, which only its browser learns."""
        own = [digest for digest, each in self._known.items() if each.key == key]
        for digest in own[: max(0, len(own) + 1 - MOST_OF_ONE)]:
            self._end(digest)
        if len(self._known) >= MOST:
            self._end(next(iter(self._known)))
        name = secrets.token_urlsafe(32)
        self._known[_digest(name)] = Session(key)
        return name

    def find(self, name: str) -> Session | None:
        """The one with this id, if it has not ended."""
        session = self._known.get(_digest(name))
        if session is not None and session.until <= clock.monotonic():
            self.end(name)
            return None
        return session

    def end(self, name: str) -> None:
        """Somebody logs out."""
        self._end(_digest(name))

    def sweep(self) -> None:
        """End those whose time is over. Called every now and then."""
        now = clock.monotonic()
        for digest in [each for each, session in self._known.items() if session.until <= now]:
            self._end(digest)

    def keep(self, keys: Collection[Key]) -> None:
        """End those of tokens that are not among these any more."""
        for digest in [each for each, session in self._known.items() if session.key not in keys]:
            self._end(digest)

    def _end(self, digest: bytes) -> None:
        session = self._known.pop(digest, None)
        if session is not None:
            for exchange in tuple(session.running):
                exchange.fail(SessionEnded())


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("latin-1", "replace")).digest()
