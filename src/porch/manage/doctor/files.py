"""Whether the files and folders of a door can be used by who uses them, and have room."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from porch.cache.ground import is_firm, kinds
from porch.certs.store import FileStore, StoreError
from porch.config.loaded import Loaded
from porch.config.logs import log_files
from porch.manage.cache_keeping import caches
from porch.manage.cache_place import cache_place
from porch.manage.doctor.patient import Found, Patient, look, ok, wrong
from porch.manage.store_folder import store_folder
from porch.manage.user import Identity, identity, obstacle, unreadable

__all__ = ["check_cache", "check_files", "check_logs", "check_store", "check_user"]

LITTLE = 0.1
"""The part of a disk that is free at least, or somebody should look."""
LEAST = 0.01
ENOUGH = 5_000_000_000
"""Bytes that are free at least, where it is less than LITTLE of a large disk."""
SMALL = 100_000_000
REMOTE = frozenset(("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"))
"""File systems of other machines: a database that several map is not safe there (LMDB, Caveats)."""


def check_user(patient: Patient) -> Iterator[Found]:
    """Whether workers can become who they are to be, and read the code that they run."""
    if patient.loaded is None:
        return
    who, trouble = _identity(patient.loaded)
    if trouble:
        yield wrong("user", trouble)
    elif who is None:
        root = " root, whatever a stranger sends to them; name one with fewer rights: user"
        yield (
            look("user", f"workers run as{root}")
            if os.geteuid() == 0
            else ok("user", f"workers run as who starts the door, uid {os.geteuid()} here")
        )
    else:
        why = obstacle(who)
        yield look("user", why) if why else ok("user", f"workers become {who}")
    if who is None:
        text = unreadable()
    else:
        text = _barred(Path(os.__file__), who, os.R_OK) or _barred(Path(__file__), who, os.R_OK)
        text = f"{text}, which is part of Porch or its Python; install them in /opt" if text else ""
    if text:
        yield wrong("user", text)


def check_files(patient: Patient) -> Iterator[Found]:
    """What workers open themselves: folders that they serve, and sockets of origins."""
    if patient.loaded is None:
        return
    who, _ = _identity(patient.loaded)
    found = False
    for target in {each.text: each for entry in patient.loaded.routes for each in entry.targets}:
        kind, _, rest = target.partition(":")
        if kind not in ("file", "unix") or not rest:
            continue
        path = patient.loaded.base / rest
        want = os.R_OK | os.X_OK if kind == "file" else os.W_OK
        if not path.exists():
            what = "nothing is served from it" if kind == "file" else "its backend does not run"
            yield wrong("files", f"{path} does not exist, so that {what}; see `to` of its route")
        elif text := _barred(path, who, want):
            yield wrong("files", f"{text}; give it the right (chmod, chgrp), or name another user")
        else:
            continue
        found = True
    if not found:
        count = len(patient.loaded.files)
        yield ok(
            "files",
            f"the {count} file{'s' * (count != 1)} of the configuration, and all that"
            " routes lead to, can be read",
        )


def check_logs(patient: Patient) -> Iterator[Found]:
    """Whether lines can be written, and for how long there is room for them."""
    if patient.loaded is None:
        return
    files = log_files(patient.loaded.config, patient.loaded.base)
    if not files:
        yield ok("logs", "no file is written")
    for file in files:
        there = file if file.exists() else file.parent
        if not there.exists():
            yield wrong("logs", f"{file.parent} does not exist; make it, or name another file: log")
        elif not os.access(there, os.W_OK) and os.geteuid() != 0:
            yield wrong("logs", f"this user may not write {there}; chown it, or name another: log")
        else:
            yield _room(
                "logs",
                there,
                "lines will be lost, and the rest of the machine suffers;"
                " rotate logs, or move them to another disk",
                f"{file} can be written",
            )


def check_cache(patient: Patient) -> Iterator[Found]:
    """Where answers are kept, if they are kept on a disk."""
    if patient.loaded is None or not caches(patient.loaded):
        return
    place = cache_place(patient.loaded)
    if place.folder is None:
        yield ok("cache", f"up to {place.size / 1e6:.0f} MB in the memory of each worker")
        return
    folder = _nearest(place.folder)
    who, _ = _identity(patient.loaded)
    text = _barred(folder, who if place.folder.exists() else None, os.W_OK | os.X_OK)
    if text:
        yield wrong("cache", f"{text}, so that nothing is kept; chown it, or set cache_store.path")
        return
    system = kinds(folder)
    if not REMOTE.isdisjoint(system):
        yield look(
            "cache",
            f"{folder} is on {system[0]}, a disk of another machine: it is slow and"
            " not safe for what all workers map; set cache_store.path to a local folder",
        )
        return
    kept = sum(each.stat().st_size for each in place.folder.rglob("*") if each.is_file())
    free = _free(folder)
    more = place.size - kept
    if free < more:
        yield look(
            "cache",
            f"{folder} has {_size(free)} free and the cache may take {_size(more)}"
            " more; lower cache_store.size, or make room: what has none is not kept",
        )
        return
    slow = "" if is_firm(folder) else ", where each write is a call (see docs/design.md)"
    name = system[0] if system else "an unknown file system"
    yield ok("cache", f"{place.folder}: {_size(kept)} kept, {_size(free)} free on {name}{slow}")


def check_store(patient: Patient) -> Iterator[Found]:
    """Where certificates, accounts and keys of cookies are."""
    if patient.loaded is None or patient.built is None:
        return
    if not (patient.built.certificates.gets or patient.built.needs_key):
        return
    told = (patient.status or {}).get("configuration", {}).get("store")
    folder = Path(told) if told else store_folder(patient.loaded)
    if not folder.exists():
        there = _nearest(folder)
        may = os.access(there, os.W_OK | os.X_OK)
        yield (
            ok("store", f"{folder} is made at the first start")
            if may
            else wrong(
                "store",
                f"{folder} cannot be made: this user may not write {there}; set"
                " store to a folder of its own, or start the door as another user",
            )
        )
        return
    try:
        found = FileStore(folder).loose()
    except StoreError as error:
        yield wrong("store", str(error))
        return
    if found:
        yield wrong("store", found)
    yield _room(
        "store",
        folder,
        "no certificate can be renewed then; make room",
        f"{folder} is this door's alone",
    )


def _identity(loaded: Loaded) -> tuple[Identity | None, str]:
    """Whom workers become, and why they cannot."""
    if loaded.config.user is None:
        return None, ""
    try:
        return identity(loaded.config.user, loaded.config.group), ""
    except ValueError as error:
        return None, str(error)


def _barred(path: Path, who: Identity | None, want: int) -> str:
    """Why `who` cannot use it, by the bits of the file and of the folders around it; "" if they
    let in. who: None for this user."""
    if who is None:
        return "" if os.access(path, want) else f"this user may not use {path}"
    for folder in reversed(path.resolve().parents):
        if not _lets(folder, who, os.X_OK):
            return f"{who} may not go into {folder}, and so not to {path}"
    return "" if _lets(path, who, want) else f"{who} may not use {path}"


def _lets(path: Path, who: Identity, want: int) -> bool:
    """As the kernel does without lists of further rights (path_resolution(7))."""
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid == who.uid:
        mode >>= 6
    elif found.st_gid in who.groups:
        mode >>= 3
    return mode & want == want


def _room(name: str, path: Path, harm: str, fine: str) -> Found:
    """How full its disk is, of bytes and of inodes."""
    found = os.statvfs(path)
    free, size = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    inodes = found.f_favail / found.f_files if found.f_files else 1.0
    part = free / size if size else 1.0
    if min(part, inodes) < LEAST or free < SMALL:
        what = f"{_size(free)} are free" if inodes >= LEAST else "no more files can be made"
        return wrong(name, f"the disk of {path} is full, {what}: {harm}")
    if part < LITTLE and free < ENOUGH:
        return look(
            name,
            f"the disk of {path} is {1 - part:.0%} full, {_size(free)} are free;"
            f" once it is full, {harm}",
        )
    return ok(name, f"{fine}, and {_size(free)} are free")


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _nearest(path: Path) -> Path:
    """It, or what of the way to it is there."""
    path = path.absolute()
    return next(each for each in (path, *path.parents) if each.exists())


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
