"""Outbox: what waits in it, and how it leaves at the end of a turn."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from porch.outbox import Outbox, spoken, the_outbox
from tests.support.network import FakeClock, FakeLoop


class Far:
    """Who sends requests, each into one list. away: those that were turned away."""

    def __init__(self, sent: list[bytes], descriptor: int = -1) -> None:
        self.closed = self.speaks_first = False
        self.descriptor = descriptor
        self.write = sent.append
        self.asking: Any = "somebody"
        self.exchange: Any = None
        self.away: list[Any] = []

    def turn_away(self) -> None:
        self.away.append(self.asking)
        self.asking = None


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


def keep(outbox: Outbox, far: Far, data: bytes) -> None:
    far.asking = "somebody"
    outbox.kept.append((far, far.write, data, True))
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
        gone.asking = None

    loop.run(turn)
    assert sent == [b"b"]
    assert gone.away == []


def test_until_a_request_is_sent_its_connection_has_no_exchange(loop: FakeLoop) -> None:
    sent: list[bytes] = []
    outbox, far = Outbox(loop), Far(sent)

    def turn() -> None:
        keep(outbox, far, b"a")
        assert far.exchange is None

    loop.run(turn)
    assert (far.asking, far.exchange) == (None, "somebody")


@pytest.mark.parametrize("how", ["closed", "ended", "spoke"])
def test_a_request_on_a_connection_of_no_use_is_turned_away_and_those_beside_it_are_sent(
    loop: FakeLoop, how: str
) -> None:
    sent: list[bytes] = []
    outbox = Outbox(loop)
    near, origin = socket.socketpair()
    with near, origin:
        before, far, behind = Far(sent), Far(sent, near.fileno()), Far(sent)

        def turn() -> None:
            for each, data in ((before, b"a"), (far, b"b"), (behind, b"c")):
                keep(outbox, each, data)
            if how == "closed":
                far.closed = True
            elif how == "ended":
                origin.close()
            else:
                origin.send(b"HTTP/1.1 200 OK\r\n\r\n")

        loop.run(turn)
    assert sent == [b"a", b"c"]
    assert far.away == ["somebody"]
    assert far.exchange is None


@pytest.mark.parametrize("is_safe", [True, False])
def test_what_cannot_be_asked_twice_is_looked_at_right_before_it_is_written(
    loop: FakeLoop, is_safe: bool
) -> None:
    """The origin closes while what came before it is written."""
    near, origin = socket.socketpair()
    with near, origin:
        sent: list[bytes] = []
        outbox, before, far = Outbox(loop), Far(sent), Far(sent, near.fileno())
        before.write = lambda _: origin.close()  # type: ignore[assignment]

        def turn() -> None:
            keep(outbox, before, b"a")
            outbox.kept.append((far, far.write, b"b", is_safe))

        loop.run(turn)
        assert sent == ([b"b"] if is_safe else [])
        assert far.away == ([] if is_safe else ["somebody"])


def test_of_several_those_are_told_that_have_data_or_an_end() -> None:
    pairs = [socket.socketpair() for _ in range(4)]
    with ExitStack() as stack:
        for near, far in pairs:
            stack.enter_context(near)
            stack.enter_context(far)
        kept = [Far([], near.fileno()) for near, _ in pairs] + [Far([])]
        assert not spoken(kept)
        pairs[0][1].send(b"abc")
        pairs[2][1].close()
        pairs[3][1].close()
        kept[3].closed = True  # its number may be another's by now
        assert set(spoken(kept)) == {pairs[0][0].fileno(), pairs[2][0].fileno()}
        kept[0].speaks_first = True  # tickets of TLS
        assert set(spoken(kept)) == {pairs[2][0].fileno()}
    assert not spoken([])


def test_one_write_that_raises_does_not_hold_up_the_others() -> None:
    sent: list[bytes] = []

    def fail(_: bytes) -> None:
        raise ZeroDivisionError

    async def turn() -> list[object]:
        raised: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: raised.append(context["exception"]))
        outbox = the_outbox()
        first, second, last = Far(sent), Far(sent), Far(sent)
        first.write = fail  # type: ignore[assignment]
        for far, data in ((first, b"a"), (second, b"b"), (last, b"c")):
            keep(outbox, far, data)
        done = asyncio.Event()
        last.write = lambda data: (sent.append(data), done.set())  # type: ignore[assignment, func-returns-value]
        outbox.kept[2] = (last, last.write, b"c", True)
        await done.wait()
        return raised

    raised = asyncio.run(asyncio.wait_for(turn(), 5))
    assert sent == [b"b", b"c"]
    assert [type(each) for each in raised] == [ZeroDivisionError]


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
