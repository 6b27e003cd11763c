"""A worker's start and end. Its reloads: test_worker_reload.py."""

import os
import signal
import socket
from collections.abc import Awaitable, Callable

import pytest

from tests.manage.conftest import ANY, Client, Origin, Running, is_open, taken, until

# --- the start -------------------------------------------------------------------------------


def test_every_address_is_served_even_two_that_the_system_chooses(running: Running) -> None:
    running.words["listen"] = [ANY, ANY]

    async def then() -> None:
        assert len(set(running.ports)) == 2
        for number in range(2):
            client = await running.connect(number)
            assert await client.get() == 204
            client.close()

    running.serve(then)


def test_an_address_that_cannot_be_bound_leaves_none_bound(running: Running) -> None:
    sock, address = taken()
    path = running._base / "sock"
    running.words["listen"] = [f"unix:{path}", address]
    worker = running.make()
    with sock, pytest.raises(OSError, match=f"{address} is in use"):
        worker.bind()
    worker.close()
    with socket.socket(socket.AF_UNIX) as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(str(path))


def test_a_worker_that_never_served_gives_its_addresses_back(running: Running) -> None:
    worker = running.make()
    worker.bind()
    (port,) = running.ports
    assert is_open(port)
    worker.close()
    assert not is_open(port)
    assert worker.listening == []


def test_addresses_are_shown_as_written_with_the_ports_really_bound(running: Running) -> None:
    path = running._base / "sock"
    sock, fixed = taken()
    sock.close()
    running.words["listen"] = [ANY, fixed, f"unix:{path}"]
    worker = running.make()
    worker.bind()
    first, *others = worker.listening
    assert first.startswith("127.0.0.1:")
    assert not first.endswith(":0")
    assert others == [fixed, f"unix:{path}"]
    worker.close()


def test_status_says_what_runs(running: Running) -> None:
    async def then() -> None:
        client = await running.connect()
        assert await client.get() == 204
        status = running.worker.status()
        assert status["listening"] == [f"127.0.0.1:{running.ports[0]}"]
        assert (status["connections"], status["routes"]) == (1, ["*"])
        assert status["stopping"] is False
        assert str(status["memory"]).endswith(" KiB")
        running.worker.stop()
        assert running.worker.status()["stopping"] is True
        client.close()

    running.serve(then)


# --- the end ---------------------------------------------------------------------------------


def busy(running: Running, then: Callable[[Client, Origin], Awaitable[None]]) -> None:
    """Serve, with an exchange under way whose origin waits."""

    async def before() -> None:
        origin = Origin()
        origin.may_answer.clear()
        running.words["routes"] = {"*": f"127.0.0.1:{await origin.start()}"}
        running.worker.reload()
        client = await running.connect()
        client.ask()
        await origin.arrived.wait()
        try:
            await then(client, origin)
        finally:
            origin.may_answer.set()
            client.close()
            origin.close()

    running.serve(before)


def test_sigterm_finishes_what_runs_and_accepts_nothing_more(running: Running) -> None:
    async def then(client: Client, origin: Origin) -> None:
        (port,) = running.ports
        idle = await running.connect()
        os.kill(os.getpid(), signal.SIGTERM)
        assert await idle.status() == 0
        assert not is_open(port)
        origin.may_answer.set()
        assert await client.status() == 200
        assert await client.status() == 0
        idle.close()

    busy(running, then)


def test_a_second_signal_ends_at_once(running: Running) -> None:
    async def then(client: Client, origin: Origin) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await until(lambda: running.worker.status()["stopping"])
        os.kill(os.getpid(), signal.SIGINT)
        assert await client.status() == 503
        assert not origin.may_answer.is_set()

    busy(running, then)


def test_grace_bounds_the_wait(running: Running) -> None:
    running.words["grace"] = "10ms"

    async def then(client: Client, origin: Origin) -> None:
        assert running.worker.stop() == {"stopping": "within 0.01 s"}
        assert await client.status() == 503
        assert not origin.may_answer.is_set()

    busy(running, then)


def test_sighup_loads_again(running: Running) -> None:
    async def then() -> None:
        running.words["routes"] = {"*": "respond:410"}
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: "loaded again" in running.said)
        client = await running.connect()
        assert await client.get() == 410
        client.close()

    running.serve(then)


def test_a_door_that_is_stopping_loads_nothing(running: Running) -> None:
    async def then(client: Client, origin: Origin) -> None:
        running.worker.stop()
        running.words["listen"] = [ANY, ANY]
        assert running.worker.reload() == {"error": "the door is stopping; nothing was changed."}
        assert len(running.worker.listening) <= 1

    busy(running, then)


def test_a_stop_before_the_start_does_nothing(running: Running) -> None:
    worker = running.make()
    worker.stop()
    worker.bind()
    (port,) = running.ports
    assert is_open(port)
    worker.close()
