"""Kept: the certificates of a store, by host, as handshakes are served with them.

Read by every worker: at its start, when it is told of a new one, and now and then, for machines
that share a store do not tell each other.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from porch.certs.entry import Entry
from porch.certs.store import Store, StoreError
from porch.tls.certificate import Certificate, Pair

__all__ = ["Kept", "find_entry", "keep_entry"]

PREFIX = "certificates/"


def find_entry(store: Store, host: str) -> Entry | None:
    """What is kept for a host. Raises StoreError; ValueError for what is no entry."""
    data = store.read(PREFIX + host)
    return Entry.load(data) if data is not None else None


def keep_entry(store: Store, entry: Entry) -> None:
    """Keep it for its first name. Raises StoreError, and then the old is still there."""
    store.write(PREFIX + entry.names[0], entry.dump())


class Kept:
    """by_host: what was found. say: tells the operator of an entry that is of no use, once."""

    def __init__(self, store: Store, say: Callable[[str], object]) -> None:
        self._store = store
        self._say = say
        self._told: dict[str, str] = {}
        self.by_host: dict[str, Certificate] = {}

    def has(self, host: str) -> bool:
        """Whether there is one for a host."""
        return host in self.by_host

    def only(self, hosts: Iterable[str]) -> None:
        """Forget all others."""
        wanted = {*hosts}
        self.by_host = {host: each for host, each in self.by_host.items() if host in wanted}

    def read(self, hosts: Iterable[str]) -> bool:
        """Look at what the store has for these. Whether anything is new."""
        is_new = False
        for host in hosts:
            found = self._find(host)
            before = self.by_host.get(host)
            if found is not None and (before is None or before.digest != found.digest):
                self.by_host[host] = found
                is_new = True
        return is_new

    def _find(self, host: str) -> Certificate | None:
        """What is broken is told, and leaves what was there before."""
        try:
            entry = find_entry(self._store, host)
            if entry is None:
                return None
            place = Path(f"certificate of {host} in the store")
            found = Certificate([Pair(entry.chain, entry.key, place, place)])
            known = self.by_host.get(host)
            if known is None or known.digest != found.digest:
                found.context  # noqa: B018  whether it can be used is found out now
        except (StoreError, ValueError) as error:
            if self._told.get(host) != str(error):
                self._told[host] = str(error)
                self._say(f"{host}: {error}")
            return None
        self._told.pop(host, None)
        return found
