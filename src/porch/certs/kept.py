"""Kept: the certificates of a store, by host, as handshakes are served with them.

Read by every worker: at its start, when it is told of a new one, and now and then, for machines
that share a store do not tell each other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from porch.certs.entry import Entry
from porch.certs.store import Store, StoreError
from porch.tls.certificate import Certificate, Pair

__all__ = ["Found", "Kept", "find_entry", "keep_entry"]

PREFIX = "certificates/"


def find_entry(store: Store, host: str) -> Entry | None:
    """What is kept for a host. Raises StoreError; ValueError for what is no entry."""
    data = store.read(PREFIX + host)
    return Entry.load(data) if data is not None else None


def keep_entry(store: Store, entry: Entry) -> None:
    """Keep it for its first name. Raises StoreError, and then the old is still there."""
    store.write(PREFIX + entry.names[0], entry.dump())


Found = Certificate | str | None
"""What a look has found for a host: another certificate than before; what is wrong with it; or that
nothing is wrong any more."""


class Kept:
    """by_host: what was found. say: tells the operator of an entry that is of no use, once.

    To look waits for the disk, so it may be done in a thread; all else is for who serves.
    """

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
        self._told = {host: each for host, each in self._told.items() if host in wanted}

    def reading(self, hosts: Iterable[str]) -> Iterator[None]:
        """Look at what the store has for these, and serve it, a host a step."""
        for host in hosts:
            yield from self.taking(self.look([host]))

    def look(self, hosts: Iterable[str]) -> dict[str, Found]:
        """What is new in the store for these. From any thread."""
        found: dict[str, Found] = {}
        for host in hosts:
            try:
                entry = find_entry(self._store, host)
            except (StoreError, ValueError) as error:
                found[host] = str(error)
                continue
            if entry is None:
                continue
            place = Path(f"certificate of {host} in the store")
            made = Certificate([Pair(entry.chain, entry.key, place, place)])
            before = self.by_host.get(host)
            if before is None or before.digest != made.digest:
                found[host] = made
            elif host in self._told:
                found[host] = None
        return found

    def taking(self, found: Mapping[str, Found]) -> Iterator[None]:
        """Serve what was found, a host a step. What is broken is told, and leaves what was there
        before."""
        for host, each in found.items():
            trouble = each if isinstance(each, str) else ""
            if isinstance(each, Certificate):
                try:
                    each.context  # noqa: B018  whether it can be used is found out now
                    self.by_host[host] = each
                except ValueError as error:
                    trouble = str(error)
            if not trouble:
                self._told.pop(host, None)
            elif self._told.get(host) != trouble:
                self._told[host] = trouble
                self._say(f"{host}: {trouble}")
            yield
