"""The sign of life of a long work."""

import threading
import time

import pytest

from porch import clock
from porch.certs import pulse as module
from porch.certs.failure import IssueError
from porch.certs.pulse import Pulse, Stopped
from tests.support.store import MemoryStore


class Lease:
    """One that tells when it is renewed. answer: what it says, or raises."""

    def __init__(self) -> None:
        self.renewed = threading.Semaphore(0)
        self.answer: bool | Exception = True

    def renew(self) -> bool:
        self.renewed.release()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def release(self) -> None: ...


@pytest.fixture
def lease(monkeypatch: pytest.MonkeyPatch) -> Lease:
    monkeypatch.setattr(module, "LEASE", 0.003)
    return Lease()


def wait_until_lost(pulse: Pulse) -> IssueError:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            pulse()
        except IssueError as error:
            return error
        time.sleep(0.001)
    raise AssertionError("it was not lost")


def test_a_long_work_keeps_its_lock(lease: Lease) -> None:
    with Pulse(lease, lambda: False) as pulse:
        for _ in range(3):
            assert lease.renewed.acquire(timeout=5)
        pulse()
    assert "porch-lease" not in {thread.name for thread in threading.enumerate()}


def test_it_ends_the_work_when_the_door_ends(lease: Lease) -> None:
    with pytest.raises(Stopped):
        Pulse(lease, lambda: True)()


@pytest.mark.parametrize(
    ("answer", "words"), [(False, "another goes on with it"), (OSError("gone"), "was lost: gone")]
)
def test_a_lock_that_cannot_be_renewed_is_lost(
    lease: Lease, answer: bool | Exception, words: str
) -> None:
    lease.answer = answer
    with Pulse(lease, lambda: False) as pulse:
        error = wait_until_lost(pulse)
        assert error.kind == "busy"
        assert words in str(error)
    with pytest.raises(IssueError, match=words):
        Pulse(lease, lambda: False).renew()


def test_a_work_that_hangs_loses_its_lock(lease: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    with Pulse(lease, lambda: False) as pulse:
        start = clock.monotonic()
        monkeypatch.setattr(clock, "monotonic", lambda: start + module.LONGEST + 1)
        pulse._thread.join(5)
        assert not pulse._thread.is_alive()
        with pytest.raises(IssueError, match="nothing went on for long"):
            pulse()


def test_a_work_that_ends_lets_go_at_once(store: MemoryStore) -> None:
    held = store.lock("issue/x", module.LEASE)
    assert held is not None
    start = time.monotonic()
    with Pulse(held, lambda: False):
        pass
    assert time.monotonic() - start < 1
