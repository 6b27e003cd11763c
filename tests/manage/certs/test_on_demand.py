"""A worker's whole part, wired as the supervisor wires it: a store that is real, and a keeper that
has what it is asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from porch.certs import backoff, moments
from porch.certs.covered import Covered
from porch.certs.failure import IssueError
from porch.certs.issuer import Outcome
from porch.certs.kept import keep_entry
from porch.certs.store import FileStore
from porch.manage.certs import on_demand as module
from porch.manage.certs.managed import Managed
from porch.manage.certs.managed import OnDemand as Words
from porch.manage.certs.on_demand import OnDemand
from porch.tls.certificate import Certificate
from porch.tls.later import Later
from tests.certs.test_shelf import entry
from tests.manage.conftest import until

HOST = "yes.example"
CODE = "def ask(name, client):\n    return name.startswith('yes')\n"


class FakeKeeper:
    """Puts what it is asked for into the store. outcomes: what it says before."""

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self.outcomes: list[str] = []
        self.got: list[str] = []

    def get(self, host: str) -> Outcome:
        self.got.append(host)
        what = cast("Any", self.outcomes.pop(0) if self.outcomes else "issued")
        if what == "issued":
            keep_entry(self._store, entry(host))
        return Outcome((host,), what, f"{host} {what}")


class Part:
    """sent: messages to the supervisor, which come back as it would pass them on."""

    def __init__(self, folder: Path, *, decides: bool = True) -> None:
        (folder / "asked_on_demand.py").write_text(CODE)
        self.store = FileStore(folder / "store")
        self.keeper = FakeKeeper(self.store)
        self.sent: list[tuple[str, Any]] = []
        self.said: list[str] = []
        self.told = 0
        self.one = OnDemand(self._send, self.said.append)
        covered = Covered(wildcards={}, everybody=True)
        words = Words(covered=covered, ask="py:asked_on_demand:ask", base=folder)
        self.managed = Managed(hosts={}, folder=folder, authorities=(), served=(), on_demand=words)
        self._decides = decides

    def take(self, managed: Managed | None = None) -> None:
        keeper = cast("Any", self.keeper) if self._decides else None
        self.one.take(managed or self.managed, self.store, keeper)

    def _send(self, word: str, data: Any) -> None:
        self.sent.append((word, data))
        match word:
            case "demanded":
                self.one.on_demanded(data)
            case "denied":
                self.one.on_denied(*data)
            case "certified":
                self.one.on_certified(data)

    def find(self, name: str = HOST) -> Certificate | Later | None:
        assert self.one.demand is not None
        return self.one.demand.find(name)

    def wait(self, name: str = HOST) -> None:
        found = self.find(name)
        assert isinstance(found, Later)
        found.wait(self.on_told, "192.0.2.1")

    def on_told(self) -> None:
        self.told += 1


@pytest.fixture
def part(tmp_path: Path) -> Part:
    return Part(tmp_path)


def run(then: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await then()

    asyncio.run(main())


def test_who_comes_is_asked_about_and_served(part: Part) -> None:
    async def then() -> None:
        part.take()
        assert part.one.covers(HOST)
        part.wait()
        await until(lambda: part.told)
        assert isinstance(part.find(), Certificate)
        assert len(part.one.certificates) == 1
        part.wait("no.example")
        await until(lambda: part.told == 2)
        assert part.find("no.example") is None
        part.one.close()

    run(then)
    assert [word for word, _ in part.sent] == ["demanded", "certified", "demanded", "denied"]
    assert part.said == [f"{HOST} issued"]


def test_a_reload_keeps_what_is_served_and_asks_anew(part: Part) -> None:
    async def then() -> None:
        part.take()
        for name in (HOST, "no.example"):
            part.wait(name)
        await until(lambda: part.told == 2)
        part.take()
        assert isinstance(part.find(), Certificate)
        part.wait("no.example")  # an operator may have reloaded for it
        await until(lambda: part.told == 3)
        part.take(replace(part.managed, hosts={"a.test": "local"}, on_demand=None))
        assert (part.one.demand, part.one.certificates) == (None, [])
        assert not part.one.covers(HOST)
        part.one.on_demanded([(HOST, "")])  # of a worker that is behind
        part.one.on_denied(HOST, 1.0)
        part.one.on_certified([HOST])

    run(then)
    assert part.keeper.got == [HOST]


def test_those_who_wait_over_a_reload_ask_whoever_is_there_then(part: Part) -> None:
    async def then() -> None:
        part.take()
        part.wait()
        part.take()
        await until(lambda: part.told == 1)
        part.wait()
        await until(lambda: part.told == 2)
        assert isinstance(part.find(), Certificate)
        part.one.close()

    run(then)


def test_a_worker_that_gets_none_decides_nothing(tmp_path: Path) -> None:
    part = Part(tmp_path, decides=False)

    async def then() -> None:
        part.take()
        part.wait()
        await until(lambda: part.sent)
        part.one.close()

    run(then)
    assert part.sent == [("demanded", [(HOST, "192.0.2.1")])]


def test_names_that_are_not_covered_here_are_nobodys(part: Part) -> None:
    async def then() -> None:
        part.take()
        part.one.on_demanded([("shop.test", ""), ("no.example", "")])
        await until(lambda: part.sent)
        part.one.close()

    run(then)
    assert part.sent == [("denied", ("no.example", 300.0))]


def test_another_machine_that_gets_it_is_waited_for(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.001)
    part.keeper.outcomes = ["busy", "busy", "issued"]

    async def then() -> None:
        part.take()
        part.wait()
        await until(lambda: part.told)
        assert isinstance(part.find(), Certificate)
        part.one.close()

    run(then)
    assert len(part.keeper.got) == 3


def test_a_name_that_has_failed_waits_for_its_time(part: Part) -> None:
    error = IssueError("connection", "nobody answers")
    record = backoff.failed(backoff.Record(), error, {}, moments.now())
    backoff.keep(part.store, HOST, record)

    async def then() -> None:
        part.take()
        part.wait()
        await until(lambda: part.told)
        assert part.find() is None
        part.one.close()

    run(then)
    (_, (word, (name, seconds))) = part.sent
    assert (word, name, part.keeper.got) == ("denied", HOST, [])
    assert 50 < seconds <= 60


def test_an_order_that_fails_is_told(part: Part) -> None:
    part.keeper.outcomes = ["failed"]

    async def then() -> None:
        part.take()
        part.wait()
        await until(lambda: part.told)
        assert part.find() is None
        part.one.close()

    run(then)
    assert part.said == [f"no certificate for {HOST}: {HOST} failed"]


def test_a_function_that_cannot_be_loaded_is_told_before_a_client_comes(part: Part) -> None:
    words = part.managed.on_demand
    assert words is not None

    async def then() -> None:
        part.take(replace(part.managed, on_demand=replace(words, ask="py:nowhere_at_all:ask")))
        part.one.start()
        await until(lambda: part.said)
        part.one.start()
        part.one.close()

    run(then)
    (said,) = part.said
    assert said.startswith("acme.on_demand: py:nowhere_at_all:ask cannot be loaded")
    assert said.endswith("; until that is mended every answer is a no")
