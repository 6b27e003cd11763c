"""A worker is stopped, and the cache goes on."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Connection, Door, Origin
from tests.e2e.test_cache_commands import WORDS, Counting, bodies

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]


def started(door: Start, origin: Scripted, words: str = "") -> Door:
    return door(f'{WORDS}{words}[routes]\n"*" = "127.0.0.1:{Counting(origin).port}"\n')


@pytest.mark.parametrize("words", ["", "cache_store = { memory = true }\n"], ids=["disk", "memory"])
def test_a_purge_says_who_has_not_confirmed_it_and_is_in_force_there_too(
    door: Start, origin: Scripted, words: str
) -> None:
    running = started(door, origin, words)
    before = bodies(running, b"/x")
    assert before
    stopped = running.workers[1]
    os.kill(stopped, signal.SIGSTOP)
    try:
        done = running.porch("purge", "--all")
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert done.returncode == 0
    assert f"worker {stopped} has not confirmed it" in done.stdout
    assert not bodies(running, b"/x") & before
