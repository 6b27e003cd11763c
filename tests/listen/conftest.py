"""Loops for tests that need real sockets, and connections of HTTP/2 clients over made-up ones."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop

from tests.support.multiplexed import Multiplexed

PATIENCE = 20.0

Make = Callable[..., Multiplexed]
Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a test in a loop of each kind, in which nothing may end in a problem."""
    problems: list[dict[str, Any]] = []

    async def bounded(work: Coroutine[Any, Any, None]) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: problems.append(told))
        await asyncio.wait_for(work, PATIENCE)

    with asyncio.Runner(loop_factory=request.param) as runner:
        yield lambda work: runner.run(bounded(work))
    assert problems == []


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes connections of clients that speak HTTP/2, and finishes them."""
    made: list[Multiplexed] = []

    def make(**settings: object) -> Multiplexed:
        made.append(Multiplexed(monkeypatch, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.finish()
