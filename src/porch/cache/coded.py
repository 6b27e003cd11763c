"""Coded forms of stored answers that took much effort, kept beside the store for all workers.

A form is a file, named by the ident of the answer whose very bytes it stands for and by its coding.
No ident is given twice, by this database or another, and a stored body never changes, so that
nobody finds the form of another; the files are in the folder of the database and go with it. What
is damaged or was not written to its end is not there, and made anew.
"""

import contextlib
import fcntl
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

__all__ = ["EVERY", "LOOKED", "MOST", "PARTS", "SHARE", "CodedForms"]

SHARE = 8
"""Forms have so much of the room of the store, an eighth, besides that."""
MOST = 256 << 20
"""Bytes of forms at most."""
PARTS = 16
"""Folders, of which each has its part of the room: where one more form is kept in it, what was not
looked for the longest goes, and no more than that folder is looked over."""
LOOKED = 4
"""Forms that one step of the sweep looks at: 0.4 ms each where the answer has a file."""
EVERY = 16
"""Of so many steps of the store's sweep one is for forms, and the others cost nothing: they have
room that nobody else may have, and what is of no use in it is never served."""

_CHECK = struct.Struct("<I")
_NEW = ".new"
_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW


class CodedForms:
    """folder: of the database that is in use now. room: bytes of the store. Every call but `sweep`
    may come from any thread; none raises for what a disk does."""

    __slots__ = ("_folder", "_names", "_part", "_room", "_steps", "_swept")

    def __init__(self, folder: Callable[[], Path], room: int) -> None:
        self._folder = folder
        self._room = min(MOST, room // SHARE) // PARTS
        self._part = os.getpid() % PARTS  # not where the other workers are
        self._steps = 0
        self._swept = Path()
        self._names: list[str] = []

    def __repr__(self) -> str:
        return f"<CodedForms {self._room * PARTS} bytes at most>"

    def get(self, name: bytes, coding: bytes) -> bytes | None:
        """The form of an answer; None where there is none: 14 us for 4 KB, 90 for 300, 6 for none
        (bench/coded_forms.py)."""
        path = self._path(name, coding)
        try:
            descriptor = os.open(path, os.O_RDONLY | _OPEN)
        except OSError:
            return None
        data = b""
        with contextlib.suppress(OSError):  # the disk cannot read it: it is damaged
            data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
            os.utime(descriptor)  # it was looked for
        os.close(descriptor)
        form = data[_CHECK.size :]
        if len(data) > _CHECK.size and _CHECK.unpack_from(data)[0] == _sum(name, coding, form):
            return form
        _remove(Path(path))
        return None

    def make(self, name: bytes, coding: bytes, work: Callable[[], bytes]) -> bytes | None:
        """The form; `work` makes it if there is none, and from then on all have it, if there is
        room. None where another worker makes it just now. Raises what `work` does."""
        found = self.get(name, coding)
        if found is not None:
            return found
        path = Path(self._path(name, coding))
        new = path.with_name(path.name + _NEW)
        try:
            descriptor = _alone(new)
        except OSError:  # it cannot be kept, and is good for this worker
            return work()
        if descriptor is None:
            return None
        is_kept = False
        try:
            form = work()
            with contextlib.suppress(OSError):
                if _CHECK.size + len(form) <= self._room // 2:
                    self._trim(path.parent, len(form))
                    _write(descriptor, _CHECK.pack(_sum(name, coding, form)) + form)
                    new.rename(path)
                    is_kept = True
        finally:
            if not is_kept:
                _remove(new)
            os.close(descriptor)
        return form

    def sweep(self, is_stored: Callable[[bytes], bool]) -> None:
        """A small step of removing the forms of answers that are not stored any more, and what dead
        workers have begun. is_stored: of an ident."""
        self._steps += 1
        if self._steps % EVERY:
            return
        for _ in range(PARTS):
            if self._names:
                break
            self._swept = self._folder() / "forms" / f"{self._part:x}"
            self._part = (self._part + 1) % PARTS
            with contextlib.suppress(OSError):
                self._names = os.listdir(self._swept)
        for _ in range(min(LOOKED, len(self._names))):
            path = self._swept / self._names.pop()
            ident = path.name.partition(".")[0]
            if path.suffix == _NEW:
                _remove_dead(path)
            elif not _is_ident(ident) or not is_stored(bytes.fromhex(ident)):
                _remove(path)

    def _path(self, name: bytes, coding: bytes) -> str:
        part = name[-1] % PARTS
        return f"{self._folder()}/forms/{part:x}/{name.hex()}.{coding.decode()}"

    def _trim(self, part: Path, need: int) -> None:
        """Make room for so many bytes in one folder."""
        found = []
        with os.scandir(part) as entries:
            for each in entries:
                if not each.name.endswith(_NEW):
                    with contextlib.suppress(OSError):  # another has removed it
                        state = each.stat(follow_symlinks=False)
                        found.append((state.st_mtime_ns, state.st_size, each.path))
        size = sum(each[1] for each in found)
        for _, gone, path in sorted(found):
            if size + need + _CHECK.size <= self._room:
                break
            _remove(Path(path))
            size -= gone


def _sum(name: bytes, coding: bytes, form: bytes) -> int:
    """Of a form as that of this name: another's in its place is not taken for it."""
    return zlib.crc32(form, zlib.crc32(b"%b %b 1" % (name, coding)))


def _alone(path: Path) -> int | None:
    """A file that this worker alone writes for as long as it is open; None where another does, or
    has just done so. Raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | _OPEN
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileNotFoundError:
        for each in (path.parent.parent, path.parent):  # not the database's, if it has gone
            each.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, flags, 0o600)
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:  # else it has its name by now
            return descriptor
    os.close(descriptor)
    return None


def _write(descriptor: int, data: bytes) -> None:
    """All of it, in place of what one who died has left. Raises OSError."""
    os.ftruncate(descriptor, 0)
    rest = memoryview(data)
    while rest:
        rest = rest[os.pwrite(descriptor, rest, len(data) - len(rest)) :]


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _remove_dead(path: Path) -> None:
    """What is being made, if nobody makes it any more."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | _OPEN)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path)
        finally:
            os.close(descriptor)


def _is_ident(text: str) -> bool:
    try:
        return bool(bytes.fromhex(text))
    except ValueError:
        return False
