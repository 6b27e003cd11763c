"""A worker that is stopped while it writes."""

import os
import signal
import time
from pathlib import Path

from porch.cache.disk_store import DiskStore
from porch.cache.opening import claim, open_store
from tests.support.storing import SIZE, Worker, answer, body_of, keep, key


def stop_in_a_write(store: DiskStore) -> None:
    with store._database.writing():
        os.kill(os.getpid(), signal.SIGSTOP)


def test_a_worker_that_is_stopped_in_a_write_keeps_no_other_waiting(
    tmp_path: Path,
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
    for number in range(20):
        assert store.save(key(number), answer(number, 4), b"body", store.moment()) is None
    assert time.monotonic() - began < 1.0, "one waits, the others do not"
    assert store.load(ident) is not None, "and all read on"
    assert len(said) == 1
    assert "hangs in the middle of a write" in said[0]
    before = store.generations[store.cell(key("a"))]
    store.purge("tag", b"x")
    assert store.generations[store.cell(key("a"))] != before
    assert store.load(ident) is None, "what cannot be noted purges everything"
    keep(store, "b")
    writer.kill()
    assert body_of(store.load(store.variants(key("b"))[0].ident)) == b"body"
    store.close()
    os.close(claimed.lock)
    os.close(claimed.board)
