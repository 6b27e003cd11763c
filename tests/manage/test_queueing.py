"""Whether somebody else wants this core: with somebody who does."""

import os
import subprocess
import sys
import time

import pytest

from porch.manage.queueing import ALWAYS, Queueing

SPIN = "while True: pass"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_it_waits_for_a_core_that_another_wants_too() -> None:
    before = os.sched_getaffinity(0)
    core = min(before)
    os.sched_setaffinity(0, {core})
    other = subprocess.Popen([sys.executable, "-c", SPIN])  # on the same core
    try:
        queueing = Queueing()
        until = time.monotonic() + 5
        waited = 0.0
        while waited < 0.01 and time.monotonic() < until:
            waited += queueing.waited()
        assert waited >= 0.01
        queueing.close()
    finally:
        other.kill()
        other.wait()
        os.sched_setaffinity(0, before)


def test_where_the_system_does_not_tell_there_is_always_somebody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> int:
        raise FileNotFoundError

    monkeypatch.setattr(os, "open", refuse)
    queueing = Queueing()
    assert queueing.waited() == ALWAYS
    queueing.close()
