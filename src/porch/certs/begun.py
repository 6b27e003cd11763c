"""Begun: the note of an order that is not over, so that an end at any moment loses none of it.

It holds the key, without which a certificate that the authority makes meanwhile is worth nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from porch.certs import moments
from porch.certs.identifiers import stored
from porch.certs.needs import Store
from porch.certs.notes import read_note, write_note

__all__ = ["STALE", "Begun", "place"]

STALE = timedelta(hours=20)
"""An order that is older is begun anew: its authorizations may be over."""


def place(names: Sequence[str], label: str) -> str:
    """Where a store keeps it, by the first name and the label of the authority."""
    return f"orders/{label}/{stored(names[0])}.json"


@dataclass(frozen=True, slots=True)
class Begun:
    """An order. uri: the authority's. key: of the certificate, PEM. profile: "" for none."""

    uri: str
    names: tuple[str, ...]
    key: bytes
    profile: str
    made: datetime

    def keep(self, store: Store, label: str) -> None:
        """Keep it until it is over."""
        written = {
            "order": self.uri,
            "names": self.names,
            "key": self.key.decode("ascii"),
            "profile": self.profile,
            "made": moments.text(self.made),
        }
        write_note(store, place(self.names, label), written)

    @classmethod
    def kept(cls, store: Store, label: str, names: tuple[str, ...], profile: str) -> "Begun | None":
        """The one for the same names and profile, if it is young; a damaged one is none."""
        found = read_note(store, place(names, label))
        made, known = moments.parse(found.get("made")), found.get("names")
        if made is None or abs(moments.now() - made) > STALE or not isinstance(known, list):
            return None
        if (tuple(known), found.get("profile")) != (names, profile):
            return None
        uri, key = found.get("order"), found.get("key")
        if not isinstance(uri, str) or not isinstance(key, str):
            return None
        return cls(uri, names, key.encode("ascii", "replace"), profile, made)
