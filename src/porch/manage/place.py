"""The folder of certificates, made ready by the supervisor for workers with fewer rights."""

import os
from pathlib import Path

from porch.certs.files import StoreError
from porch.certs.store import FileStore
from porch.manage.user import Identity

__all__ = ["ready_store"]


def ready_store(folder: Path, identity: Identity | None) -> str:
    """Make it, for `identity` alone where workers turn into another user. What stands in the way,
    in a sentence; "" if nothing does.

    What root has made in it before is given to that user: nobody else is to write there.
    """
    try:
        FileStore(folder)
        if identity is not None and os.geteuid() == 0 and folder.stat().st_uid == 0:
            for parent, _, files in os.walk(folder):
                for place in (parent, *(os.path.join(parent, file) for file in files)):
                    os.chown(place, identity.uid, identity.gid, follow_symlinks=False)
    except (StoreError, OSError) as error:
        return f"no certificates but those given: {error}"
    return ""
