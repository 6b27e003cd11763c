"""A change as a worker sees it: prepared beside what runs, then in force between two events."""

import gc
from pathlib import Path

import pytest

from tests.manage.conftest import ANY, Origin, Running, is_open, until


def test_a_reload_changes_the_routes_and_closes_no_connection(running: Running) -> None:
    async def then() -> None:
        client = await running.connect()
        assert await client.get() == 204
        running.words["routes"] = {"*": "respond:503"}
        await running.reload()
        assert await client.get() == 503
        client.close()

    running.serve(then)


def test_nothing_is_in_force_before_the_commit_and_a_forgotten_change_never(
    running: Running,
) -> None:
    async def then() -> None:
        client = await running.connect()
        running.words["routes"] = {"*": "respond:503"}
        assert await running.prepare() == "prepared"
        assert await client.get() == 204
        running.channel.send("forget")
        running.channel.send("commit")
        assert await client.get() == 204
        client.close()

    running.serve(then)


def test_a_running_exchange_keeps_its_route_and_the_others_their_connections(
    running: Running,
) -> None:
    async def then() -> None:
        origin = Origin()
        port = await origin.start()
        running.words["routes"] = {"*": f"127.0.0.1:{port}"}
        await running.reload()
        origin.may_answer.clear()
        waits = await running.connect()
        waits.ask()
        await origin.arrived.wait()
        running.words["routes"] = {"*": "respond:503"}
        await running.reload()
        other = await running.connect()
        assert await other.get() == 503
        origin.may_answer.set()
        assert (await waits.head()).startswith(b"http/1.1 200")
        for each in (waits, other):
            each.close()
        origin.close()

    running.serve(then)


def test_endpoints_keep_their_connections_over_a_reload(running: Running) -> None:
    async def then() -> None:
        origin = Origin()
        running.words["routes"] = {"*": f"127.0.0.1:{await origin.start()}"}
        await running.reload()
        client = await running.connect()
        for _ in range(5):
            assert await client.get() == 200
            await running.reload()
        assert origin.connections == 1
        client.close()
        origin.close()

    running.serve(then)


def test_new_addresses_open_and_those_that_are_gone_close(running: Running) -> None:
    async def then() -> None:
        old = running.port()
        kept = await running.connect()
        running.words["listen"] = ["[::1]:0"]
        await running.reload()
        gone, _ = [*running.in_force.listening.sockets]
        running.in_force.listening.close([gone])  # the supervisor's copy
        await until(lambda: not is_open(old))
        assert await kept.get() == 204
        kept.close()

    running.serve(then)


def test_another_log_takes_new_exchanges(running: Running, tmp_path: Path) -> None:
    running.words["log"] = "file:one"

    async def then() -> None:
        client = await running.connect()
        assert await client.get() == 204
        running.words["log"] = "file:two"
        await running.reload()
        assert await client.get() == 204
        client.close()

    running.serve(then)
    assert (tmp_path / "one").read_bytes().count(b"\n") == 1
    assert (tmp_path / "two").read_bytes().count(b"\n") == 1


def test_a_hundred_reloads_leave_no_descriptor_behind(running: Running) -> None:
    import os

    async def then() -> None:
        running.words["log"] = "file:a"
        await running.reload()
        before = len(os.listdir("/proc/self/fd"))
        for number in range(100):
            running.words["log"] = f"file:{number % 2}"
            running.words["routes"] = {f"{number}.test": "respond:204"}
            await running.reload()
        await until(lambda: len(os.listdir("/proc/self/fd")) <= before + 1)

    running.serve(then)


def test_many_routes_are_built_in_many_turns_of_the_loop(running: Running) -> None:
    async def then() -> None:
        client = await running.connect()
        running.words["routes"] = {f"h{each}.test": "127.0.0.1:9" for each in range(2000)}
        running.words["routes"]["*"] = "respond:503"
        await running.reload()
        assert await client.get() == 503
        client.close()

    running.words["listen"] = [ANY]
    running.serve(then)


def broken(*_: object) -> None:
    raise RuntimeError("a defect of ours")


def test_a_change_that_cannot_be_made_ready_is_refused_and_the_next_one_goes_on(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where everything was built already: a supervisor must not wait for ever."""

    async def then() -> None:
        client = await running.connect()
        running.words["routes"] = {"*": "respond:503"}
        with monkeypatch.context() as patch:
            patch.setattr("porch.manage.discovery.discovering.Discovering.prepare", broken)
            assert await running.prepare() == "refused"
        assert gc.isenabled()
        assert await client.get() == 204
        await running.reload()
        assert await client.get() == 503
        client.close()

    running.serve(then)


def test_a_worker_in_which_a_change_came_into_force_by_half_ends_and_says_why(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def then() -> None:
        client = await running.connect()
        assert await client.get() == 204
        running.words["routes"] = {"*": "respond:503"}
        assert await running.prepare() == "prepared"
        monkeypatch.setattr("porch.manage.discovery.discovering.Discovering.take", broken)
        running.channel.send("commit")
        assert await client.is_closed()
        client.close()

    running.serve(then)
    assert "a defect of ours" in running.said
