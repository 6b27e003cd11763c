"""A disk that is really full: a small file system that only a child of the test sees."""

import ctypes
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from porch import clock
from porch.cache.opening import claim, open_store
from porch.cache.store import SMALL, StoreError
from porch.cache.sweeping import PAUSE
from tests.support.storing import answer, body_of, key

NEW_MOUNTS, PRIVATE, RECURSIVE = 0x20000, 1 << 18, 1 << 14
SMALL_DISK = b"size=5m"
NOT_ALLOWED = 77


def on_a_small_disk(folder: Path, work: Any) -> int:
    """Do it in a child that has 5 MiB at `folder`. How it ended: 0 for well."""
    folder.mkdir()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if (
                libc.unshare(NEW_MOUNTS)
                or libc.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None)
                or libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, SMALL_DISK)
            ):
                status = NOT_ALLOWED
            else:
                work(folder)
                status = 0
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fill(folder: Path) -> None:
    said: list[str] = []
    store = open_store(folder, 64 << 20, claim(folder), said.append)
    kept = []
    for number in range(300):
        body = bytes([number % 256]) * (SMALL if number % 3 else 100_000)
        entry = answer(number, len(body))
        ident = store.save(key(number), entry, body, store.moment())
        if ident is not None:
            kept.append((ident, body))
    assert len(said) == 1, said
    assert "free space" in said[0], said
    assert 20 < len(kept) < 200
    assert store.stat().refused > 0
    for ident, body in kept:
        assert body_of(store.load(ident)) == body
    store.purge("host", b"a.test")
    for ident, _ in kept:
        assert store.load(ident) is None
    for _ in range(300):
        store.sweep()
    body = bytes(SMALL)
    ident = store.save(key("a"), answer("a", SMALL), body, store.moment())
    assert body_of(store.load(ident)) == body
    assert len(said) == 1, said


def purge_all(folder: Path) -> None:
    """Files of what was purged give their room back when a write wants it, and no sweep does."""
    store = open_store(folder, 64 << 20, claim(folder), print)
    body = bytes(200_000)

    def save(number: int) -> bool:
        clock.tick()
        entry = answer(number, len(body))
        return store.save(key(number), entry, body, store.moment()) is not None

    kept = sum(map(save, range(60)))
    assert 15 < kept < 30
    store.purge("all")
    time.sleep(PAUSE)
    assert not save(100)
    assert sum(map(save, range(101, 121))) > 15


def claim_a_full_one(folder: Path) -> None:
    (folder / "filler").write_bytes(bytes(4 << 20))
    with (folder / "rest").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    with pytest.raises(StoreError, match="name another folder"):
        claim(folder)
    (folder / "filler").unlink()
    store = open_store(folder, 64 << 20, claim(folder), print)
    assert store.save(key("a"), answer("a", 9), b"x" * 9, store.moment()) is not None


@pytest.mark.parametrize("work", [fill, purge_all, claim_a_full_one])
def test_a_full_disk_loses_what_is_to_be_stored_and_nothing_else(tmp_path: Path, work) -> None:
    status = on_a_small_disk(tmp_path / "store", work)
    if status == NOT_ALLOWED:
        pytest.skip("only who may mount can make a small disk")
    assert status == 0
