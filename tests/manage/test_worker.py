"""A worker's start and end. Its reloads: test_worker_reload.py."""

import asyncio
import contextlib

import pytest

from porch.manage.channel import Channel, Message
from porch.manage.columns import CONNECTIONS, CUT, CUTS, HEARTBEAT, REQUESTS_HERE
from porch.manage.worker import NO_MEMORY
from tests.manage.conftest import ANY, Origin, Running, until


def test_it_counts_where_the_supervisor_sees_it(running: Running) -> None:
    async def then() -> None:
        client = await running.connect()
        for _ in range(3):
            await client.get()
        row = running.in_force.table.rows[1]
        await until(lambda: row[REQUESTS_HERE] == 3 and row[CONNECTIONS] == 1)
        before = row[HEARTBEAT]
        await until(lambda: row[HEARTBEAT] > before)
        client.close()

    running.serve(then)


def test_it_counts_the_connections_that_it_cut(running: Running) -> None:
    async def then() -> None:
        running.words["h2c"] = True
        await running.reload()
        for _ in range(2):
            client = await running.connect()
            client.say(b"PRI * HTTP/2.0\r\n\r\nno\r\n\r\n")
            assert not await client.is_closed(), "a word of farewell"
            client.close()
        row = running.in_force.table.rows[1]
        await until(lambda: row[CUT + CUTS.index("http_request_error")] == 2)
        assert row[CUT + CUTS.index("client_flood")] == 0

    running.serve(then)


def test_a_stop_closes_idle_connections_and_finishes_what_runs(running: Running) -> None:
    async def then() -> None:
        origin = Origin()
        running.words["routes"] = {"*": f"127.0.0.1:{await origin.start()}"}
        await running.reload()
        origin.may_answer.clear()
        busy, idle = await running.connect(), await running.connect()
        busy.ask()
        await origin.arrived.wait()
        running.channel.send("stop")
        assert await idle.is_closed()
        origin.may_answer.set()
        assert (await busy.head()).startswith(b"http/1.1 200")
        for each in (busy, idle):
            each.close()
        origin.close()

    running.serve(then)


def test_who_finishes_tells_idle_clients_with_their_next_answer(running: Running) -> None:
    async def then() -> None:
        client = await running.connect()
        assert await client.get() == 204
        running.worker.hand_over()
        await asyncio.sleep(0.1)
        client.ask()
        assert b"\r\nconnection: close\r\n" in await client.head()
        assert await client.is_closed()
        client.close()

    running.serve(then)


def test_the_end_of_the_channel_is_the_order_to_finish(running: Running) -> None:
    async def then() -> None:
        client = await running.connect()
        assert await client.get() == 204
        running.channel.close()
        await until(lambda: running.worker._door.closing)
        assert await client.get() == 204
        client.close()

    running.serve(then)


def test_grace_bounds_the_wait(running: Running) -> None:
    running.words["grace"] = "100ms"

    async def then() -> None:
        origin = Origin()
        running.words["routes"] = {"*": f"127.0.0.1:{await origin.start()}"}
        await running.reload()
        origin.may_answer.clear()
        client = await running.connect()
        client.ask()
        await origin.arrived.wait()
        running.channel.send("stop")
        assert (await client.head()).startswith(b"http/1.1 503")
        client.close()
        origin.may_answer.set()
        origin.close()

    running.serve(then)


def test_what_clients_of_another_worker_wait_for_is_decided_here(running: Running) -> None:
    (running.folder / "asked_by_worker.py").write_text(
        "def ask(name, client):\n    return (name, client) != ('no.example', '192.0.2.1')\n"
    )
    running.words["listen"] = [f"https://{ANY}"]
    running.words["store"] = str(running.folder / "store")
    running.words["acme"] = {"on_demand": "py:asked_by_worker:ask"}

    async def then() -> None:
        running.channel.send("demanded", [("no.example", "192.0.2.1")])
        assert await running.hear("denied") == ("denied", ("no.example", 300.0))
        running.channel.send("denied", ("no.example", 300.0))
        running.channel.send("certified", ["no.example"])
        demand = running.worker._presenter.demand
        assert demand is not None
        assert demand.covers("no.example")
        running.words["acme"] = {}
        running.words["routes"] = {"a.test": "respond:204"}
        await running.reload()
        assert running.worker._presenter.demand is None

    running.serve(then)


def test_what_the_supervisor_does_not_take_at_once_is_sent_behind_it(running: Running) -> None:
    async def then() -> None:
        names = [(f"{number}{'x' * 250}", "") for number in range(8000)]  # more than a socket holds
        running.worker._send("demanded", names)
        running.worker._send("certified", [])
        assert running.worker._channel.is_full
        assert await running.hear("demanded") == ("demanded", names)
        assert await running.hear("certified") == ("certified", [])
        await until(lambda: not running.worker._channel.is_full)

    running.serve(then)


def test_where_many_requests_come_lines_of_the_log_are_made_behind_some_of_them(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def then() -> None:
        worker, calls = running.worker, []
        monkeypatch.setattr(worker._built.logs, "put_away", lambda: calls.append("made"))
        worker._door.put_away()  # the first: the log is looked at from now on
        worker._door.put_away()
        assert calls == [], "not within a request"
        await asyncio.sleep(0)
        assert calls == ["made"]

    running.serve(then)


def test_a_worker_without_memory_for_a_word_ends(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the loop would call it again at once, for ever, and it would hear of no end."""
    codes: list[int] = []

    def short(self: Channel) -> list[Message]:
        raise MemoryError

    async def then() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Channel, "receive", short)
            patch.setattr("os._exit", ended)
            running.channel.send("reopen")
            await until(lambda: codes)

    def ended(code: int) -> None:
        codes.append(code)
        raise EOFError  # it cannot be let end here

    with contextlib.suppress(EOFError):
        running.serve(then)
    assert codes[0] == NO_MEMORY


def test_a_message_that_meets_a_fault_loses_none_of_those_behind_it(running: Running) -> None:
    async def then() -> None:
        running.channel.send("denied", "no pair")  # both are there in one read
        running.channel.send("found", None)
        running.channel.send("stop")
        await until(lambda: running.worker._door.closing)
        assert running.said.count("a fault of Porch; the door serves on: ") == 2

    running.serve(then)
