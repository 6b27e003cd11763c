"""What is at a URL, here a set of keys: when it is asked for, and what holds meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from porch import clock
from porch.client import Answer
from porch.errors import ConnectionRefused
from porch.shield import fetched
from porch.shield.fetched import FIRST_WAIT, FRESH, LASTS, LONGEST_WAIT, SELDOM
from porch.shield.jwks import KeySet
from tests.support.tokens import EC, RSA, key_set


class Provider:
    """Answers what it is told to, and counts."""

    def __init__(self, answer: bytes | Exception | int) -> None:
        self.answer = answer
        self.asked: list[bytes] = []

    async def request(self, method: bytes, target: bytes, fields: Any = (), **more: Any) -> Answer:
        self.asked.append(target)
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, int):
            return Answer(self.answer, [], b"")
        return Answer(200, [], self.answer)

    async def connect(self, *, timeout: float) -> None:  # noqa: ASYNC109
        raise AssertionError


class Story:
    """A set with its provider; what is spawned runs at `run`."""

    def __init__(self, answer: bytes | Exception | int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.provider = Provider(answer)
        self.waits: list[Coroutine[Any, Any, None]] = []
        self.warned: list[str] = []
        self._patch = monkeypatch
        monkeypatch.setattr(clock, "now", 5000.0)
        self.keys = KeySet(
            "https://id.test/jwks",
            b"/jwks",
            lambda: self.provider,
            self.waits.append,
            self.warned.append,
        )

    def run(self) -> "Story":
        while self.waits:
            asyncio.run(self.waits.pop(0))
        return self

    def tick(self, seconds: float = 0.0) -> "Story":
        self._patch.setattr(clock, "now", clock.now + seconds)
        self.keys.tick()
        return self.run()

    @property
    def asked(self) -> int:
        return len(self.provider.asked)


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    return Story(key_set(RSA), monkeypatch)


def test_it_is_asked_for_before_anybody_needs_it_and_now_and_then(story: Story) -> None:
    assert story.asked == 0
    story.tick()
    assert (story.asked, story.provider.asked) == (1, [b"/jwks"])
    assert story.keys.has("RS256", "rsa")
    assert story.keys.has("RS256", "")
    assert not story.keys.has("RS256", "other")
    assert not story.keys.has("ES256", "")
    story.tick(FRESH - 1)
    assert story.asked == 1
    story.tick(1)
    assert story.asked == 2


def test_a_key_that_is_not_known_has_it_asked_for_but_seldom(story: Story) -> None:
    told: list[int] = []
    story.tick()
    assert not story.keys.when_known(lambda: told.append(1)), "it was asked for just now"
    story.tick(SELDOM)
    story.provider.answer = key_set(RSA, EC)
    assert story.keys.when_known(lambda: told.append(1))
    assert story.keys.when_known(lambda: told.append(2)), "it waits with the first"
    story.run()
    assert told == [1, 2]
    assert story.asked == 2
    assert story.keys.has("ES256", "ec")
    for _ in range(100):
        assert not story.keys.when_known(lambda: told.append(3))
    assert story.run().asked == 2


def test_a_key_that_is_taken_out_is_gone(story: Story) -> None:
    story.tick()
    story.provider.answer = key_set(EC)
    story.tick(FRESH)
    assert not story.keys.has("RS256", "rsa")


@pytest.mark.parametrize(
    "answer", [ConnectionRefused("nobody"), 503, 302, b"<html>", b'{"keys":[]}', OSError("x")]
)
def test_who_cannot_be_reached_is_asked_again_ever_more_seldom(
    answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(answer, monkeypatch).tick()
    assert not story.keys.keys
    assert story.keys.why
    assert "nobody is let in" in story.warned[0]
    waits, wait = [], FIRST_WAIT
    while wait < LONGEST_WAIT:
        waits.append(wait)
        wait *= 2
    for count, seconds in enumerate([*waits, LONGEST_WAIT, LONGEST_WAIT], 1):
        assert story.asked == count
        story.tick(seconds - 0.25)
        assert story.asked == count
        assert not story.keys.when_known(lambda: None), "not for every token's sake"
        story.tick(0.25)
    story.provider.answer = key_set(RSA)
    story.tick(LONGEST_WAIT)
    assert story.keys.has("RS256", "rsa")
    assert story.keys.why == ""


def test_the_keys_hold_for_a_day_where_the_provider_is_away(story: Story) -> None:
    story.tick()
    story.provider.answer = ConnectionRefused("nobody")
    story.tick(FRESH)
    assert "holds for a day" in story.warned[0]
    assert story.keys.has("RS256", "rsa")
    story.tick(LASTS - FRESH)
    assert story.keys.has("RS256", "rsa")
    story.tick(1)
    assert not story.keys.keys


def test_who_waits_is_told_of_a_failure_too(story: Story) -> None:
    told: list[int] = []
    story.provider.answer = ConnectionRefused("nobody")
    assert story.keys.when_known(lambda: told.append(1))
    story.run()
    assert told == [1]


def test_so_many_may_wait(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched, "MOST_WAITING", 2)
    took = [story.keys.when_known(lambda: None) for _ in range(3)]
    assert took == [True, True, False]
    story.run()


def test_where_nobody_serves_nobody_is_asked(story: Story) -> None:
    story.keys.rest("nobody asks for them here")
    story.tick(LASTS)
    assert story.asked == 0
    assert not story.keys.when_known(lambda: None)
