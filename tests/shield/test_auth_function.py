"""A function of the operator's that says who a client is."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from porch.identity import Identity
from porch.shield.auth import Judge, Later
from porch.shield.auth_claims import Requirement
from porch.shield.auth_errors import CannotTell, NotAllowed
from porch.shield.auth_function import PATIENCE, ByFunction
from tests.support.hooks import FakeExchange, seen


class Timer:
    def __init__(self, seconds: float, call: Callable[[], object]) -> None:
        self.seconds = seconds
        self.call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Keeper:
    def __init__(self) -> None:
        self.reported: list[Exception] = []
        self.timers: list[Timer] = []

    def report(self, exchange: object, error: Exception) -> None:
        self.reported.append(error)

    def later(self, seconds: float, call: Callable[[], object]) -> Timer:
        self.timers.append(Timer(seconds, call))
        return self.timers[-1]


class Story:
    def __init__(self, function: Callable[[Any], Any], judge: Judge | None = None) -> None:
        self.keeper = Keeper()
        self.waits: list[Coroutine[Any, Any, None]] = []
        judge = judge or Judge([], {b"x-user": "user", b"x-plan": "plan"})
        way = ByFunction("py:shop:who", function, self.waits.append, judge)
        exchange: Any = FakeExchange(fields=[(b"x-token", b"ann")])
        exchange.keeper = self.keeper
        self.verdict: Any = way.identify(seen(exchange))
        self.heard: list[Any] = []
        if isinstance(self.verdict, Later):
            self.verdict.then(self.heard.append)

    def run(self) -> Any:
        asyncio.run(self.waits.pop())
        (verdict,) = self.heard
        return verdict


def by_token(exchange: Any) -> str | None:
    token: bytes | None = exchange.request.get(b"x-token")
    return token.decode() if token else None


async def slowly(exchange: Any) -> str | None:
    await asyncio.sleep(0)
    return by_token(exchange)


def test_a_name_is_somebody() -> None:
    found = Story(by_token).verdict
    assert isinstance(found, Identity)
    assert (found.name, found.kind) == ("ann", "py")
    assert found.fields == ((b"x-user", b"ann"),)


def test_an_identity_has_claims_too() -> None:
    found = Story(lambda _: Identity("ann", "mine", {"plan": "gold"})).verdict
    assert found.fields == ((b"x-user", b"ann"), (b"x-plan", b"gold"))


def test_one_that_is_async_has_its_time() -> None:
    story = Story(slowly)
    found = story.run()
    assert isinstance(found, Identity)
    (timer,) = story.keeper.timers
    assert timer.seconds == PATIENCE
    assert timer.is_cancelled


def test_and_no_more_than_that() -> None:
    story = Story(slowly)
    story.keeper.timers[0].call()
    (found,) = story.heard
    assert isinstance(found, CannotTell)
    assert isinstance(story.run(), CannotTell), "what comes late does not count"


@pytest.mark.parametrize("nobody", [None, False])
def test_none_is_nobody(nobody: object) -> None:
    assert Story(lambda _: nobody).verdict is None


@pytest.mark.parametrize("strange", [True, 7, b"ann", ["ann"], {"name": "ann"}])
def test_what_is_no_name_lets_nobody_in(strange: object) -> None:
    assert isinstance(Story(lambda _: strange).verdict, CannotTell)


@pytest.mark.parametrize("name", ["", "a\r\nb", "-"[:0], " x"])
def test_nor_does_a_name_that_no_log_can_take(name: str) -> None:
    assert isinstance(Story(lambda _: name).verdict, NotAllowed)


def raises(exchange: Any) -> None:
    raise KeyError("secret")


async def raises_later(exchange: Any) -> None:
    raise KeyError("secret")


@pytest.mark.parametrize("function", [raises, raises_later])
def test_one_that_raises_lets_nobody_in_and_is_told_of(function: Any) -> None:
    story = Story(function)
    found = story.run() if story.waits else story.verdict
    assert isinstance(found, CannotTell)
    assert "secret" not in found.detail
    assert [type(each) for each in story.keeper.reported] == [KeyError]


def test_it_may_say_by_an_error_what_is_answered() -> None:
    def refuses(exchange: Any) -> None:
        raise NotAllowed("not today")

    story = Story(refuses)
    assert isinstance(story.verdict, NotAllowed)
    assert not story.keeper.reported


def test_what_is_required_holds_here_too() -> None:
    judge = Judge([Requirement("user", ["bob"])], {})
    assert isinstance(Story(by_token, judge).verdict, NotAllowed)
