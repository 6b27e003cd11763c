"""A worker that is stopped while it writes."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from porch.cache.disk_store import DiskStore
from porch.cache.gate import PATIENCE
from porch.cache.opening import claim, open_store
from porch.cache.saving import Saving
from porch.cache.store import Save
from tests.support.storing import SIZE, Worker, answer, body_of, keep, key, worker


def write_for_long(store: DiskStore, ready: int, enough: int) -> None:
    """As one that has no processor just then."""
    with store._database.writing():
        os.write(ready, b"x")
        os.read(enough, 1)


def stop_in_a_write(store: DiskStore) -> None:
    with store._database.writing():
        os.kill(os.getpid(), signal.SIGSTOP)


@pytest.mark.parametrize(
    "purge", [lambda store: store.purge("tag", b"x"), lambda store: store.forget(key("c"))]
)
def test_a_worker_that_is_stopped_in_a_write_keeps_no_other_waiting(
    tmp_path: Path, purge: Callable[[DiskStore], object]
) -> None:
    folder = tmp_path / "store"
    claimed = claim(folder)
    said: list[str] = []
    writer = Worker(folder, SIZE, claimed)
    store = open_store(folder, SIZE, claimed, said.append)
    ident = keep(store, "a")
    writer.start(stop_in_a_write)
    os.waitpid(writer.pid, os.WUNTRACED)
    began = time.monotonic()
    saves = [Save(key("b"), answer("b", 4), b"body", store.moment())]
    assert [store.save_all(saves) for _ in range(100)] == [None] * 100, "they can be tried again"
    assert time.monotonic() - began < 0.1
    assert not said
    store.on_hanging()
    began = time.monotonic()
    for number in range(20):
        assert store.save(key(number), answer(number, 4), b"body", store.moment()) is None
    assert time.monotonic() - began < 1.0, "one waits, the others do not"
    assert store.load(ident) is not None, "and all read on"
    assert len(said) == 1
    assert "hangs in the middle of a write" in said[0]
    before = store.generations[store.cell(key("a"))]
    purge(store)
    assert store.generations[store.cell(key("a"))] != before
    assert store.load(ident) is None, "what cannot be noted purges everything"
    keep(store, "b")
    writer.kill()
    assert body_of(store.load(store.variants(key("b"))[0].ident)) == b"body"
    store.close()
    os.close(claimed.lock)
    os.close(claimed.board)


def test_a_worker_that_takes_long_to_write_costs_others_nothing_but_time(tmp_path: Path) -> None:
    """Nor does the loop of another stop for it."""
    folder = tmp_path / "store"
    claimed = claim(folder)
    said: list[str] = []
    looked, ready = os.pipe()
    enough, waited = os.pipe()
    with worker(folder, claimed) as writer:
        store = open_store(folder, SIZE, claimed, said.append)
        saving = Saving(store)
        told: list[bytes | None] = []
        due: list[Callable[[], object]] = []
        pauses: list[float] = []

        def later(seconds: float, call: Callable[[], object]) -> Any:
            pauses.append(seconds)
            due.append(call)
            if len(pauses) == 12:
                os.write(waited, b"x")

        writer.start(write_for_long, ready, enough)
        os.read(looked, 1)
        spent: list[float] = []
        for number in range(100):
            save = Save(key(number), answer(number, 4), b"body", store.moment())
            saving.add(save, told.append, later)
        while due:
            before = time.monotonic()
            due.pop()()
            spent.append(time.monotonic() - before)
            time.sleep(pauses[-1])
        writer.result()
        assert len(told) == 100
        assert None not in told
        assert len(pauses) >= 12, "it was in the way"
        assert median(spent) < PATIENCE / 10
        assert not said
        store.close()
    for each in (looked, ready, enough, waited, claimed.lock, claimed.board):
        os.close(each)
