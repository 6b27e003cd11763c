"""A worker is stopped, and the cache goes on."""

import os
import signal
from collections.abc import Callable

from tests.e2e.conftest import Connection, Door, Origin
from tests.e2e.test_cache_commands import WORDS, Counting, bodies

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]


def started(door: Start, origin: Scripted, words: str = "") -> Door:
    return door(f'{WORDS}{words}[routes]\n"*" = "127.0.0.1:{Counting(origin).port}"\n')


def test_a_purge_says_who_has_not_confirmed_it_and_is_in_force_there_too(
    door: Start, origin: Scripted
) -> None:
    running = started(door, origin)
    before = bodies(running, b"/x")
    assert len(before) == 1
    stopped = running.workers[1]
    os.kill(stopped, signal.SIGSTOP)
    try:
        done = running.porch("purge", "--all")
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert done.returncode == 0
    assert f"worker {stopped} has not confirmed it" in done.stdout
    assert not bodies(running, b"/x") & before


def test_a_purge_of_stores_in_memory_fails_where_one_has_not_made_it(
    door: Start, origin: Scripted
) -> None:
    running = started(door, origin, "cache_store = { memory = true }\n")
    bodies(running, b"/x")
    stopped = running.workers[0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        done = running.porch("purge", "--all")
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert done.returncode == 1
    assert f"not purged in worker {stopped}" in done.stderr
