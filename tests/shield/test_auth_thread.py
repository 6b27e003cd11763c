"""What takes long is done beside the loop, within bounds."""

import asyncio
import os
import threading

import pytest

from porch.shield import auth_thread
from porch.shield.auth_thread import MOST, MOST_OF_ONE, SlowThread


async def asked(thread: SlowThread, work: object, client: bytes = b"a") -> bool | None:
    future: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
    assert thread.ask(client, work, future.set_result)  # type: ignore[arg-type]
    return await future


def test_the_answer_comes_to_the_loop() -> None:
    async def story() -> None:
        thread = SlowThread()
        where: list[int] = []

        def work() -> bool:
            where.append(threading.get_ident())
            return True

        assert await asked(thread, work) is True
        assert where != [threading.get_ident()]
        assert await asked(thread, lambda: False) is False
        assert await asked(thread, lambda: 1 // 0) is None
        assert repr(thread) == "<SlowThread 0 wait>"

    asyncio.run(story())


def test_it_has_less_priority_than_the_loop() -> None:
    async def story() -> None:
        own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        found: list[int] = []

        def work() -> bool:
            found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return True

        await asked(SlowThread(), work)
        assert found[0] == min(19, own + 10)
        assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own

    asyncio.run(story())


def test_one_client_has_not_all_of_it_and_all_have_a_bound() -> None:
    async def story() -> None:
        thread, goes_on = SlowThread(), threading.Event()
        told: list[bool | None] = []

        def work() -> bool:
            return goes_on.wait(10)

        async def all_told() -> bool:
            await asyncio.sleep(0.001)
            return len(told) == MOST

        took = [thread.ask(b"a", work, told.append) for _ in range(MOST_OF_ONE + 1)]
        assert took == [True] * MOST_OF_ONE + [False]
        took = [thread.ask(b"%d" % number, work, told.append) for number in range(MOST)]
        assert took.count(True) == MOST - MOST_OF_ONE
        goes_on.set()
        assert await asked(SlowThread(), lambda: True)
        while not await all_told():
            assert len(told) < MOST
        assert await asked(thread, lambda: True)
        assert not thread._of

    asyncio.run(story())


def test_a_loop_that_is_over_is_told_nothing() -> None:
    thread, goes_on = SlowThread(), threading.Event()

    async def story() -> None:
        assert thread.ask(b"a", lambda: goes_on.wait(10), lambda _: pytest.fail("told"))

    asyncio.run(story())
    goes_on.set()
    assert thread._executor is not None
    thread._executor.shutdown()


def test_where_there_are_no_priorities_it_works_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(auth_thread.os, "setpriority")
    assert asyncio.run(asked(SlowThread(), lambda: True))
