"""A worker's part: in a loop, on a real store; who decides is the test."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from porch.certs.covered import Covered
from porch.certs.kept import keep_entry
from porch.certs.shelf import Shelf
from porch.certs.store import FileStore, StoreError
from porch.manage.certs import demand as module
from porch.manage.certs.demand import ANY, Demand
from porch.tls.certificate import Certificate
from porch.tls.later import Later
from tests.certs.test_shelf import entry
from tests.manage.conftest import until

HOST = "a.example"


class Part:
    """asked: what who decides was told. told: how often those who wait were."""

    def __init__(self, folder: Path) -> None:
        self.store = FileStore(folder / "store")
        self.shelf = Shelf()
        self.asked: list[list[tuple[str, str]]] = []
        self.said: list[str] = []
        self.told = 0
        covered = Covered(wildcards={}, everybody=True)
        self.one = Demand(covered, self.store, self.shelf, self.asked.append, self.said.append)

    def on_told(self) -> None:
        self.told += 1

    def wait(self, name: str = HOST, client: str = "192.0.2.1") -> Later:
        found = self.one.find(name)
        assert isinstance(found, Later)
        found.wait(self.on_told, client)
        return found


@pytest.fixture
def part(tmp_path: Path) -> Part:
    return Part(tmp_path)


def run(then: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await then()

    asyncio.run(main())


def test_what_is_in_the_store_is_served_without_a_question(part: Part) -> None:
    keep_entry(part.store, entry())

    async def then() -> None:
        part.wait()
        await until(lambda: part.told)
        assert isinstance(part.one.find(HOST), Certificate)

    run(then)
    assert part.asked == []


def test_what_is_not_is_asked_for_and_served_when_it_is_there(part: Part) -> None:
    async def then() -> None:
        later = part.wait()
        assert part.one.find(HOST) is later
        part.wait("b.example", "")
        await until(lambda: len([*chain(*part.asked)]) == 2)
        keep_entry(part.store, entry())
        part.one.on_certified([HOST, "c.example"])
        await until(lambda: part.told)
        assert isinstance(part.one.find(HOST), Certificate)
        assert part.told == 1
        part.one.close()

    run(then)
    assert [*chain(*part.asked)] == [(HOST, "192.0.2.1"), ("b.example", "")]


def test_a_no_ends_the_wait_and_is_not_tried_before_its_time(part: Part) -> None:
    async def then() -> None:
        part.wait()
        await until(lambda: part.asked)
        part.one.on_denied(HOST, 300.0)
        assert (part.told, part.one.find(HOST)) == (1, None)
        part.one.on_denied("b.example", 300.0)  # nobody waits here, and it may be in the store
        assert isinstance(part.one.find("b.example"), Later)

    run(then)


def test_it_is_asked_again_as_long_as_somebody_waits(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who decides may have died, and the next one knows of nothing."""
    monkeypatch.setattr(module, "AGAIN", 0.001)

    async def then() -> None:
        later = part.wait()
        await until(lambda: len(part.asked) > 2)
        later.leave(part.on_told)
        count = len(part.asked)
        await asyncio.sleep(0.01)
        assert len(part.asked) <= count + 1

    run(then)
    assert part.asked[0] == part.asked[2] == [(HOST, "192.0.2.1")]


def test_a_client_that_comes_again_begins_again(part: Part) -> None:
    async def then() -> None:
        first = part.wait()
        first.leave(part.on_told)
        assert part.wait() is not first
        await until(lambda: part.asked)

    run(then)


def test_one_whose_time_has_come_is_served_on_and_asked_for(part: Part) -> None:
    kept = entry()

    async def then() -> None:
        keep_entry(part.store, kept)
        part.wait()
        await until(lambda: part.told)
        before = part.one.find(HOST)
        found = part.shelf.find(HOST)
        assert found is not None
        found.renews = 0.0
        assert part.one.find(HOST) is before
        assert part.one.find(HOST) is before  # it is asked for once
        await until(lambda: part.asked)
        keep_entry(part.store, replace(entry(), obtained=1))
        part.one.on_certified([HOST])
        await until(lambda: part.one.find(HOST) is not before)
        again = part.one.find(HOST)
        found = part.shelf.find(HOST)
        assert found is not None
        found.renews = 0.0
        part.one.on_denied(HOST, 300.0)  # it stays as it is while it is valid
        assert found.renews > 0.0
        assert part.one.find(HOST) is again
        part.one.close()

    run(then)
    assert part.asked == [[(HOST, "")]]


def test_all_are_read_anew_where_somebody_has_put_others_into_the_store(part: Part) -> None:
    async def then() -> None:
        keep_entry(part.store, entry())
        part.wait()
        await until(lambda: part.told)
        part.one.on_certified(["own.example", ANY])
        part.wait()
        await until(lambda: part.told == 2)

    run(then)
    assert part.asked == []


def test_a_no_for_a_renewal_is_none_for_who_has_not_looked_yet(part: Part) -> None:
    async def then() -> None:
        keep_entry(part.store, entry())
        part.wait()
        part.one.on_denied(HOST, 300.0)
        await until(lambda: part.told)
        assert isinstance(part.one.find(HOST), Certificate)

    run(then)


def test_a_store_that_cannot_be_read_is_told_once(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(module, "take_down", refuse)

    async def then() -> None:
        for name in (HOST, "b.example"):
            part.wait(name)
        await until(lambda: part.told == 2)
        assert part.one.find(HOST) is None

    run(then)
    assert part.said == ["no certificates on demand: the disk is gone"]


def test_one_that_is_told_and_not_there_is_not_asked_for_in_a_circle(part: Part) -> None:
    async def then() -> None:
        part.wait()
        await until(lambda: part.asked)
        part.one.on_certified([HOST])
        await until(lambda: part.told)
        assert part.one.find(HOST) is None

    run(then)
    assert len(part.asked) == 1


def test_the_end_tells_all_who_wait(part: Part) -> None:
    async def then() -> None:
        part.wait()
        part.one.close()
        assert part.told == 0  # whoever asks at once asks this one
        await until(lambda: part.told)
        await asyncio.sleep(0.01)

    run(then)
    assert part.asked == []


def test_without_a_thread_nobody_waits_in_vain(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    async def then() -> None:
        monkeypatch.setattr(threading, "Thread", refuse)
        part.wait()
        await until(lambda: part.told)

    run(then)
    assert part.said == [
        "no certificates on demand: the system gives no thread (ulimit -u, TasksMax)"
    ]
