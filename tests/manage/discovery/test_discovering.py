"""A worker's part: what it is told is in its pools, what it finds it tells, and who waits."""

import asyncio
import json
from pathlib import Path

import pytest

from porch.balance.standing import EndpointName
from porch.config.listing import Listing
from porch.manage.discovery import discovering
from porch.route.route import REQUESTS
from tests.manage.conftest import Origin, Running, until


def listed(running: Running, *ports: int, name: str = "list.json") -> str:
    """A file of endpoints on loopback; the word that names it."""
    file = running.folder / name
    file.write_text(json.dumps([f"127.0.0.1:{port}" for port in ports]))
    return f"list:{file}"


async def passed_on(running: Running) -> Listing:
    """What the supervisor does with what the worker has found."""
    _, listing = await running.hear("found")
    assert isinstance(listing, Listing)
    running.channel.send("found", running.in_force.discovered.note(listing))
    return listing


async def until_is(true: "object", seconds: float = 5.0) -> None:
    await asyncio.wait_for(until(true), seconds)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovering, "FIRST", 0.3)


def test_what_it_finds_it_tells_and_hears_and_serves(running: Running) -> None:
    async def then() -> None:
        origin = Origin()
        port = await origin.start()
        running.words["routes"] = {"*": listed(running, port)}
        assert (await asyncio.gather(running.prepare(), passed_on(running)))[0] == "prepared"
        running.channel.send("commit")
        await running.hear("committed")
        client = await running.connect()
        assert await client.get() == 200
        client.close()
        origin.close()

    running.serve(then)


def test_an_endpoint_that_is_found_is_counted_where_all_see_it(running: Running) -> None:
    async def then() -> None:
        origin = Origin()
        port = await origin.start()
        running.words["routes"] = {"*": listed(running, port)}
        running.in_force.discovered.expect({running.words["routes"]["*"]: ["*"]})
        await asyncio.gather(running.prepare(), passed_on(running))
        running.channel.send("commit")
        await running.hear("committed")
        client = await running.connect()
        assert await client.get() == 200
        name: EndpointName = ("*", f"127.0.0.1:{port}")
        column = running.in_force.columns.of[name]
        assert running.in_force.table.rows[1][column + REQUESTS] == 1
        client.close()
        origin.close()

    running.serve(then)


def test_a_new_source_that_says_nothing_keeps_a_reload_for_a_moment_alone(
    running: Running,
) -> None:
    async def then() -> None:
        running.words["routes"] = {"*": "list:none.json"}
        began = asyncio.get_running_loop().time()
        assert await running.prepare() == "prepared"  # nobody passes on what it says
        assert asyncio.get_running_loop().time() - began >= 0.25
        running.channel.send("commit")
        await running.hear("committed")
        client = await running.connect()
        assert await client.get() == 503
        client.close()

    running.serve(then)


def test_a_source_that_is_known_keeps_no_reload(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovering, "FIRST", 20.0)
    running.words["routes"] = {"*": "respond:204", "a.test": listed(running, 1)}

    async def then() -> None:
        await running.reload()
        running.words["routes"]["b.test"] = "respond:204"
        await asyncio.wait_for(running.reload(), 5)

    async def first() -> None:
        serving = asyncio.create_task(running.worker.serve())
        await passed_on(running)
        await running.hear("ready")
        await then()
        running.worker.stop()
        await serving
        running.in_force.close()

    running.make()
    asyncio.run(first())


def test_nothing_comes_of_a_change_that_is_forgotten_while_it_waits(running: Running) -> None:
    async def then() -> None:
        running.words["routes"] = {"*": "list:none.json"}
        preparing = asyncio.ensure_future(running.prepare())
        await until_is(lambda: running.worker._discovering._then)
        running.channel.send("forget")
        await until_is(lambda: not running.worker._discovering._then)
        await asyncio.sleep(0.4)
        assert not [word for word, _ in running.heard if word == "prepared"]
        preparing.cancel()
        client = await running.connect()
        assert await client.get() == 204
        client.close()

    running.serve(then)


def test_a_new_worker_knows_what_was_found_before_it_looks(running: Running) -> None:
    word = listed(running, 1)
    Path(word.removeprefix("list:")).unlink()
    running.words["routes"] = {"*": word}
    made: list[Listing] = []

    async def main() -> None:
        serving = asyncio.create_task(running.worker.serve())
        await running.hear("ready")  # it waits for nobody
        (endpoint,) = running.worker._built.members[0].upstream.endpoints
        assert endpoint.name == "127.0.0.1:1"
        made.append(await passed_on(running))
        assert "No such file" in made[0].trouble
        assert made[0].found == (("127.0.0.1:1", 1, 0),)
        running.worker.stop()
        await serving
        running.in_force.close()

    equip = running.make
    from porch.manage.in_force import InForce

    original = InForce.equip

    def equip_with(self: InForce, slot: int, row: int, stacks: int):
        self.discovered.note(Listing(source=word, found=(("127.0.0.1:1", 1, 0),), since=5.0))
        return original(self, slot, row, stacks)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InForce, "equip", equip_with)
        equip()
    asyncio.run(main())


def test_a_long_list_is_put_in_by_slices_and_the_last_word_counts(running: Running) -> None:
    async def then() -> None:
        running.words["routes"] = {"*": listed(running, 1)}
        await asyncio.gather(running.prepare(), passed_on(running))
        running.channel.send("commit")
        await running.hear("committed")
        source = running.words["routes"]["*"]
        (members,) = running.worker._built.members
        for count in (3000, 2000):
            found = tuple((f"10.0.{n // 250}.{n % 250}:80", 1, 0) for n in range(count))
            running.channel.send("found", (Listing(source=source, found=found, since=9.0), {}))
            await asyncio.sleep(0.02)
        await until_is(lambda: len(members.upstream.endpoints) == 2000)
        running.channel.send("found", (Listing(source=source, found=found[:2], since=9.0), {}))
        await until_is(lambda: len(members.upstream.endpoints) == 2)
        await until_is(lambda: not running.worker._discovering._is_working)
        assert len(running.worker._state._running) == 2

    running.serve(then)


def test_a_reload_while_a_worker_starts_keeps_it_from_nothing(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovering, "FIRST", 2.0)
    running.words["routes"] = {"*": "list:none.json"}

    async def first() -> None:
        serving = asyncio.create_task(running.worker.serve())
        await running.hear("found")  # nobody passes it on: the worker waits for a first word
        running.words["routes"]["b.test"] = "respond:204"
        assert await running.prepare() == "prepared"
        running.channel.send("commit")
        await running.hear("committed")
        await asyncio.wait_for(running.hear("ready"), 5)
        client = await running.connect()
        assert await client.get("b.test") == 204
        client.close()
        running.worker.stop()
        await serving
        running.in_force.close()

    running.make()
    asyncio.run(first())
