"""Answers to be stored, and workers (real processes) that store them."""

import contextlib
import hashlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from porch.cache.disk_store import DiskStore
from porch.cache.entry import Entry
from porch.cache.opening import Claim, claim, open_store
from porch.cache.store import Store, Stored

__all__ = ["SIZE", "Worker", "answer", "body_of", "disk", "keep", "key", "worker"]

SIZE = 16 << 20
"""Bytes of a store, if nothing else is said."""

Result = TypeVar("Result")


def key(name: object) -> bytes:
    """A primary key."""
    return hashlib.blake2b(str(name).encode(), digest_size=16).digest()


def answer(name: object = "a", length: int = 0, **words: Any) -> Entry:
    """What is to be stored under `key(name)`; words: other attributes."""
    values: dict[str, Any] = {
        "status": 200,
        "fields": [(b"content-type", b"text/plain")],
        "length": length,
        "received": 1000.0,
        "age": 0.0,
        "lifetime": 60.0,
        "source": "max-age",
        "url": f"https://a.test/{name}".encode(),
    }
    return Entry(**(values | words))


def keep(store: Store, name: object = "a", body: bytes = b"body", **words: Any) -> bytes:
    """Store an answer. Its ident."""
    entry = answer(name, len(body), **words)
    ident = store.save(key(name), entry, body, store.moment())
    assert ident is not None
    return ident


def body_of(stored: Stored | None) -> bytes | None:
    """All of the body; None for no answer or a damaged one."""
    if stored is None or isinstance(stored.body, bytes):
        return None if stored is None else stored.body
    return stored.body.read(0, stored.body.length)


@contextlib.contextmanager
def disk(
    folder: Path, size: int = SIZE, say: Callable[[str], None] = print
) -> Iterator[tuple[DiskStore, Claim]]:
    """A store that was claimed, and is let go of; opened by this process."""
    claimed = claim(folder)
    store = open_store(folder, size, claimed, say)
    try:
        yield store, claimed
    finally:
        store.close()
        os.close(claimed.lock)
        os.close(claimed.board)


class Worker:
    """A process that has the store open and does what it is told. `run` waits for what came out;
    `start` does not, for what is to be killed in the middle."""

    def __init__(self, folder: Path, size: int, claimed: Claim) -> None:
        self._ours, theirs = Pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._ours.close()
            _serve(theirs, folder, size, claimed)
        theirs.close()

    def run(self, work: Callable[..., Result], *words: Any) -> Result:
        """Call work(store, *words) there."""
        self.start(work, *words)
        return self.result()

    def start(self, work: Callable[..., Any], *words: Any) -> None:
        self._ours.send((work, words))

    def result(self) -> Any:
        """Of what was started. Raises AssertionError with what was raised there."""
        is_done, result = self._ours.recv()
        assert is_done, result
        return result

    def kill(self) -> None:
        """As `kill -9` does."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """It ends when nobody can tell it anything any more. How it ended."""
        self._ours.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _serve(orders: Connection, folder: Path, size: int, claimed: Claim) -> None:
    """In the child: it must never come back into the test."""
    try:
        store = open_store(folder, size, claimed, lambda text: None)
        while True:
            work, words = orders.recv()
            try:
                orders.send((True, work(store, *words)))
            except Exception:
                orders.send((False, traceback.format_exc()))
    except EOFError:
        os._exit(0)
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
        os._exit(1)


@contextlib.contextmanager
def worker(folder: Path, claimed: Claim, size: int = SIZE) -> Iterator[Worker]:
    """One, that is gone afterwards."""
    made = Worker(folder, size, claimed)
    try:
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError, ChildProcessError, OSError):
            made.kill()
