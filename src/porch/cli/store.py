"""The store of a configuration, for commands that look into it."""

import contextlib
import os
import pwd
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from porch.certs.store import FileStore, StoreError
from porch.config.load import load
from porch.config.loaded import Loaded
from porch.manage.control.client import NotRunning, ask
from porch.manage.store_folder import SYSTEM, store_folder

__all__ = ["folder_of", "loaded_of", "open_store"]


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
        return FileStore(folder_of(loaded))
    except StoreError as error:
        print(f"porch: {error}", file=sys.stderr)
        return None


def folder_of(loaded: Loaded) -> Path:
    """Where the door has it. Root who asks beside the door of a user (`sudo porch trust`) means
    that door's: it says which one it has, else it is the one in that user's home. Root's own would
    be another authority's."""
    folder = store_folder(loaded)
    if folder != SYSTEM or os.geteuid() != 0 or loaded.config.user is not None:
        return folder
    users = [*_users(loaded)]
    told = _told(loaded, [each.pw_uid for each in users])
    if told is not None:
        return told
    if not folder.exists():
        for user in users:
            theirs = Path(user.pw_dir, ".local", "share", "porch")
            if theirs.is_dir():
                return theirs
    return folder


def _users(loaded: Loaded) -> Iterator[pwd.struct_passwd]:
    """Who may run the door: who has become root to ask, and whose the file is."""
    for word in ("SUDO_USER", "DOAS_USER"):
        with contextlib.suppress(KeyError):  # it is not set, or nobody has that name
            yield pwd.getpwnam(os.environ[word])
    with contextlib.suppress(KeyError, IndexError, OSError):
        owner = pwd.getpwuid(loaded.files[0].stat().st_uid)
        if owner.pw_uid != 0:
            yield owner


def _told(loaded: Loaded, users: Iterable[int]) -> Path | None:
    """What the door says that runs this file."""
    with contextlib.suppress(NotRunning, OSError, KeyError, TypeError, IndexError):
        status: dict[str, Any] = ask(loaded.files[0], "status", users=users)
        store = status["configuration"]["store"]
        return Path(store) if store else None
    return None
