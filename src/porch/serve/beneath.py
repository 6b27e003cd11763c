"""Beneath: files below a root, and no way out of it.

A path is walked name by name from a descriptor of the root, and no step follows a symbolic link:
the system itself says where one is. So nothing that is renamed or put in place meanwhile leads
elsewhere (openat(2), O_NOFOLLOW). The root is opened anew each time, since it may be a link that a
deployment turns over.
"""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeVar

from porch.errors import NoDescriptors, PorchError
from porch.serve.file_errors import FileDenied, FileUnreadable, LinkDenied, NoFile, RootGone
from porch.serve.named import is_hidden

__all__ = ["Beneath", "Found", "Identity", "Links", "Names", "identity"]

Links = Literal["inside", "any", "none"]
"""Which symbolic links are followed: those that end below the root, all, none."""
Names = tuple[bytes, ...]
T = TypeVar("T")
Identity = tuple[int, int, int, int, int]
"""Device, inode, size, and when content and state changed: equal for the same state of a file."""

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_STEP = _FOLDER | os.O_NOFOLLOW
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""A FIFO that is put in place of a file in the last moment blocks nobody."""
_DENIED = frozenset((errno.EACCES, errno.EPERM))
_MISSING = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL))
_FULL = frozenset((errno.EMFILE, errno.ENFILE))


class Found(NamedTuple):
    """descriptor: of a regular file, to be closed by who asked; -1 for a folder."""

    descriptor: int
    stat: os.stat_result


def identity(found: os.stat_result) -> Identity:
    """See Identity."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class Beneath:
    """The files below one root. root: an absolute path, that of no link to `/`. hidden: whether
    links may lead to names that begin with a dot; who asks is to see to the names themselves."""

    __slots__ = ("_hidden", "_machine", "links", "root")

    def __init__(self, root: bytes, links: Links = "inside", *, hidden: bool = False) -> None:
        self.root = root
        self.links = links
        self._hidden = hidden
        whole = os.stat("/")
        self._machine = whole.st_dev, whole.st_ino

    def place(self, names: Names) -> bytes:
        """The path of a file, for people and for `stat`; it may lead through links."""
        return b"/".join((self.root, *names))

    def open(self, names: Names) -> Found:
        """The file or folder of these names, of which none is empty, `.` or `..` or has a slash.

        Raises NoFile (also for what is neither file nor folder), FileDenied, RootGone,
        FileUnreadable, NoDescriptors.
        """
        return self._at(names, _open)

    def again(self, names: Names, known: Identity) -> int | None:
        """A descriptor of a file that was opened before, if it is still the same, whatever way
        leads to it: three calls of the system, instead of nine below one folder. None where it is
        not to be had that way."""
        try:
            descriptor = os.open(self.place(names), _READ)
        except OSError:
            return None
        if identity(os.fstat(descriptor)) == known:
            return descriptor
        os.close(descriptor)
        return None

    def folder(self, names: Names) -> int:
        """A descriptor of a folder, to be read from and closed. Raises as `open` does."""
        return self._at((*names, b"."), _open_folder)

    def beside(self, names: Names, ends: Sequence[bytes]) -> list[bytes]:
        """Which of these ends are such that a file of the last name with it lies beside. Raises as
        `open` does."""

        def look(folder: int | None, name: bytes) -> list[bytes]:
            return [each for each in ends if _is_there(folder, name + each)]

        return self._at(names, look)

    def _at(self, names: Names, look: Callable[[int | None, bytes], T]) -> T:
        """look: with the descriptor of the folder and the last name; or None and a whole path,
        where all links are followed."""
        try:
            if self.links == "any":
                os.close(self._root())
                return look(None, self.place(names))
            return self._walk(names, look)
        except _Link:
            if self.links == "none":
                raise LinkDenied(f"{_shown(self.place(names))} leads through a link") from None
        except OSError as error:
            raise self._error(error, names) from error
        try:
            return self._walk(self._resolved(names), look)
        except _Link as error:
            raise NoFile("a link was put in place meanwhile") from error
        except OSError as error:
            raise self._error(error, names) from error

    def _walk(self, names: Names, look: Callable[[int | None, bytes], T]) -> T:
        """Raises _Link where a name is one."""
        folder = self._root()
        try:
            for name in names[:-1]:
                deeper = _step(folder, name)
                os.close(folder)
                folder = deeper
            return look(folder, names[-1] if names else b".")
        finally:
            os.close(folder)

    def _root(self) -> int:
        """Raises RootGone, also where it was made a link to the whole machine."""
        try:
            folder = os.open(self.root, _FOLDER)
        except OSError as error:
            if error.errno in _FULL:
                raise
            raise RootGone(f"{_shown(self.root)}: {error.strerror}") from error
        found = os.fstat(folder)
        if (found.st_dev, found.st_ino) == self._machine:
            os.close(folder)
            raise RootGone(f"{_shown(self.root)} is the whole machine by now: a link to /")
        return folder

    def _resolved(self, names: Names) -> Names:
        """Where links lead, below the root. Raises LinkDenied for what lies elsewhere, and NoFile
        for what is hidden."""
        os.stat(self.place(names))  # the system follows 40 links at most (ELOOP)
        root = os.path.realpath(self.root, strict=True)
        end = os.path.realpath(self.place(names), strict=True)
        if end == root:
            return ()
        start = root.rstrip(b"/") + b"/"
        if not end.startswith(start):
            raise LinkDenied(f"{_shown(self.place(names))} leads to {_shown(end)}, out of the root")
        real = tuple(end[len(start) :].split(b"/"))
        if not self._hidden and is_hidden(real):
            raise NoFile(
                "a link leads to a name with a dot before it; files.hidden = true shows such"
            )
        return real

    def _error(self, error: OSError, names: Names) -> PorchError:
        why = f"{_shown(self.place(names))}: {error.strerror}"
        if error.errno in _MISSING:
            return NoFile(why)
        if error.errno in _DENIED:
            return FileDenied(why)
        return NoDescriptors(why) if error.errno in _FULL else FileUnreadable(why)


class _Link(Exception):
    """A symbolic link is in the way."""


def _open(folder: int | None, name: bytes) -> Found:
    follows = folder is None
    found = os.stat(name, dir_fd=folder, follow_symlinks=follows)
    if stat.S_ISDIR(found.st_mode):
        return Found(-1, found)
    if stat.S_ISLNK(found.st_mode):
        raise _Link
    if not stat.S_ISREG(found.st_mode):
        raise NoFile("it is no regular file")
    descriptor = os.open(name, _READ if follows else _READ | os.O_NOFOLLOW, dir_fd=folder)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):  # put in its place meanwhile
        os.close(descriptor)
        raise NoFile("it is no regular file")
    return Found(descriptor, found)


def _open_folder(folder: int | None, name: bytes) -> int:
    """A link that was put in place meanwhile is no folder (ENOTDIR)."""
    return os.open(name, _LIST if folder is None else _LIST | os.O_NOFOLLOW, dir_fd=folder)


def _is_there(folder: int | None, name: bytes) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _step(folder: int, name: bytes) -> int:
    try:
        return os.open(name, _STEP, dir_fd=folder)
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise _Link from None
        raise


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
