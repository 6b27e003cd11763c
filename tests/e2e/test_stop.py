"""What waits when a door is told to stop is served, however full the moment is."""

import contextlib
import os
import signal
import socket
import threading
import time

import pytest

from tests.e2e.conftest import START, Door, is_ended
from tests.support.echo import EchoOrigin
from tests.support.ports import free_port

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


def test_a_stop_in_the_middle_of_an_upgrade_wins(door):
    started = door(TWO + NOBODY)
    workers = started.workers
    started.process.send_signal(signal.SIGUSR2)
    time.sleep(0.25)
    began = time.monotonic()
    assert started.stop() == 0
    assert time.monotonic() - began < 5
    assert "upgraded" not in started.errors
    assert all(is_ended(each) for each in workers)


def test_a_stop_while_a_reload_is_prepared_ends_at_once_and_says_so(door):
    started = door(TWO + NOBODY)
    routes = "".join(f'"n{number}.test" = ":1"\n' for number in range(3000))
    started.write(TWO + NOBODY + routes)
    said: list[str] = []
    reloading = threading.Thread(target=lambda: said.append(started.reload()))
    reloading.start()
    time.sleep(0.1)
    began = time.monotonic()
    assert started.stop() == 0
    assert time.monotonic() - began < 5
    reloading.join(10)
    assert said == ["the door is stopping; nothing was changed."]


def test_porch_stop_given_twice_cuts_nothing(door):
    with EchoOrigin() as origin:
        started = door(f'{TWO}[routes]\n"*" = "127.0.0.1:{origin.port}"\n')
        with started.connect() as busy:
            busy.sendall(GET.replace(b"GET / ", b"GET /ms/1500 "))
            started.wait_until(lambda: origin.asked == 1, "the request")
            for _ in range(2):  # asked without a process for each: the request lasts 1.5 s
                assert "stopping" in started.ask("stop")
            assert busy.recv(4096).startswith(b"HTTP/1.1 200 OK")
        assert started.process.wait(10) == 0


def test_who_waits_for_a_dead_worker_is_served_before_the_door_ends(door):
    started = door(TWO + NOBODY)
    with contextlib.ExitStack() as stack:
        _stand_still(started)
        waiting = [stack.enter_context(started.connect()) for _ in range(40)]
        for each in waiting:
            each.sendall(GET)
        victim = started.workers[0]
        os.kill(victim, signal.SIGKILL)
        started.wait_until(lambda: is_ended(victim), "the kill")
        _stop_while_it_cannot_hear(started)
        _assert_answered(waiting)
    assert started.process.wait(10) == 0


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_a_door_without_a_terminal_or_any_stream_serves(door, closed):
    port = free_port()
    text = f'listen = ["127.0.0.1:{port}"]\n{TWO}{NOBODY}'
    started = door(text, ready=False, prepare=lambda: [os.close(each) for each in closed])
    started.wait_until(
        lambda: started.process.poll() is None and _is_open(port), "the start", START
    )
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(GET)
        _assert_answered([client])
    assert started.stop() == 0


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
