"""The store of a configuration, for commands that look into it."""

import sys
from pathlib import Path

from porch.certs.store import FileStore, StoreError
from porch.config.load import load
from porch.config.loaded import Loaded
from porch.manage.wanted import store_folder

__all__ = ["loaded_of", "open_store"]


def loaded_of(config: Path) -> Loaded | None:
    """What a file says; None with its problems on stderr."""
    loaded = load(config)
    if not loaded.ok:
        print(loaded.report(), file=sys.stderr)
        return None
    return loaded


def open_store(loaded: Loaded) -> FileStore | None:
    """Its store, made if it is missing; None with the reason on stderr."""
    try:
        return FileStore(store_folder(loaded))
    except StoreError as error:
        print(f"porch: {error}", file=sys.stderr)
        return None
