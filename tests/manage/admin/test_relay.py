"""From the admin door to the supervisor and back: numbers, bounds, silence."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from porch.manage.admin import relay as module
from porch.manage.admin.relay import (
    MOST,
    MOST_BYTES,
    MOST_CHANGES,
    MOST_OF_ONE,
    QUIET,
    Relay,
    Relayed,
    Told,
)
from porch.manage.control.refusing import Refusal
from tests.support.network import FakeClock


class Sent:
    """A supervisor that is sent operations. told: what became of each, by who asked."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.told: dict[str, Told] = {}
        self.relay = Relay(lambda word, data: self.sent.append((word, data)))

    def ask(self, who: str, size: int = 10, changes: bool = False, wait: float = 0.0) -> None:
        def tell(told: Told) -> None:
            assert who not in self.told, "told once"
            self.told[who] = told

        relayed = Relayed(
            name="drain",
            words={"endpoint": "a:1"},
            who=who,
            if_match=['"1"'],
            changes=changes,
            size=size,
            wait=wait,
        )
        self.relay.operate(relayed, tell)


def run(story: Callable[[Sent], Any]) -> None:
    async def main() -> None:
        await story(Sent())

    asyncio.run(main())


def test_each_answer_goes_to_who_asked_in_whatever_order_they_come() -> None:
    async def story(sent: Sent) -> None:
        sent.relay.generation = 7
        for who in ("ann", "eve"):
            sent.ask(who)
        (_, first), (word, second) = sent.sent
        assert word == "operate"
        assert second[1:] == ("drain", {"endpoint": "a:1"}, "eve", ('"1"',), 7)
        sent.relay.on_operated(second[0], 200, "second", '"2"')
        sent.relay.on_operated(first[0], 409, "first", "")
        assert sent.told == {"eve": Told(200, "second", '"2"'), "ann": Told(409, "first")}

    run(story)


def test_an_answer_for_nobody_is_nothing() -> None:
    async def story(sent: Sent) -> None:
        sent.ask("ann")
        number = sent.sent[0][1][0]
        sent.relay.on_operated(number + 1, 200, None, "")
        sent.relay.on_operated(number, 200, None, "")
        sent.relay.on_operated(number, 200, None, "")
        assert len(sent.told) == 1

    run(story)


def test_a_silent_supervisor_is_told_of_and_its_late_answer_is_for_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.02)

    async def story(sent: Sent) -> None:
        sent.ask("ann")
        await asyncio.sleep(0.1)
        told = sent.told["ann"]
        assert (told.status, "may still be done" in str(told.answer)) == (504, True)
        (_, (number, *_)), left = sent.sent
        assert left == ("left", number)
        sent.relay.on_operated(number, 200, None, "")

    run(story)


def test_who_leaves_gives_his_place_back_and_the_supervisor_knows_it() -> None:
    async def story(sent: Sent) -> None:
        told: list[Told] = []
        relayed = Relayed(name="drain", words={}, who="ops", changes=True)
        numbers = [sent.relay.operate(relayed, told.append) for _ in range(MOST_OF_ONE)]
        sent.relay.leave(numbers[3])
        sent.relay.leave(numbers[3])
        sent.relay.leave(0)
        assert [data for word, data in sent.sent if word == "left"] == [numbers[3]]
        sent.relay.operate(relayed, told.append)
        await asyncio.sleep(0)
        assert told == []

    run(story)


def test_not_more_wait_than_may_and_there_is_room_again_behind_them() -> None:
    async def story(sent: Sent) -> None:
        for number in range(MOST + 1):
            sent.ask(str(number))
        await asyncio.sleep(0)
        assert sent.told[str(MOST)].status == 503
        assert len(sent.sent) == MOST
        sent.relay.on_operated(sent.sent[0][1][0], 200, None, "")
        sent.ask("later")
        assert len(sent.sent) == MOST + 1

    run(story)


def test_nor_more_bytes_of_them() -> None:
    async def story(sent: Sent) -> None:
        sent.ask("large", MOST_BYTES)
        sent.ask("small", 1)
        await asyncio.sleep(0)
        assert sent.told["small"].status == 503
        sent.relay.on_operated(sent.sent[0][1][0], 200, None, "")
        sent.ask("again", MOST_BYTES)
        assert len(sent.sent) == 2

    run(story)


def test_one_whose_changes_wait_for_long_leaves_room_for_others() -> None:
    async def story(sent: Sent) -> None:
        told: list[Told] = []
        for who in ["ops"] * (MOST_OF_ONE + 1) + ["ann"]:
            sent.relay.operate(Relayed(name="drain", words={}, who=who, changes=True), told.append)
        await asyncio.sleep(0)
        assert [each.status for each in told] == [503]
        assert [data[3] for _, data in sent.sent] == ["ops"] * MOST_OF_ONE + ["ann"]

    run(story)


def test_changes_that_wait_for_long_leave_room_for_questions() -> None:
    async def story(sent: Sent) -> None:
        for number in range(MOST_CHANGES + 1):
            sent.ask(str(number), changes=True)
        await asyncio.sleep(0)
        assert [*sent.told] == [str(MOST_CHANGES)]
        for number in range(MOST - MOST_CHANGES):
            sent.ask(f"question {number}")
        await asyncio.sleep(0)
        assert len(sent.told) == 1
        assert len(sent.sent) == MOST

    run(story)


def test_what_waits_by_its_own_words_has_that_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.02)

    async def story(sent: Sent) -> None:
        sent.ask("short")
        sent.ask("long", wait=30.0)
        await asyncio.sleep(0.1)
        assert [*sent.told] == ["short"]
        sent.relay.on_operated(sent.sent[1][1][0], 200, "drained", "")
        assert sent.told["long"].answer == "drained"

    run(story)


def test_what_is_refused_is_told_at_once_and_then_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock(monkeypatch)
    sent = Sent()
    for _ in range(1000):
        sent.relay.refuse(Refusal("stop", "rob by token", "rob may not"))
        sent.relay.tick()
    clock.advance(QUIET)
    sent.relay.tick()
    said = "stop", "rob by token", "rob may not"
    assert sent.sent == [("refused", (*said, 1)), ("refused", (*said, 999))]
