"""Who is about the certificate of a host, in words."""

import os
from pathlib import Path

import pytest

from porch.certs.holding import lock_name, who_holds
from porch.certs.store import FileStore
from tests.support.hands import Hands


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    Hands(monkeypatch)
    return FileStore(tmp_path / "store")


def test_who_gets_one_is_told_and_until_when_he_has_the_lock(store: FileStore) -> None:
    assert who_holds(store, "*.a.example") == ""
    lock = store.lock(lock_name("*.a.example"), 60)
    assert lock is not None
    assert who_holds(store, "*.a.example") == (
        f"process {os.getpid()} on {os.uname().nodename} gets one, and has its lock until "
        "2027-01-15T08:01:00Z or longer"
    )
    lock.release()
    assert who_holds(store, "*.a.example") == ""


def test_one_that_was_killed_is_told_with_when_the_next_begins(store: FileStore) -> None:
    child = os.fork()
    if child == 0:
        store.lock(lock_name("a.example"), 60)
        os._exit(0)
    os.waitpid(child, 0)
    assert who_holds(store, "a.example") == (
        f"process {child} on {os.uname().nodename} was killed while it got one; the next begins "
        "at 2027-01-15T08:01:00Z, when its lock ends"
    )
