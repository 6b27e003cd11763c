"""A provider in a thread of its own: what it says, and that nobody waits for it."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from porch.balance.discover.found import Found
from porch.manage.discovery.apart import apart, load_provider

A, B = [Found("a:1")], [Found("b:1")]


def first(count: int, lists: AsyncIterator[Any]) -> list[Any]:
    async def main() -> list[Any]:
        found: list[Any] = []
        async for each in lists:
            found.append(each)
            if len(found) == count:
                break
        await lists.aclose()  # type: ignore[attr-defined]
        return found

    return asyncio.run(main())


def test_lists_come_one_by_one_as_they_are_taken():
    ahead: list[int] = []

    async def endpoints():
        for number in range(5):
            ahead.append(number)
            yield A if number % 2 else B

    assert first(2, apart(endpoints)) == [B, A]
    assert ahead in ([0, 1], [0, 1, 2])


def test_it_runs_in_a_thread_and_a_loop_of_its_own():
    async def endpoints():
        await asyncio.sleep(0)
        yield threading.current_thread().name

    assert first(1, apart(endpoints)) == ["porch discovery"]


def test_it_may_block_and_the_loop_goes_on():
    async def endpoints():
        time.sleep(0.3)  # noqa: ASYNC251  what nobody should do
        yield A

    async def main() -> int:
        turns = 0
        task = asyncio.ensure_future(anext(apart(endpoints)))
        while not task.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert await task == A
        return turns

    assert asyncio.run(main()) > 20


def test_an_error_comes_as_it_is_and_an_end_is_one():
    async def fails():
        yield A
        raise KeyError("x")

    async def ends():
        yield A

    with pytest.raises(KeyError):
        first(2, apart(fails))
    with pytest.raises(OSError, match="it ended"):
        first(2, apart(ends))


def test_an_exit_ends_the_provider_alone():
    async def leaves():
        raise SystemExit(3)
        yield A

    with pytest.raises(OSError, match="it ended: SystemExit"):
        first(1, apart(leaves))


def test_who_is_not_asked_any_more_is_told():
    is_over = threading.Event()

    async def endpoints():
        try:
            while True:
                yield A
                await asyncio.sleep(3600)
        finally:
            is_over.set()

    first(1, apart(endpoints))
    assert is_over.wait(5)


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_function_beside_the_configuration_is_found(beside):
    code = "from porch import Found\nasync def endpoints():\n    yield [Found('a:1')]\n"
    (beside / "own_lists.py").write_text(code)
    assert first(1, load_provider("own_lists:endpoints", beside)()) == [A]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("own_none:endpoints", "ModuleNotFoundError"),
        ("own_other:none", "AttributeError"),
        ("own_other:number", "is no async generator"),
        ("own_other:plain", "is no async generator"),
    ],
)
def test_what_is_no_provider_is_said_in_words(beside, name, why):
    (beside / "own_other.py").write_text("number = 7\ndef plain():\n    return []\n")
    with pytest.raises(ValueError, match=why):
        first(1, load_provider(name, beside)())
