"""`porch trust`, `porch untrust`: have this machine believe the door's own authority, or not."""

import sys
from pathlib import Path

from porch.certs.entry import Entry
from porch.certs.files import StoreError
from porch.certs.local_ca import ROOT, LocalAuthority
from porch.certs.trust import Places, trust, untrust
from porch.cli.store import loaded_of, open_store

__all__ = ["trust_root"]

_OTHER_STORE = (
    "a door that another user runs has its own: be that user, or give its root's file (--root)"
)


def trust_root(config: Path, root: Path | None, *, is_wanted: bool, has_system: bool = True) -> int:
    """Do it and say what was done. root: a PEM file in place of the store's. has_system: whether
    the system is told too. Returns 0, or 1 if something is missing."""
    try:
        pem = _of_file(root) if root is not None else _of_store(config, is_wanted=is_wanted)
        if pem is None:
            return 1
        outcome = (trust if is_wanted else untrust)(pem, Places.here(has_system=has_system))
    except (StoreError, ValueError, OSError) as error:
        which = f"{root}: " if root is not None and isinstance(error, ValueError) else ""
        print(f"porch: {which}{error}", file=sys.stderr)
        return 1
    for text in outcome.done:
        print(text)
    for text in outcome.missing:
        print(f"porch: {text}", file=sys.stderr)
    return 1 if outcome.missing else 0


def _of_file(root: Path) -> bytes | None:
    """What is in a file; None with the reason on stderr."""
    try:
        return root.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        print(f"porch: {root} cannot be read: {reason}; --root wants a PEM file", file=sys.stderr)
        return None


def _of_store(config: Path, *, is_wanted: bool) -> bytes | None:
    """The root of the store, made if there is none and it is to be trusted; None with the reason
    on stderr."""
    loaded = loaded_of(config)
    store = open_store(loaded) if loaded is not None else None
    if store is None:
        return None
    kept = store.read(ROOT)
    folder = store.folder.absolute()
    if not is_wanted:
        if kept is not None:
            return Entry.load(kept).chain  # also near its end, when `open` would make another
        print(f"porch: no authority is kept in {folder}; {_OTHER_STORE}", file=sys.stderr)
        return None
    pem = LocalAuthority.open(store).root_pem
    if kept is None:
        print(f"a new authority was made, kept in {folder}; {_OTHER_STORE}")
    return pem
