"""How many a listener accepts in one turn of the loop."""

import asyncio
from contextlib import closing

from porch.listen.listener import AT_ONCE_SHARED, LOOK
from tests.listen.conftest import Run
from tests.listen.test_listener import ANSWER, answer, dialled, door, ended, listening, odd


def test_it_is_seldom_asked_whether_others_wait_too(run: Run) -> None:
    """Each answer that nobody does is an exception."""

    async def main() -> None:
        sock = odd()
        made, at = listening(sock), door()
        made.start(at, None)
        async with ended(made, at):
            for _ in range(4 * LOOK):
                with closing(dialled(made)) as client:
                    assert await answer(client) == ANSWER
            assert sock.asked == 4 * LOOK + 4

    run(main())


def test_many_that_come_together_do_not_wait_for_one_another(run: Run) -> None:
    async def main() -> None:
        made, at = listening(), door()
        made.start(at, None)
        async with ended(made, at):
            with closing(dialled(made)) as client:
                assert await answer(client) == ANSWER
            clients = [dialled(made) for _ in range(200)]
            turns = 0
            while sum(at.accepted.values()) <= len(clients):
                await asyncio.sleep(0)
                turns += 1
            assert turns <= LOOK + len(clients) // AT_ONCE_SHARED
            for client in clients:
                assert await answer(client) == ANSWER
                client.close()

    run(main())
