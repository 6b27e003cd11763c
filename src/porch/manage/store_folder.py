"""The store: the folder where a door keeps what outlives it. Certificates and accounts, what was
found and ordered, the audit, and the key that it signs with.

Where it is, and how the supervisor makes it ready for workers with fewer rights.
"""

import os
from pathlib import Path

from porch.certs.files import StoreError
from porch.certs.store import FileStore
from porch.config.loaded import Loaded
from porch.manage.user import Identity

__all__ = ["SYSTEM", "ready_store", "store_folder"]

SYSTEM = Path("/var/lib/porch")
"""The store of a door that was started as root, or by the user who owns this folder."""


def store_folder(loaded: Loaded) -> Path:
    """Where the store of a configuration is. Never raises: that it cannot be used is found out
    by who uses it."""
    if loaded.config.store is not None:
        return loaded.base / loaded.config.store
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]  # systemd.exec(5)
    if given:
        return Path(given)
    # A worker with a user of its own is not root any more, and has the home of root.
    # A unit's user who asks with a command has no $STATE_DIRECTORY, but owns the folder.
    if os.geteuid() in (0, _owner(SYSTEM)) or loaded.config.user is not None:
        return SYSTEM
    data = os.environ.get("XDG_DATA_HOME")
    if data:
        return Path(data) / "porch"
    try:
        return Path.home() / ".local" / "share" / "porch"
    except RuntimeError:  # a user whom the system does not know, in a container, has none
        return SYSTEM


def ready_store(folder: Path, identity: Identity | None) -> str:
    """Make it, for `identity` alone where workers turn into another user. What stands in the way,
    in a sentence; "" if nothing does.

    What root has made in it before is given to that user: nobody else is to write there. A folder
    goes behind what is in it: who has it could have us follow a link out of it.
    """
    try:
        FileStore(folder)
        if identity is not None and os.geteuid() == 0 and folder.stat().st_uid == 0:
            for parent, _, files in os.walk(folder, topdown=False):
                for place in (*(os.path.join(parent, file) for file in files), parent):
                    os.chown(place, identity.uid, identity.gid, follow_symlinks=False)
    except (StoreError, OSError) as error:
        return f"no certificates but those given: {error}"
    return ""


def _owner(folder: Path) -> int | None:
    try:
        return folder.lstat().st_uid
    except OSError:
        return None
