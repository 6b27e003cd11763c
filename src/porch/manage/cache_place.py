"""Where a door keeps answers: a folder of its own, made ready for workers with fewer rights."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from porch.config.loaded import Loaded
from porch.config.schema_cache import STORE_SIZE
from porch.manage.user import Identity

__all__ = ["CachePlace", "cache_place", "places", "ready_cache"]

SYSTEM = Path("/var/cache/porch")
"""Of a door that was started as root, or by the user who owns this folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePlace:
    """folder: None for the memory of each worker. size: bytes of all that is kept."""

    folder: Path | None
    size: int


def cache_place(loaded: Loaded) -> CachePlace:
    """What `cache_store` says. Never raises: that it cannot be used is found out by who uses it.

    Two doors of one machine have two folders unless both name one, and the same door has the same
    after a restart: it is named after the file, or else after what is listened on.
    """
    words = loaded.config.cache_store
    size = (words.size if words is not None else None) or STORE_SIZE
    if words is not None and words.memory:
        return CachePlace(folder=None, size=size)
    if words is not None and words.path is not None:
        return CachePlace(folder=loaded.base / words.path, size=size)
    return CachePlace(folder=_folder(loaded) / _name(loaded), size=size)


def places(loaded: Loaded) -> list[Path]:
    """Where this door may have kept answers by what its file said before."""
    words = loaded.config.cache_store
    found = [_folder(loaded) / _name(loaded)]
    if words is not None and words.path is not None:
        found.append(loaded.base / words.path)
    return found


def ready_cache(folder: Path, identity: Identity | None) -> str:
    """Make it, for `identity` alone where workers turn into another user. What stands in the way,
    in a sentence; "" if nothing does."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if identity is not None and os.geteuid() == 0:
            for parent, _, files in os.walk(folder):
                for place in (parent, *(os.path.join(parent, file) for file in files)):
                    os.chown(place, identity.uid, identity.gid, follow_symlinks=False)
    except OSError as error:
        return f"nothing is kept by the cache: {folder}: {error.strerror or error}"
    return ""


def _name(loaded: Loaded) -> str:
    text = os.path.realpath(loaded.files[0]) if loaded.files else " ".join(loaded.config.listen)
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]


def _folder(loaded: Loaded) -> Path:
    given = os.environ.get("CACHE_DIRECTORY", "").partition(":")[0]  # systemd.exec(5)
    if given:
        return Path(given)
    # A worker with a user of its own is not root any more, and has the home of root.
    if os.geteuid() in (0, _owner(SYSTEM)) or loaded.config.user is not None:
        return SYSTEM
    # XDG Base Directory Specification: a relative one is to be ignored.
    kept = os.environ.get("XDG_CACHE_HOME", "")
    if kept.startswith("/"):
        return Path(kept) / "porch"
    try:
        return Path.home() / ".cache" / "porch"
    except RuntimeError:  # a user whom the system does not know, in a container, has none
        return SYSTEM


def _owner(folder: Path) -> int | None:
    try:
        return folder.lstat().st_uid
    except OSError:
        return None
