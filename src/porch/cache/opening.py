"""Opening a disk store: who may, and whether what is in it can be trusted.

The supervisor claims the folder before it forks; each worker opens the store after. What is stored
is kept over restarts of the door, whatever ended it, since the page cache outlives processes; over
restarts of the machine only if the door was ended in order (`settle`) before.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import lmdb
import msgspec

from porch import clock
from porch.cache.board import ERA, SIZE, VERSION, Board
from porch.cache.database import era_folder, whole
from porch.cache.disk_store import DiskStore
from porch.cache.store import LEAST, StoreError

__all__ = ["FORMAT", "LEAP", "Claim", "claim", "forsake", "open_store", "settle"]

FORMAT = 1
"""Of what is stored. A store of another is emptied, never read."""
LEAP = float(1 << 33)
"""Seconds that the clock of the store leaps by where nobody knows how long the machine was off: no
answer is fresh for so long (RFC 9111 1.2.2: 2^31 stands for infinity), so all have expired."""

_PLAIN = os.O_CLOEXEC | os.O_NOFOLLOW
"""The folder may be the workers', who are less than the one who claims it: no link of theirs is
followed to where they could not write."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_STATE = "state"
_DIGITS = 16
"""What is longer is no number of a database."""


class _End(msgspec.Struct):
    """When the door was ended in order: by the clock of the store, and by the time of day."""

    now: float
    wall: float


class _State(msgspec.Struct):
    """What a store says of itself. uptime: when it was claimed. clean: None while it is in use."""

    format: int
    boot: str
    uptime: float
    offset: float
    clean: _End | None


class Claim(NamedTuple):
    """What the supervisor holds and workers inherit, by a fork or, made inheritable, by an exec:
    descriptors of the lock and of the shared memory, and the clock's offset."""

    lock: int
    board: int
    offset: float


def claim(folder: Path, worker: int = -1, say: Callable[[str], object] | None = None) -> Claim:
    """Become the one Porch that has this store, until all that inherit the lock have ended.

    Makes the folder if it is missing, and throws away what cannot be trusted. worker: the user that
    workers turn into, who may own it too. say: tells the operator a sentence. Raises StoreError.
    """
    try:
        if not _own(folder, worker) and say is not None:
            say(
                f"others could write to {folder}, and might have put answers into it: it is closed"
                " to them from now on (mode 0700), and the cache begins anew"
            )
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | _PLAIN, 0o600)
        try:
            _lock(folder, lock)
            offset = _prepare(folder)
            board = Board.make()
        except BaseException:
            os.close(lock)
            raise
    except OSError as error:
        raise StoreError(
            f"the cache cannot be kept in {folder}: {error.strerror}; name another folder, or"
            " mend that one"
        ) from error
    numbers = Board(board).numbers
    numbers[VERSION] = FORMAT
    numbers[ERA] = _newest(folder)
    return Claim(lock, board, offset)


def open_store(
    folder: Path, max_size: int, claimed: Claim, say: Callable[[str], None]
) -> DiskStore:
    """The store, in a worker: after the fork, for a database must not cross one. max_size: bytes
    of disk, LEAST at least; say: tells the operator a sentence. Raises StoreError, also for a store
    that another version of Porch has claimed and handed over."""
    if max_size < LEAST:
        raise StoreError(f"a cache of {max_size} bytes is too small: give it {LEAST >> 20} MiB")
    board = Board(claimed.board) if os.fstat(claimed.board).st_size == SIZE else None
    if board is None or board.numbers[VERSION] != FORMAT:
        raise StoreError(
            f"the cache in {folder} is in use in the form of another version of Porch: restart"
            " Porch, and it begins anew"
        )
    try:
        return DiskStore(folder, max_size, board, claimed.offset, say)
    except OSError as error:
        raise StoreError(
            f"the cache cannot be kept in {folder}: {error.strerror}: let workers write there"
        ) from error


def settle(folder: Path, claimed: Claim) -> None:
    """All workers have ended and nothing is written any more: bring it to the disk, so that it is
    still there when the machine has restarted, and let others claim it. Never raises."""
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("era-*/data.mdb")):
            _sync(path)
        uptime = clock.uptime()
        clean = _End(uptime + claimed.offset, clock.wall())
        _write_state(folder, _State(FORMAT, _boot(), uptime, claimed.offset, clean))
    os.close(claimed.lock)
    os.close(claimed.board)


def forsake(folder: Path) -> None:
    """A door serves the same without this store: what is kept in it may be changed meanwhile, and
    nobody would let go of it. It is empty for the next that claims it. Never raises."""
    with contextlib.suppress(OSError):
        (folder / _STATE).unlink(missing_ok=True)


def _own(folder: Path, worker: int) -> bool:
    """A folder of this user's, or the workers', that nobody else can write to; whether nobody could
    before. Where others could, what is in it is not believed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid not in (os.geteuid(), worker):
        raise StoreError(
            f"{folder} belongs to another user (uid {found.st_uid}), who could put answers into"
            " the cache: name another folder, or give it to the user that Porch runs as"
        )
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        folder.chmod(0o700)
    if mode & 0o022:
        (folder / _STATE).unlink(missing_ok=True)
    return not mode & 0o022


def _lock(folder: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        holder = os.pread(lock, 32, 0).decode(errors="replace").strip()
        raise StoreError(
            f"another Porch (process {holder or 'not known'}) keeps its cache in {folder}: end it,"
            " or give this one a folder of its own"
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)


def _prepare(folder: Path) -> float:
    """Throw away what cannot be trusted; the clock's offset."""
    state = _read_state(folder)
    boot, uptime, wall = _boot(), clock.uptime(), clock.wall()
    offset: float | None = None
    if state is not None and boot and state.boot == boot and uptime >= state.uptime:
        offset = state.offset
    elif state is not None and state.clean is not None:
        off = wall - state.clean.wall
        offset = state.clean.now + (off if off >= 0 else LEAP) - uptime
    eras = sorted(folder.glob("era-*"), key=_number)
    for each in eras[:-1] if offset is not None else eras:
        _put_aside(each)
    if offset is None:
        offset = wall - uptime
    else:
        _keep_sound(folder)
    _remove_aside(folder)
    _write_state(folder, _State(FORMAT, boot, uptime, offset, None))
    return offset


def _keep_sound(folder: Path) -> None:
    """A database that is cut off must not be opened, and beside what one that is missing has left
    none begins; one that has grown and is nearly empty is written anew, smaller."""
    present = era_folder(folder, _newest(folder))
    if not (present / "data.mdb").exists() or not whole(present):
        _put_aside(present)
        return
    (present / "lock.mdb").unlink(missing_ok=True)  # of readers that have ended
    _compact(present)


def _compact(present: Path) -> None:
    """Free pages of the database go back to the disk, if they are many."""
    file, smaller = present / "data.mdb", present / "compact"
    shutil.rmtree(smaller, ignore_errors=True)
    if not file.exists():
        return
    try:
        with lmdb.open(str(present), readonly=True, lock=False, max_dbs=8) as env:
            free = _free_pages(env)
            if free * 4096 < file.stat().st_size // 3 or free * 4096 < 16 << 20:
                return
            smaller.mkdir(mode=0o700)
            env.copy(str(smaller), compact=True)
        (smaller / "data.mdb").replace(file)
    except (lmdb.Error, OSError):
        pass  # as it was; what is damaged in it, a worker will find
    shutil.rmtree(smaller, ignore_errors=True)


def _free_pages(env: lmdb.Environment) -> int:
    used = 0
    with env.begin() as txn:
        for name in (b"objects", b"keys", b"growing", b"bans", b"log", b"meta"):
            with contextlib.suppress(lmdb.NotFoundError):
                found = txn.stat(env.open_db(name, txn=txn, create=False))
                used += found["branch_pages"] + found["leaf_pages"] + found["overflow_pages"]
    return int(env.info()["last_pgno"]) - used


def _newest(folder: Path) -> int:
    """The number of the database in use; those that were put aside count too."""
    present = max(map(_number, folder.glob("era-*")), default=-1)
    aside = max(map(_number, folder.glob("gone-era-*")), default=0)
    return present if present >= 0 else aside + 1


def _number(path: Path) -> int:
    for part in path.name.split("-"):
        if part.isdecimal() and len(part) < _DIGITS:
            return int(part)
    return -1


def _put_aside(folder: Path) -> None:
    if os.path.lexists(folder):
        folder.rename(folder.with_name(f"gone-{folder.name}-{os.getpid()}"))


def _remove_aside(folder: Path) -> None:
    """The databases at once, for their room; the bodies are left to the sweep."""
    for path in folder.glob("gone-*/*.mdb"):
        if not path.parent.is_symlink():
            path.unlink(missing_ok=True)


def _boot() -> str:
    """Names the present run of the machine; "" where nothing does."""
    with contextlib.suppress(OSError):
        return _BOOT.read_text(encoding="ascii").strip()
    return ""


def _read_state(folder: Path) -> _State | None:
    """None for none, or one of another version or that makes no sense."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        state = msgspec.json.decode((folder / _STATE).read_bytes(), type=_State)
        return state if state.format == FORMAT else None
    return None


def _write_state(folder: Path, state: _State) -> None:
    """On the disk when it returns: an older one that said "clean" must not come back."""
    new = folder / f"{_STATE}.new"
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(state))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(folder / _STATE)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
