"""Basic authentication (RFC 7617): a name and a password with each request.

A password is verified once a minute, off the loop (auth_thread.py); in between a keyed digest tells
that it has held. Who is not known takes as long as who is: the password is compared with
somebody's, and the answer is no. Where hashes of several kinds are in a table, each password is
compared with one of each kind, for everybody.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from functools import partial

from porch.exchange import Exchange
from porch.shield.auth import Judge, Later, Verdict
from porch.shield.auth_errors import CannotTell, Unauthorized
from porch.shield.auth_failures import Failures
from porch.shield.auth_memory import Remembered
from porch.shield.auth_thread import SlowThread
from porch.shield.basic_hash import kind_of, verify

__all__ = ["HOLDS", "MOST_FAILURES", "Basic", "Passwords"]

LONGEST = 1024
"""Bytes of a field that is looked at."""
HOLDS = 60.0
"""Seconds for which a password that has held is not verified again."""
MOST_FAILURES = 20
"""Wrong ones of an address within a minute: 429 to more."""
MOST_ALIKE = 64
"""Who may wait for the same password at a time."""
_SCHEME = b"basic "


_Waiter = tuple[Later, Verdict, bytes]
"""Who is told, what if the password holds (None for a name that nobody has), and the address."""


class Passwords:
    """Of one worker, over reloads. held: which have held, of whatever route: it is about a hash and
    a password alone. asked: who waits for one that is being verified."""

    __slots__ = ("asked", "failures", "held", "thread")

    def __init__(self, thread: SlowThread | None) -> None:
        """thread: None where nobody serves, and somebody may wait."""
        self.held: Remembered[bool] = Remembered()
        self.failures = Failures("wrong passwords", MOST_FAILURES)
        self.thread = thread
        self.asked: dict[bytes, list[_Waiter]] = {}

    def verify(
        self, digest: bytes, hashes: Sequence[str], password: bytes, waiter: _Waiter
    ) -> bool:
        """Tell the waiter later, and once for all who show the same meanwhile. digest: of `held`.
        hashes: see `_holds`. Returns False where there is no room."""
        waiting = self.asked.get(digest)
        if waiting is not None and len(waiting) < MOST_ALIKE:
            waiting.append(waiter)
            return True
        told = partial(self._told, digest)
        work = partial(_holds, hashes, password)
        if self.thread is None or waiting is not None:
            return False
        if not self.thread.ask(waiter[2], work, told):
            return False
        self.asked[digest] = [waiter]
        return True

    def _told(self, digest: bytes, holds: bool | None) -> None:
        if holds:
            self.held.put(digest, True, HOLDS)
        for later, verdict, client in self.asked.pop(digest):
            if holds is None:
                later.tell(CannotTell("the hash of the password could not be read"))
            elif holds and verdict is not None:
                later.tell(verdict)
            else:
                self.failures.count(client)
                later.tell(Unauthorized("the name or the password is wrong"))


class Basic:
    """See auth.Way. users: the hash of each one's password."""

    __slots__ = ("_kinds", "_passwords", "_somebody", "_users", "challenge")

    def __init__(
        self, users: Mapping[str, str], judge: Judge, passwords: Passwords, realm: str
    ) -> None:
        self._users = {name: (each, judge.judge(name, "basic", {})) for name, each in users.items()}
        self._somebody = next(iter(users.values()))
        self._kinds = {kind_of(each): each for each in users.values()}
        self._passwords = passwords
        shown = realm.encode("ascii", "replace").replace(b"\\", b"").replace(b'"', b"")
        self.challenge = b'Basic realm="%b", charset="UTF-8"' % shown

    def identify(self, exchange: Exchange) -> Verdict | Later:
        """See auth.Way."""
        shown = [
            value
            for name, value in exchange.request.fields
            if name == b"authorization" and value[:6].lower() == _SCHEME
        ]
        if not shown:
            return None
        if len(shown) > 1:
            return Unauthorized("several passwords were shown")
        found = _decoded(shown[0][6:])
        if found is None:
            return Unauthorized("it is no name and password in Base64 and UTF-8 (RFC 7617)")
        name, password = found
        hashed, verdict = self._users.get(name, (self._somebody, None))
        passwords = self._passwords
        digest = passwords.held.digest(hashed.encode(), password)
        if verdict is not None and passwords.held.get(digest):
            return verdict
        own = kind_of(hashed)
        hashes = [hashed, *(each for kind, each in self._kinds.items() if kind != own)]
        if passwords.thread is None:
            holds = _holds(hashes, password) and verdict is not None
            return verdict if holds else Unauthorized("the name or the password is wrong")
        refusal = passwords.failures.check(exchange.client_ip)
        if refusal is not None:
            return refusal
        later = Later()
        if passwords.verify(digest, hashes, password, (later, verdict, exchange.client_ip)):
            return later
        return CannotTell("more passwords are shown than can be verified; come again")


def _holds(hashes: Sequence[str], password: bytes) -> bool:
    """Whether the first is of this password. The others are there for the time that they take."""
    holds, *_ = [verify(each, password) for each in hashes]
    return holds


def _decoded(text: bytes) -> tuple[str, bytes] | None:
    if len(text) > LONGEST:
        return None
    try:
        name, colon, password = base64.b64decode(text.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None
