"""`porch trust`, `porch untrust`: have this machine believe the door's own authority, or not."""

import sys
from pathlib import Path

from porch.certs.entry import Entry
from porch.certs.facts import load_chain
from porch.certs.files import StoreError
from porch.certs.local_ca import ROOT, LocalAuthority
from porch.certs.trust import Places, trust, untrust
from porch.cli.store import loaded_of, open_store

__all__ = ["trust_root"]

_OTHER_STORE = (
    "the door of another user has a store of its own: sudo env STATE_DIRECTORY=ITS_STORE porch"
    " trust (porch status --json tells it, or give the root's file: --root)"
)


def trust_root(
    config: Path,
    root: Path | None,
    *,
    is_wanted: bool,
    has_system: bool = True,
    places: Places | None = None,
) -> int:
    """Do it and say what was done. root: a PEM file in place of the store's. has_system: whether
    the system is told too. places: those of this machine if left out. Returns 0, or 1 if something
    is missing."""
    places = places or Places.here(has_system=has_system)
    try:
        pem = _of_file(root) if root is not None else _of_store(config, is_wanted=is_wanted)
        if pem is None:
            return 1
        if not pem:
            return 0
        outcome = trust(pem, places) if is_wanted else untrust(pem, places)
    except (StoreError, ValueError) as error:
        print(f"porch: {error}", file=sys.stderr)
        return 1
    for text in outcome.done:
        print(text)
    for text in outcome.missing:
        print(f"porch: {text}", file=sys.stderr)
    return 1 if outcome.missing else 0


def _of_file(file: Path) -> bytes:
    """What a root's file holds. Raises ValueError with a sentence."""
    try:
        pem = file.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"{file} cannot be read: {reason}; --root wants a PEM file") from error
    try:
        load_chain(pem)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    return pem


def _of_store(config: Path, *, is_wanted: bool) -> bytes | None:
    """The root of the store; made if there is none and one is wanted, empty if not, which is said.
    None with the reason on stderr."""
    loaded = loaded_of(config)
    store = open_store(loaded) if loaded is not None else None
    if store is None:
        return None
    kept = store.read(ROOT)
    folder = store.folder.absolute()
    if is_wanted:
        pem = LocalAuthority.open(store).root_pem
        if kept is None:
            print(f"a new authority was made, kept in {folder}; {_OTHER_STORE}")
        return pem
    if kept is None:
        print(f"no authority is kept in {folder}, so nobody trusts it; {_OTHER_STORE}")
        return b""
    return Entry.load(kept).chain  # also near its end, when `open` would make another
