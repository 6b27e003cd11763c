"""Outbox: what waits in it, and how it leaves at the end of a turn."""

import asyncio
from collections.abc import Iterator

import pytest

from porch.outbox import Outbox, the_outbox
from tests.support.network import FakeClock, FakeLoop


class Far:
    """Who sends requests, each into one list."""

    def __init__(self, sent: list[bytes]) -> None:
        self.closed = False
        self.write = sent.append


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


def keep(outbox: Outbox, far: Far, data: bytes) -> None:
    outbox.kept.append((far, far.write, data))
    if len(outbox.kept) == 1:
        outbox.wait()


def test_what_waits_leaves_in_its_order_at_the_end_of_the_turn(loop: FakeLoop) -> None:
    sent: list[bytes] = []
    outbox, far = Outbox(loop), Far(sent)

    def turn() -> None:
        keep(outbox, far, b"a")
        keep(outbox, Far(sent), b"b")
        assert sent == []
        assert repr(outbox) == "<Outbox 2 kept, 0 to speak>"

    loop.counts.clear()
    loop.run(turn)
    assert sent == [b"a", b"b"]
    assert loop.counts == {"call_soon": 1}
    assert repr(outbox) == "<Outbox 0 kept, 0 to speak>"


def test_what_was_sent_before_the_end_is_not_sent_again_and_further_ones_wait(
    loop: FakeLoop,
) -> None:
    sent: list[bytes] = []
    outbox, far = Outbox(loop), Far(sent)

    def turn() -> None:
        keep(outbox, far, b"a")
        outbox.send()
        keep(outbox, far, b"b")
        assert sent == [b"a"]

    loop.run(turn)
    assert sent == [b"a", b"b"]


def test_a_request_that_was_given_up_meanwhile_is_not_sent(loop: FakeLoop) -> None:
    sent: list[bytes] = []
    outbox, gone = Outbox(loop), Far(sent)

    def turn() -> None:
        keep(outbox, gone, b"a")
        keep(outbox, Far(sent), b"b")
        gone.closed = True

    loop.run(turn)
    assert sent == [b"b"]


def test_all_who_have_something_to_say_speak_at_the_end_of_the_turn_in_one_callback(
    loop: FakeLoop,
) -> None:
    said: list[bytes] = []
    outbox = Outbox(loop)

    def turn() -> None:
        for word in (b"a", b"b"):
            outbox.speak(lambda word=word: said.append(word))
        assert said == []

    loop.counts.clear()
    loop.run(turn)
    assert said == [b"a", b"b"]
    assert loop.counts == {"call_soon": 1}


def test_who_has_more_to_say_speaks_in_the_next_turn(loop: FakeLoop) -> None:
    said: list[bytes] = []
    outbox = Outbox(loop)

    def first() -> None:
        said.append(b"a")
        outbox.speak(lambda: said.append(b"b"))

    loop.run(lambda: outbox.speak(first))
    assert said == [b"a", b"b"]


def test_one_that_raises_does_not_silence_the_others() -> None:
    said: list[bytes] = []
    raised: list[object] = []

    def fail() -> None:
        raise ZeroDivisionError

    async def turn() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: raised.append(context["exception"]))
        outbox = the_outbox()
        has_spoken = asyncio.Event()
        outbox.speak(fail)
        outbox.speak(lambda: said.append(b"b"))
        outbox.speak(has_spoken.set)
        await has_spoken.wait()

    asyncio.run(asyncio.wait_for(turn(), 5))
    assert said == [b"b"]
    assert [type(each) for each in raised] == [ZeroDivisionError]


def test_a_loop_has_one_and_another_loop_another(loop: FakeLoop) -> None:
    async def twice() -> tuple[Outbox, Outbox]:
        return the_outbox(), the_outbox()

    first, again = asyncio.run(twice())
    other, _ = asyncio.run(twice())
    assert first is again
    assert other is not first
