"""The store: where certificates, their keys and the accounts at authorities are kept.

`Store` is all that the rest of Porch knows of it; `FileStore` is a folder, which may be shared by
machines. Names are paths of words: "certificates/example.com". What is kept under a name is
replaced as a whole, never in part, and comes back as it was or not at all.
"""

import contextlib
import hashlib
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote_to_bytes

from porch.certs.files import (
    DamagedError,
    StoreError,
    check_folder,
    check_room,
    loose,
    make_folder,
    put,
    read_file,
    said,
    settle,
    sweep,
)
from porch.certs.lease import Holder, Sightings, holder, take

__all__ = ["DamagedError", "FileStore", "Lock", "Store", "StoreError"]


class Lock(Protocol):
    """A lock that is held, for a time."""

    @property
    def is_held(self) -> bool:
        """Whether it is still in force, as far as clocks tell."""

    def renew(self) -> bool:
        """Hold it for as long again. False if it is lost. Raises StoreError."""

    def release(self) -> None:
        """Let others have it. Never raises; once more does nothing."""


class Store(Protocol):
    """Bytes by name. All may be called from any thread; they wait for the disk."""

    def read(self, name: str) -> bytes | None:
        """What is kept, or None. Raises DamagedError, StoreError, ValueError for no name."""

    def write(self, name: str, data: bytes) -> None:
        """Keep `data` in place of what was kept; when this returns, a loss of power does not
        undo it. Raises StoreError, and then the old is still there."""

    def delete(self, name: str) -> None:
        """Keep nothing; fine if nothing was kept. Raises StoreError."""

    def names(self, prefix: str = "") -> list[str]:
        """All names that begin with `prefix`, sorted. Raises StoreError."""

    def lock(self, name: str, seconds: float) -> Lock | None:
        """Become the one who works on `name`, which has nothing to do with what is kept under it.

        None: somebody else is. It ends after `seconds` unless renewed, so that a killed holder
        blocks nobody. Raises StoreError.
        """

    def holder(self, name: str) -> Holder | None:
        """Who has that lock now; None for nobody. Raises StoreError."""

    def loose(self) -> str:
        """What others than its user could do with what is kept, in a sentence with what mends it;
        "" for nothing. It looks at all that is kept."""


SUFFIX = ".kept"
"""Of a file's name, so that "a" (a file) and "a/b" (in a folder) can both be kept."""
LOCKS = ".locks"
LONGEST = 180
"""Bytes of a part of a name as it stands in the folder; most file systems take 255."""
SHORTENED = "%~"
"""Stands between the beginning of a part that is longer and its digest."""

_UNSAFE = re.compile(rb"[^a-z0-9._-]|^\.")
# Capitals are written as numbers too, for a disk that takes "A" and "a" for one name.


class FileStore:
    """A store in a folder, made if it is missing; files for this user alone.

    Raises StoreError if the folder cannot be made or others may write into it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._swept: set[Path] = set()
        self._sightings: Sightings = {}
        try:
            make_folder(folder)
        except OSError as error:
            raise said(error, folder, "made") from error
        check_folder(folder)

    def __repr__(self) -> str:
        return f"<FileStore {self.folder}>"

    def read(self, name: str) -> bytes | None:
        """See Store."""
        path = self._path(name)
        try:
            content = read_file(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise said(error, path, "read") from error
        head, _, data = content.partition(b"\n")
        if head != _head(name, data):
            raise DamagedError(
                f"{path} is damaged: what it holds is not what was written for {name!r}; put it"
                " back from a backup, or remove it and what it held is got anew",
                str(path),
            )
        return data

    def write(self, name: str, data: bytes) -> None:
        """See Store."""
        path = self._path(name)
        try:
            make_folder(path.parent)
            self._sweep_once(path.parent)
            put(path, _head(name, data) + b"\n" + data)
        except OSError as error:
            raise said(error, path, "written") from error

    def delete(self, name: str) -> None:
        """See Store. The folder that held it stays."""
        path = self._path(name)
        try:
            path.unlink()
            settle(path.parent)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise said(error, path, "removed") from error

    def names(self, prefix: str = "") -> list[str]:
        """See Store. One that is damaged is named too, unless its name stood only in it."""
        folders = prefix.split("/")[:-1]
        top = self.folder.joinpath(*map(_encoded, folders)) if all(folders) else self.folder
        found = (self._name(path) for path in _files(top))
        return sorted(name for name in found if name is not None and name.startswith(prefix))

    def lock(self, name: str, seconds: float) -> Lock | None:
        """See Store, and porch.certs.lease for what clocks have to do with it."""
        if not name:
            raise ValueError("a lock needs a name")
        return take(self.folder / LOCKS / _encoded(name), seconds, self._sightings)

    def holder(self, name: str) -> Holder | None:
        """See Store."""
        return holder(self.folder / LOCKS / _encoded(name))

    def check_room(self) -> None:
        """Raise StoreError if nothing could be kept now, with the reason."""
        check_room(self.folder)

    def loose(self) -> str:
        """See Store."""
        found = loose(self.folder)
        if not found:
            return ""
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        return (
            f"others have rights to what is in the store, where keys are ({found[0]}{more}):"
            f" chmod -R go= {shlex.quote(str(self.folder))}; if anybody may have read a key, renew"
            " its certificate"
        )

    def _path(self, name: str) -> Path:
        parts = [_encoded(part) for part in name.split("/")]
        if not all(parts):
            raise ValueError(f"{name!r} cannot be kept: a part of the name is empty")
        return self.folder.joinpath(*parts[:-1], parts[-1] + SUFFIX)

    def _name(self, path: Path) -> str | None:
        """What a file is kept for; None if it is not ours."""
        relative = path.relative_to(self.folder).as_posix().removesuffix(SUFFIX)
        try:
            if SHORTENED in relative:
                name = str(json.loads(read_file(path).partition(b"\n")[0])["name"])
            else:
                parts = map(unquote_to_bytes, relative.split("/"))
                name = "/".join(part.decode("utf-8", "surrogatepass") for part in parts)
            return name if self._path(name) == path else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _sweep_once(self, folder: Path) -> None:
        if folder not in self._swept:
            self._swept.add(folder)
            sweep(folder)


def _encoded(part: str) -> str:
    """A part of a name as a file's name: no two parts have one, and none leads elsewhere."""
    raw = part.encode("utf-8", "surrogatepass")
    safe = _UNSAFE.sub(lambda found: b"%%%02x" % found[0][0], raw).decode()
    if safe.endswith(SUFFIX):
        safe = safe.removesuffix(SUFFIX) + SUFFIX.replace(".", "%2e")
    if len(safe) > LONGEST:
        digest = hashlib.sha256(raw).hexdigest()
        safe = f"{safe[: LONGEST - len(digest)]}{SHORTENED}{digest}"
    return safe


def _head(name: str, data: bytes) -> bytes:
    """The first line of a file: whose it is, and what the rest must be."""
    digest = hashlib.sha256(json.dumps(name).encode() + b"\n" + data).hexdigest()
    return json.dumps({"porch": 1, "name": name, "sha256": digest}).encode()


def _files(top: Path) -> Iterator[Path]:
    """Every file of ours under `top`. A folder that is removed meanwhile is empty."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise said(error, Path(error.filename), "listed") from error

    for folder, folders, files in os.walk(top, onerror=refuse):
        with contextlib.suppress(ValueError):
            folders.remove(LOCKS)
        for file in files:
            if file.endswith(SUFFIX):
                yield Path(folder, file)
