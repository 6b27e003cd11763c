"""Ground: the disk under the map of a database.

A database is written through its map, so that a commit is a few stores where it was a call for
each page: 0.3 us an answer in place of 7, of eight in one write. But a store to a page for which
the disk has no room is no error, it is a SIGBUS and the end of the worker. So no page of the map
is without its place on the disk: the file is allocated first and mapped then, LMDB goes no further
than its map, and both grow together, a step at a time.

A file system that writes anew elsewhere (btrfs, ZFS, f2fs) may lack room for a page that has its
place. There, and where nobody knows what lies below (overlay, NFS), pages are written by calls,
which fail in good order.
"""

import os
from pathlib import Path

__all__ = ["FIRST", "STEPS", "extend", "is_firm", "kinds", "lengthened", "rounded"]

FIRST = 256 * 1024
"""Bytes that a new database has, and that one grows by at least."""
STEPS = 32
"""It grows by as much as it has, but by no more than one of so many parts of what it may have."""

_PAGE = 4096
_FIRM = frozenset(("ext2", "ext3", "ext4", "tmpfs", "xfs"))
"""File systems that write a page to where it is."""
_MOUNTS = Path("/proc/self/mountinfo")


def is_firm(folder: Path) -> bool:
    """Whether a page of a file there that has its place on the disk can be written for certain."""
    return not _FIRM.isdisjoint(kinds(folder))


def kinds(folder: Path) -> list[str]:
    """Of its file system, as the kernel calls them ("ext4"): of each mount of its device one.
    Empty where that is not known. Raises OSError if there is no such folder."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    # proc_pid_mountinfo(5): id, parent, major:minor, ... any number of fields, "-", type.
    words = [each.split() for each in mounts]
    return [each[each.index("-") + 1] for each in words if each[2] == wanted]


def rounded(size: int) -> int:
    """Bytes of whole pages that hold so many."""
    return -(-size // _PAGE) * _PAGE


def lengthened(file: Path, step: int, most: int) -> int:
    """The file is longer now, by as much as the disk has room for, if that is enough: how long.
    step: bytes, at most; most: of all. Raises OSError where there is no room."""
    has = file.stat().st_size
    more = max(FIRST, min(step, has))
    while True:
        try:
            extend(file, min(has + more, most))
        except OSError:
            if more <= FIRST:
                raise
            more = max(FIRST, rounded(more // 2))
        else:
            return min(has + more, most)


def extend(file: Path, size: int) -> None:
    """The file is so long, at least, and has no holes up to there. Raises OSError."""
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)
