"""Remembered: what a store tells of an authority's limits: what was got, what failed, until when
it is not to be asked.

The authority's own count is the one that counts: it also knows what other machines have had, and
what was replaced here since.
"""

from datetime import datetime

from porch.certs import backoff
from porch.certs.kept import find_entry, kept_hosts
from porch.certs.names import bare
from porch.certs.rates import History
from porch.certs.store import Store, StoreError

__all__ = ["history", "limited_until"]

_VALIDATIONS = ("dns", "connection", "unauthorized")
"""Kinds of failures that an authority counts as validations that failed."""
_SHORT = 3
"""Letters of a label that is part of the suffix, below a country: co.uk, com.au."""


def history(store: Store, name: str, directory: str) -> History:
    """What happened with the authority of that directory. Raises StoreError."""
    zone = _zone(name)
    same: list[float] = []
    domain: list[float] = []
    for host in kept_hosts(store):
        if _zone(host) != zone:
            continue
        try:
            entry = find_entry(store, host)
        except (StoreError, ValueError):  # damaged, which is told elsewhere
            continue
        if entry is not None and entry.directory == directory:
            domain.append(entry.obtained)
            if entry.names == (name,):
                same.append(entry.obtained)
    return History(same=same, domain=domain, failures=_failures(store, name))


def limited_until(store: Store, name: str, directory: str, now: datetime) -> float | None:
    """Until when that authority has asked not to be asked for a name; None if it has not."""
    until = backoff.kept(store, name).limited_until(directory, now)
    return until.timestamp() if until is not None else None


def _failures(store: Store, name: str) -> list[float]:
    """Each waited for the one before it as long as `backoff.delay` says."""
    record = backoff.kept(store, name)
    if record.last is None or record.kind not in _VALIDATIONS:
        return []
    at, found = record.last, []
    for number in range(record.failures, 0, -1):
        found.append(at.timestamp())
        at -= backoff.delay(name, number - 1)
    return found


def _zone(name: str) -> str:
    """The registered domain, by its looks: the list of public suffixes knows better."""
    labels = bare(name).split(".")
    is_below_country = len(labels[-1]) == 2 and len(labels[-2:][0]) <= _SHORT
    return ".".join(labels[-3:] if is_below_country else labels[-2:])
