"""Backoff: how a name that fails waits, and what is told about it.

One record a name, in the store, so that no restart and no second machine asks sooner. Names never
wait for each other; what an authority limits is waited for at that authority alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from porch.certs import moments
from porch.certs.failure import IssueError
from porch.certs.identifiers import stored
from porch.certs.needs import Store
from porch.certs.notes import read_note, write_note

__all__ = ["FIRST", "LONGEST", "Record", "begun", "clear", "delay", "failed", "keep", "kept"]

FIRST = timedelta(minutes=1)
LONGEST = timedelta(days=1)
JITTER = 0.2
"""The part by which a wait may be shorter: names that failed together do not come together."""


@dataclass(frozen=True, slots=True)
class Record:
    """How a name has fared since it last had a certificate.

    failures: in a row. since: the first of them, last: the latest, or when a later try began. kind,
    sentence: of the latest, see IssueError. limits: directory -> not to be asked before. cut_off:
    tries after it that came to no end, so that whoever made them was killed; one may be under way.
    """

    failures: int = 0
    since: datetime | None = None
    last: datetime | None = None
    kind: str = ""
    sentence: str = ""
    limits: dict[str, datetime] = field(default_factory=dict)
    cut_off: int = 0

    def next_at(self, name: str, now: datetime) -> datetime:
        """When `name` may be tried again; not after `now` means at once.

        A failure of the future was written by a clock that has been set back since: it counts,
        but nobody waits for that day. A first try that was cut off may have been by a loss of
        power, and is gone on with at once; a second is a loop, which must not wear out a CA.
        """
        if self.last is None or self.last > now:
            return now
        return self.last + delay(name, self.failures + max(0, self.cut_off - 1))

    def next_of_any(self, name: str, directories: Sequence[str], now: datetime) -> datetime:
        """The same where these authorities are asked, of which each may have asked to come later:
        it is tried when the first of them may be."""
        limits = [self.limited_until(each, now) for each in directories]
        until = [limit for limit in limits if limit is not None]
        again = self.next_at(name, now)
        return max(again, min(until)) if until and len(until) == len(limits) else again

    @property
    def trouble(self) -> str:
        """What keeps the name from a certificate, in a sentence; "" for nothing that is known."""
        if self.cut_off > 1:
            return (
                f"the last {self.cut_off} tries came to no end: see what kills Porch (memory, a "
                "unit's TimeoutStopSec, a health check)"
            )
        return self.sentence if self.failures else ""

    def limited_until(self, directory: str, now: datetime) -> datetime | None:
        """Until when that authority is not to be asked; None if it may be."""
        until = self.limits.get(directory)
        if until is None or until <= now or until > now + moments.LATEST:
            return None
        return until


def delay(name: str, failures: int) -> timedelta:
    """The wait after so many failures: a minute, doubling, up to a day; a bit less by chance that
    `name` decides."""
    if failures <= 0:
        return timedelta()
    whole = min(FIRST * int(2 ** min(failures - 1, 20)), LONGEST)
    digest = hashlib.sha256(f"{name.lower()} {failures}".encode()).digest()
    return whole * (1 - JITTER * digest[0] / 255)


def begun(record: Record, now: datetime) -> Record:
    """The record while one more is under way: kept before it begins, for who kills us does not
    say so."""
    return replace(record, last=now, cut_off=record.cut_off + 1)


def failed(record: Record, error: IssueError, limits: dict[str, datetime], now: datetime) -> Record:
    """The record after one more. limits: what the authorities asked of us in this try."""
    merged = {key: until for key, until in record.limits.items() if until > now} | limits
    return replace(
        record,
        failures=record.failures + 1,
        since=record.since or now,
        last=now,
        kind=error.kind,
        sentence=str(error),
        limits=merged,
        cut_off=0,
    )


def kept(store: Store, name: str) -> Record:
    """What is kept of it; an empty one if nothing is, or if it is damaged."""
    found = read_note(store, _place(name))
    failures, limits = found.get("failures"), found.get("limits")
    if not isinstance(failures, int) or not isinstance(limits, dict):
        return Record()
    cut_off = found.get("cut_off", 0)
    dated = {str(key): moments.parse(until) for key, until in limits.items()}
    return Record(
        failures,
        moments.parse(found.get("since")),
        moments.parse(found.get("last")),
        str(found.get("kind", "")),
        str(found.get("sentence", "")),
        {key: until for key, until in dated.items() if until is not None},
        cut_off if isinstance(cut_off, int) else 0,
    )


def keep(store: Store, name: str, record: Record) -> None:
    """Keep it."""
    written = {
        "failures": record.failures,
        "since": moments.text(record.since) if record.since else None,
        "last": moments.text(record.last) if record.last else None,
        "kind": record.kind,
        "sentence": record.sentence,
        "limits": {key: moments.text(until) for key, until in record.limits.items()},
        "cut_off": record.cut_off,
    }
    write_note(store, _place(name), written)


def clear(store: Store, name: str) -> None:
    """It has a certificate: all is forgotten."""
    store.delete(_place(name))


def _place(name: str) -> str:
    return f"backoff/{stored(name)}.json"
