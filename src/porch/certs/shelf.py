"""Shelf: certificates that were got on demand, as a worker serves them: those asked for last.

All of them are in the store, and there may be more than fit into memory.
"""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from porch import clock
from porch.certs.kept import find_entry
from porch.certs.store import Store
from porch.tls.certificate import Certificate, Pair, add_pair
from porch.tls.profile import server_context

__all__ = ["MOST", "Shelf", "Shelved", "take_down"]

MOST = 1000
"""Certificates of a worker: 8 MB. Another one is read from the store when it is asked for."""


@dataclass(slots=True, eq=False)
class Shelved:
    """One. renews: from when on there should be another, ends: when it is valid no more; both as
    clock.wall()."""

    certificate: Certificate
    renews: float
    ends: float


class Shelf:
    """By name."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, Shelved] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def find(self, name: str) -> Shelved | None:
        """What there is for a name, if it is still valid."""
        found = self._found.get(name)
        if found is None:
            return None
        if found.ends <= clock.wall():
            del self._found[name]
            return None
        self._found.move_to_end(name)
        return found

    def put(self, name: str, found: Shelved) -> None:
        """Serve it from now on; what was not asked for longest goes."""
        self._found[name] = found
        self._found.move_to_end(name)
        if len(self._found) > MOST:
            self._found.popitem(last=False)

    def clear(self) -> None:
        """Have all read anew."""
        self._found.clear()

    @property
    def certificates(self) -> list[Certificate]:
        """All."""
        return [each.certificate for each in self._found.values()]


def take_down(store: Store, name: str) -> Shelved | None:
    """What the store has for a name, if it is valid and can be used. It waits for the disk.

    Raises StoreError. What is damaged is none: it is got anew.
    """
    from porch.certs import moments, renewal  # late: cryptography takes 0.1 s

    try:
        entry = find_entry(store, name)
        if entry is None or entry.source != "acme" or entry.not_after <= clock.wall():
            return None
        place = Path(f"certificate of {name} in the store")
        pair = Pair(entry.chain, entry.key, place, place)
        add_pair(server_context(), pair)  # whether it can be used is found out here
        told = renewal.kept_for(store, name, entry)
        renews = renewal.renewal_time(entry, told, moments.now()).timestamp()
    except (ValueError, OverflowError):
        return None
    return Shelved(Certificate([pair]), renews, float(entry.not_after))
