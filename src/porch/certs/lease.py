"""Leases: who may do a thing now, agreed on by processes and machines that share a folder.

A lock has a folder with numbered files; the highest number is in force. To take the lock is to
make the next number, which only one can (link(2) fails if the name is there, on NFS too). Numbers
never go down, so that one who was slow cannot take what somebody else has had meanwhile: its
number exists, or is not the highest.

Clocks: a lease ends at a time of day. Machines that share a folder must agree about that within
less than a lease takes; where one's clock is wrong, a lease ends late, but always, and two may
hold a lock at once. What is done under a lock must be safe then, if wasteful.
"""

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from porch import clock
from porch.certs.files import beside, make_folder, put, read_file, said, sweep

__all__ = ["SKEW", "Holder", "Lease", "Sightings", "holder", "take"]

SKEW = 3600.0
"""Seconds that a clock may be wrong and still work with certificates. A lease that ends later
than this after it should comes from a clock that is worth nothing."""

KEPT = 4
"""Old numbers that stay, for one whose view of a network's folder is a little old to run into."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock. node: name of the machine. until: seconds since 1970, unless renewed."""

    node: str
    pid: int
    until: float

    @property
    def has_ended(self) -> bool:
        """Whether it is a process of this machine that is no more: it was killed."""
        if self.node != os.uname().nodename:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:  # another user's
            return False
        return False


Sightings = dict[Path, tuple[str, float]]
"""Lock to its lease as this process saw it last, and since when (by `monotonic`) it is that."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What a lease's file says. until: seconds since 1970. seconds: how long it was taken for.
    text: the whole of it, another at each renewal."""

    until: float
    seconds: float
    text: str


class Lease:
    """A lock that is held, until `seconds` after it was taken or renewed (porch.certs.store.Lock).

    A holder that needs longer renews in time; before a step that must not be done twice it should
    renew, for that looks whether somebody else has taken over.
    """

    __slots__ = ("_deadline", "_file", "_seconds", "_token", "_until")

    def __init__(self, file: Path, token: str, seconds: float) -> None:
        self._file = file
        self._token = token
        self._seconds = seconds
        self._until, self._deadline = _ends(seconds)

    def __repr__(self) -> str:
        return f"<Lease {self._file} {'held' if self.is_held else 'over'}>"

    @property
    def is_held(self) -> bool:
        """Whether it is still in force, as far as clocks tell. Costs nothing."""
        # By both: one does not count the time that a machine sleeps, the other can be set.
        return clock.monotonic() < self._deadline and clock.wall() < self._until

    def renew(self) -> bool:
        """Hold it for another `seconds`. False if it is lost: stop what it protects.

        Raises StoreError if the folder cannot be written; it then ends when it would have.
        """
        if not self.is_held or not self._is_last():
            self._deadline = 0.0
            return False
        until, deadline = _ends(self._seconds)
        try:
            put(self._file, _text(self._token, until, self._seconds), settled=False)
        except OSError as error:
            raise said(error, self._file, "renewed") from error
        # Whoever looks from now on sees it renewed; if it had ended before, somebody may have
        # looked between.
        is_kept = self.is_held and self._is_last()
        self._until, self._deadline = (until, deadline) if is_kept else (0.0, 0.0)
        return is_kept

    def release(self) -> None:
        """Let others have it. Never raises: if it cannot be written, it ends by itself."""
        was_held, self._deadline = self.is_held, 0.0
        if was_held:
            with contextlib.suppress(OSError):
                put(self._file, _text(self._token, 0.0, self._seconds), settled=False)

    def _is_last(self) -> bool:
        try:
            return _numbers(self._file.parent)[-1:] == [int(self._file.name)]
        except OSError as error:
            raise said(error, self._file, "renewed") from error


def holder(folder: Path) -> Holder | None:
    """Who holds the lock that has `folder`; None for nobody. Raises StoreError."""
    try:
        numbers = _numbers(folder)
        if not numbers or not _is_in_force(folder, numbers[-1], {}):
            return None
        words = json.loads(read_file(folder / str(numbers[-1])))
        node, _, pid = str(words["holder"]).rpartition(" ")
        return Holder(node, int(pid), float(words["until"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    except OSError as error:
        raise said(error, folder, "read") from error


def take(folder: Path, seconds: float, sightings: Sightings) -> Lease | None:
    """Take the lock that has `folder`, or None if somebody holds it. Raises StoreError."""
    try:
        return _take(folder, seconds, sightings)
    except OSError as error:
        raise said(error, folder, "locked") from error


def _take(folder: Path, seconds: float, sightings: Sightings) -> Lease | None:
    make_folder(folder)
    numbers = _numbers(folder)
    last = numbers[-1] if numbers else 0
    if last and _is_in_force(folder, last, sightings):
        return None
    sweep(folder)
    file, token = folder / str(last + 1), secrets.token_hex(12)
    lease = Lease(file, token, seconds)
    until, _ = _ends(seconds)
    if not _make(file, _text(token, until, seconds)):
        return None
    numbers = _numbers(folder)
    if numbers[-1] != last + 1:  # what we saw was so old that our number had been swept again
        file.unlink(missing_ok=True)
        return None
    for number in numbers:
        if number < last + 1 - KEPT:
            (folder / str(number)).unlink(missing_ok=True)
    return lease


def _make(file: Path, text: bytes) -> bool:
    """Whether the file was made, whole, and not there before."""
    unfinished = beside(file, text, settled=False)
    try:
        os.link(unfinished, file)
    except FileExistsError:
        # On NFS the answer may be lost and the second try finds our own (open(2), O_EXCL).
        return unfinished.stat().st_nlink == 2
    finally:
        unfinished.unlink(missing_ok=True)
    return True


def _numbers(folder: Path) -> list[int]:
    return sorted(int(name) for name in os.listdir(folder) if name.isascii() and name.isdigit())


def _is_in_force(folder: Path, number: int, sightings: Sightings) -> bool:
    try:
        written = _parsed(read_file(folder / str(number)))
    except FileNotFoundError:
        return True  # swept since we looked: others are at it
    if written is None:
        return False
    remaining = written.until - clock.wall()
    if remaining <= 0 or remaining > written.seconds + SKEW:
        return False
    # By our own clock alone: it has been the same for as long as it was taken for.
    now = clock.monotonic()
    text, since = sightings.get(folder, ("", now))
    if text != written.text:
        since = now
    sightings[folder] = (written.text, since)
    return now - since < written.seconds


def _ends(seconds: float) -> tuple[float, float]:
    """When a lease of now ends: by the time of day, and by `monotonic`."""
    return clock.wall() + seconds, clock.monotonic() + seconds


def _text(token: str, until: float, seconds: float) -> bytes:
    holder = f"{os.uname().nodename} {os.getpid()}"
    words = {"token": token, "until": until, "seconds": seconds, "holder": holder}
    return json.dumps(words).encode() + b"\n"


def _parsed(content: bytes) -> _Written | None:
    """None for what no holder wrote: a lease is never half written, so nobody relies on it."""
    try:
        words = json.loads(content)
        return _Written(float(words["until"]), float(words["seconds"]), content.decode())
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
