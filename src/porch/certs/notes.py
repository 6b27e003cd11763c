"""Notes: small JSON in a store that makes work shorter, and without which it is only begun anew.

So one that is damaged, or cannot be read, is none. What must not be lost, a key or a certificate,
is no note.
"""

import json
from collections.abc import Mapping

from porch.certs.needs import Store

__all__ = ["read_note", "write_note"]


def read_note(store: Store, name: str) -> dict[str, object]:
    """What is noted under `name`; nothing if there is no such note."""
    try:
        found = json.loads(store.read(name) or b"{}")
    except Exception:  # whatever a store says of one that is damaged
        return {}
    return found if isinstance(found, dict) else {}


def write_note(store: Store, name: str, note: Mapping[str, object]) -> None:
    """Note it. Raises what the store does."""
    store.write(name, json.dumps(note, indent=1).encode() + b"\n")
