"""The audit on disk: who has changed what of a door, a line of JSON each, never written again.

One write a line, to a file that is opened to append; so that a line is whole, or the last one and
torn by a crash or a full disk. It grows to a bound, and then makes way for another.
"""

import contextlib
import errno
import json
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from porch.manage.own_folder import make_own_folder, own_folder

__all__ = ["KEPT", "LARGEST", "AuditFile", "Torn", "paired"]

FOLDER = "audit"
LARGEST = 10 << 20
"""Bytes behind which the next line begins another file."""
KEPT = 4
"""Files of before: name.jsonl.1 is the latest of them."""
_NEVER = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""No link is followed, and no pipe waited for."""

Line = Mapping[str, Any]


class Torn:
    """A line that is none: its end never came."""


def paired(lines: Iterable[Line], most: int = 0) -> list[Line]:
    """One line a change, the last `most` of them, 0 for all: that one was begun is left out where
    another line says what came of it."""
    kept: dict[int, Line] = {}
    begun: dict[tuple[object, ...], deque[int]] = {}
    for number, line in enumerate(lines):
        change = line.get("at"), line.get("what"), line.get("who")
        if line.get("outcome") == "begun":
            begun.setdefault(change, deque()).append(number)
        elif change in begun:
            kept.pop(begun[change].popleft(), None)
            if not begun[change]:
                del begun[change]
        kept[number] = line
        if most and len(kept) > most:
            del kept[next(iter(kept))]
    return [*kept.values()]


class AuditFile:
    """folder: of the state. name: of the door among those that share it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = folder / FOLDER / f"{name}.jsonl"

    def __repr__(self) -> str:
        return f"<AuditFile {self.file}>"

    def append(self, line: Line) -> None:
        """Write one, and come back when a loss of power cannot undo it. Raises OSError."""
        make_own_folder(self.file.parent)
        with own_folder(self.file.parent) as folder:
            descriptor = self._opened(folder)
            try:
                if os.fstat(descriptor).st_size > LARGEST and self._turn(folder):
                    full, descriptor = descriptor, self._opened(folder)
                    os.close(full)
                self._write(descriptor, json.dumps(line).encode() + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.fsync(folder)

    def _opened(self, folder: int) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _NEVER
        descriptor = os.open(self.file.name, flags, 0o600, dir_fd=folder)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            os.close(descriptor)
            raise OSError(f"{self.file} is not the door's own; remove it")
        return descriptor

    def _write(self, descriptor: int, data: bytes) -> None:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data  # behind one that is torn
        if os.write(descriptor, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.file))

    def _turn(self, folder: int) -> bool:
        """Make way for another. False where that is not allowed: chattr +a; it grows on then."""
        name = self.file.name
        try:
            for number in range(KEPT, 0, -1):
                older = f"{name}.{number - 1}" if number > 1 else name
                if os.path.lexists(self.file.with_name(older)):
                    os.rename(older, f"{name}.{number}", src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            return False
        return True

    def read(self) -> Iterator[Line | Torn]:
        """All lines, the oldest first. Raises OSError with the file's name; FileNotFoundError where
        nothing was ever written.

        Whoever may read them reads: root those of any door. But the folder above is also of others,
        so that what is read is no other file than it says."""
        folder = _opened(self.file.parent, os.O_DIRECTORY)
        try:
            found = False
            for number in range(KEPT, -1, -1):
                name = f"{self.file.name}.{number}" if number else self.file.name
                try:
                    opened = self._read(folder, name)
                except FileNotFoundError:
                    if number or found:  # a crash between two files leaves none of now
                        continue
                    raise
                found = True
                with opened:
                    yield from map(_line, opened)
        finally:
            os.close(folder)

    def _read(self, folder: int, name: str) -> BinaryIO:
        """Open one of them. Raises OSError."""
        file = self.file.with_name(name)
        descriptor = _opened(file, dir_fd=folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise _strange(file, "no regular file")
        return open(descriptor, "rb")

    def latest(self, most: int) -> list[Line]:
        """The last lines, as many as stand in `most` bytes of the file and the one before it.
        Raises OSError."""
        with own_folder(self.file.parent) as folder:
            data = b""
            for name in (self.file.name, f"{self.file.name}.1"):
                if len(data) < most:
                    with contextlib.suppress(FileNotFoundError):
                        data = _end(folder, name, most - len(data)) + data
        found = map(_line, data.splitlines())
        return [each for each in found if not isinstance(each, Torn)]


def _opened(file: Path, flags: int = 0, dir_fd: int | None = None) -> int:
    """To be read, and no link. Raises OSError."""
    try:
        name = file if dir_fd is None else file.name
        return os.open(name, os.O_RDONLY | _NEVER | flags, dir_fd=dir_fd)
    except OSError as error:
        if error.errno == errno.ELOOP or (error.errno == errno.ENOTDIR and file.is_symlink()):
            raise _strange(file, "a symbolic link") from None
        raise OSError(error.errno, error.strerror, str(file)) from None


def _strange(file: Path, what: str) -> OSError:
    text = f"it is {what}, and the door has not made it; see who has, and remove it"
    return OSError(errno.EINVAL, text, str(file))


def _end(folder: int, name: str, most: int) -> bytes:
    """The last whole lines of a file."""
    with open(os.open(name, os.O_RDONLY | _NEVER, dir_fd=folder), "rb") as opened:
        left_out = max(os.fstat(opened.fileno()).st_size - most, 0)
        opened.seek(left_out)
        data = opened.read()
    return data.partition(b"\n")[2] if left_out else data


def _line(text: bytes) -> Line | Torn:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return Torn()
    return line if isinstance(line, dict) else Torn()
