"""What waits when a door is told to stop is served, however full the moment is."""

import contextlib
import os
import signal
import socket
import time

import pytest

from tests.e2e.conftest import Door

TWO = "log = false\nworkers = 2\n"
NOBODY = '[routes]\n"*" = "respond:204"\n'
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


def _stop_while_it_cannot_hear(door: Door) -> None:
    """SIGTERM arrives while the workers stand still, and so behind all that was sent meanwhile."""
    door.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    for worker in door.workers:
        os.kill(worker, signal.SIGCONT)


def _stand_still(door: Door) -> None:
    for worker in door.workers:
        os.kill(worker, signal.SIGSTOP)


def _assert_answered(clients: list[socket.socket]) -> None:
    for each in clients:
        assert each.recv(4096).startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize("run", range(5))
def test_sigterm_serves_what_waits_in_the_backlogs(door, run):
    started = door(TWO + NOBODY)
    with contextlib.ExitStack() as stack:
        _stand_still(started)
        waiting = [stack.enter_context(started.connect()) for _ in range(60)]
        for each in waiting:
            each.sendall(GET)
        _stop_while_it_cannot_hear(started)
        _assert_answered(waiting)
    assert started.process.wait(10) == 0


def test_sigterm_serves_a_request_that_has_arrived_on_a_kept_connection(door):
    started = door(TWO + NOBODY)
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(started.connect()) for _ in range(60)]
        for each in kept:
            each.sendall(GET)
        _assert_answered(kept)
        _stand_still(started)
        for each in kept:
            each.sendall(GET)
        _stop_while_it_cannot_hear(started)
        _assert_answered(kept)
    assert started.process.wait(10) == 0
