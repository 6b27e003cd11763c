"""The sign of life of a long work."""

import pytest

from porch import clock
from porch.certs.failure import IssueError
from porch.certs.pulse import LEASE, Pulse, Stopped
from tests.support.store import MemoryStore


def test_a_long_one_keeps_its_lock(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = store.lock("issue/x", LEASE)
    assert lease is not None
    pulse = Pulse(lease, lambda: False)
    pulse()
    assert store.renewed == 0
    start = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: start + LEASE / 2)
    pulse()
    pulse()
    assert store.renewed == 1


def test_a_lock_that_cannot_be_renewed_is_lost() -> None:
    class Broken:
        def renew(self) -> None:
            raise OSError("gone")

        def release(self) -> None: ...

    with pytest.raises(IssueError, match=r"was lost: gone") as caught:
        Pulse(Broken(), lambda: False).renew()
    assert caught.value.kind == "busy"


def test_it_ends_the_work_when_the_door_ends(store: MemoryStore) -> None:
    lease = store.lock("issue/x", LEASE)
    assert lease is not None
    with pytest.raises(Stopped):
        Pulse(lease, lambda: True)()
