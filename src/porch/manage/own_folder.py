"""A folder of the supervisor's own in the store, which the user of the workers must not write.

It is opened once, looked at, and used by its descriptor, so that nobody can put another in its
place meanwhile.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from porch.certs.files import make_folder

__all__ = ["make_own_folder", "own_folder"]


def make_own_folder(folder: Path) -> None:
    """Make it if it is missing. Raises OSError."""
    make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)


@contextlib.contextmanager
def own_folder(folder: Path) -> Iterator[int]:
    """Its descriptor. Raises OSError if it is not ours alone."""
    refusal = OSError(f"{folder} is not the door's own; remove it")
    if folder.is_symlink():
        raise refusal
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise refusal
        yield descriptor
    finally:
        os.close(descriptor)
