"""Files that are whole or not there: what the store and its locks write with.

A file is written beside its place under another name and then put there in one step, so that
whoever reads, and whoever finds it after a crash, has the old content or the new.
"""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from porch import clock

__all__ = [
    "DamagedError",
    "StoreError",
    "beside",
    "check_folder",
    "check_room",
    "loose",
    "make_folder",
    "put",
    "read_file",
    "said",
    "settle",
    "sweep",
]

FILE_MODE = 0o600
FOLDER_MODE = 0o700
UNFINISHED = ".unfinished-"
"""How the name of a file begins that is being written."""
ABANDONED = 3600.0
"""Seconds after which nobody writes such a file any more: its writer was killed."""

ROOM = 16384
"""Bytes of a chain with its key and all that is noted of it, roughly."""
READ, WRITE = stat.S_IRGRP | stat.S_IROTH, stat.S_IWGRP | stat.S_IWOTH

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class StoreError(OSError):
    """The store cannot do it; the sentence says why and what to do."""


class DamagedError(StoreError, ValueError):
    """What is kept under a name is not what was written: to who can do without, it is none.

    place: where it lies, for who knows better what to do about it.
    """

    def __init__(self, sentence: str, place: str) -> None:
        super().__init__(sentence)
        self.place = place


def said(error: OSError, path: Path, what: str) -> StoreError:
    """A StoreError with a sentence. what: "written", "read", ..."""
    if error.errno in FULL:
        return StoreError(
            f"{path} cannot be {what}: the disk is full (or the quota of this user is); make room."
            " What was kept before is still there"
        )
    if isinstance(error, PermissionError):
        return StoreError(
            f"{path} cannot be {what}: this user may not; run Porch as the user who owns"
            f" {path.parent}, or give the folder to this one (chown)"
        )
    if error.errno == errno.EROFS:
        return StoreError(f"{path} cannot be {what}: its disk is read-only; choose another folder")
    return StoreError(f"{path} cannot be {what}: {error.strerror or error}")


def check_folder(folder: Path) -> None:
    """Raise StoreError if others may write into `folder`, or it is another user's.

    Root may use the folder of the user that the door runs as. Those above it are not looked at.
    """
    try:
        found = folder.stat()
    except OSError as error:
        raise said(error, folder, "read") from error
    if not stat.S_ISDIR(found.st_mode):
        raise StoreError(f"{folder} is no folder; remove it, or choose another for the store")
    if os.geteuid() not in (0, found.st_uid):
        raise StoreError(
            f"{folder} belongs to another user, who could change the keys in it; run Porch as that"
            " user, or choose another folder"
        )
    if found.st_mode & WRITE:
        raise StoreError(
            f"others may write into {folder}, and so change the keys in it; chmod 700 {folder}"
        )


def check_room(folder: Path) -> None:
    """Raise StoreError if nothing could be kept in `folder` now: as much is written as a chain and
    a key take, and removed."""
    try:
        beside(folder, bytes(ROOM)).unlink()
    except OSError as error:
        raise said(error, folder, "written into") from error


def loose(folder: Path) -> list[Path]:
    """What below `folder` has rights for others: files that may be read or written, folders that
    may be written into."""
    found = []
    for parent, folders, files in os.walk(folder):
        for names, rights in ((folders, WRITE), (files, WRITE | READ)):
            for name in names:
                place = Path(parent, name)
                with contextlib.suppress(OSError):  # it was replaced meanwhile
                    if place.lstat().st_mode & rights and not place.is_symlink():
                        found.append(place)
    return sorted(found)


def make_folder(folder: Path) -> None:
    """Make `folder` and those above it that are missing, for this user alone. Raises OSError."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        return  # another process was faster, or a file is there and writing into it tells
    _give(folder)
    with contextlib.suppress(PermissionError):  # who may enter a folder need not be let to read it
        settle(folder.parent)


def read_file(path: Path) -> bytes:
    """What a file holds; nothing where something else is in its place. Raises OSError.

    A named pipe is not waited for: the supervisor reads what its workers' user may write.
    """
    with open(path, "rb", opener=_at_once) as opened:
        return opened.read() if stat.S_ISREG(os.fstat(opened.fileno()).st_mode) else b""


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def put(path: Path, content: bytes, *, settled: bool = True) -> None:
    """Make `path` hold `content`, whatever it held. Raises OSError; then it holds what it held.

    settled: come back only when a loss of power cannot undo it.
    """
    unfinished = beside(path, content, settled=settled)
    try:
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    if settled:
        settle(path.parent)


def beside(path: Path, content: bytes, *, settled: bool = True) -> Path:
    """Write `content` into a new file in the folder of `path`, and return where. Raises OSError,
    and leaves nothing behind then."""
    unfinished = path.parent / f"{UNFINISHED}{secrets.token_hex(12)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(unfinished, flags, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as opened:
            rest = memoryview(content)
            while rest:
                rest = rest[opened.write(rest) or 0 :]
            if settled:
                os.fsync(descriptor)
        _give(unfinished)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return unfinished


def settle(folder: Path) -> None:
    """Come back when what was renamed or removed in `folder` stays so after a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems know no such thing
            raise
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what killed writers have left in `folder`. Raises OSError if it cannot be listed."""
    now = clock.wall()
    for name in os.listdir(folder):
        if name.startswith(UNFINISHED):
            with contextlib.suppress(OSError):  # somebody else sweeps too
                # One from the future was written by a clock that was wrong.
                if abs(now - (folder / name).stat().st_mtime) > ABANDONED:
                    (folder / name).unlink()


def _give(path: Path) -> None:
    """What root makes in the folder of the user that the door runs as is that user's."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        if owner.st_uid != 0:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
