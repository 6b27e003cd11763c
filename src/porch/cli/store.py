"""The store of a configuration, for commands that look into it."""

import os
import pwd
import sys
from pathlib import Path

from porch.certs.store import FileStore, StoreError
from porch.config.load import load
from porch.config.loaded import Loaded
from porch.manage.wanted import SYSTEM, store_folder

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
        return FileStore(_folder(loaded))
    except StoreError as error:
        print(f"porch: {error}", file=sys.stderr)
        return None


def _folder(loaded: Loaded) -> Path:
    """Where the door has it. `sudo porch trust` beside a door that no root has started means the
    store of who says sudo: root's own is not there, and would be another authority's."""
    folder = store_folder(loaded)
    name = os.environ.get("SUDO_USER")
    if folder != SYSTEM or folder.exists() or not name:
        return folder
    try:
        theirs = Path(pwd.getpwnam(name).pw_dir, ".local", "share", "porch")
    except KeyError:
        return folder
    return theirs if theirs.is_dir() else folder
