"""Stores for tests: one in memory, one in a folder that processes share."""

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path
from urllib.parse import quote, unquote


class MemoryStore:
    """In memory. busy: names that somebody else has locked. locked: names that are locked now."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.busy: set[str] = set()
        self.locked: set[str] = set()
        self.renewed = 0
        self.lost = False

    def read(self, name: str) -> bytes | None:
        return self.contents.get(name)

    def write(self, name: str, data: bytes) -> None:
        self.contents[name] = data

    def delete(self, name: str) -> None:
        self.contents.pop(name, None)

    def names(self, prefix: str = "") -> list[str]:
        return sorted(name for name in self.contents if name.startswith(prefix))

    def lock(self, name: str, seconds: float) -> "MemoryLease | None":
        if name in self.busy or name in self.locked:
            return None
        self.locked.add(name)
        return MemoryLease(self, name)


class MemoryLease:
    def __init__(self, store: MemoryStore, name: str) -> None:
        self._store = store
        self._name = name

    def renew(self) -> bool:
        self._store.renewed += 1
        return not self._store.lost

    def release(self) -> None:
        self._store.locked.discard(self._name)


class FolderStore:
    """A file a name; flock is the lock, so that it ends with its process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        return self._folder / quote(name, safe="")

    def read(self, name: str) -> bytes | None:
        with contextlib.suppress(FileNotFoundError):
            return self._path(name).read_bytes()
        return None

    def write(self, name: str, data: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as file:
            file.write(data)
        os.replace(file.name, self._path(name))

    def delete(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def names(self, prefix: str = "") -> list[str]:
        found = (
            unquote(path.name) for path in self._folder.iterdir() if not path.name.startswith(".")
        )
        return sorted(name for name in found if name.startswith(prefix))

    def lock(self, name: str, seconds: float) -> "FolderLease | None":
        descriptor = os.open(
            self._folder / f".lock-{quote(name, safe='')}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return FolderLease(descriptor)


class FolderLease:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def renew(self) -> bool:
        return True

    def release(self) -> None:
        os.close(self._descriptor)
