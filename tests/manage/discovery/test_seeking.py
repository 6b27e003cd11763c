"""Whatever a provider does, the last good list stays, and trouble is told once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from porch.balance.discover.found import Found, Provider
from porch.config.finding import parse_source
from porch.config.listing import Listing
from porch.config.members import Sought
from porch.errors import ConnectionRefused
from porch.manage.discovery import seeking
from porch.manage.discovery.seeking import Seeking
from tests.manage.conftest import until

NAME = "dns:api:80"
A, B = Found("a:1"), Found("b:1")


class Story:
    """A provider that does one thing after the other: lists are yielded, errors raised, "end" ends
    it, "hang" waits for ever. told, said: what came of it."""

    def __init__(self) -> None:
        self.told: list[Listing] = []
        self.said: list[str] = []
        self.calls = 0
        self.listings: dict[str, Listing] = {}

    def run(self, *steps: Any, seconds: float = 3.0) -> None:
        rest = iter(steps)
        is_over = asyncio.Event()

        async def endpoints() -> AsyncIterator[Any]:
            self.calls += 1
            for each in rest:
                if isinstance(each, Exception):
                    raise each
                if each == "end":
                    return
                if each == "hang":
                    await asyncio.sleep(3600)
                yield each
            is_over.set()
            await asyncio.sleep(3600)

        async def main() -> None:
            made = self.make()
            made.seek({NAME: sought(endpoints)})
            await asyncio.wait_for(is_over.wait(), seconds)
            await asyncio.sleep(0)
            made.close()

        asyncio.run(main())

    def make(self) -> Seeking:
        return Seeking(
            self.listings, self.told.append, self.said.append, self.said.append, lambda *_: None
        )

    @property
    def last(self) -> Listing:
        return self.told[-1]


def sought(endpoints: Callable[[], Any]) -> Sought:
    def make(load: object) -> Provider:
        return endpoints

    return Sought(source=parse_source(NAME), provider=make)


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    for word in ("SHORTEST", "LONGEST", "BREATH"):
        monkeypatch.setattr(seeking, word, 0.001)
    monkeypatch.setattr(seeking.clock, "wall", lambda: 1.8e9)
    return Story()


def test_a_list_is_told_and_the_same_again_is_not(story):
    story.run([A], [A], [A, B], [A, B])
    assert [each.found for each in story.told] == [
        (("a:1", 1, 0),),
        (("a:1", 1, 0), ("b:1", 1, 0)),
    ]
    assert story.said == []


def test_a_list_that_was_changed_in_place_is_another(story):
    own = [A]

    async def endpoints():
        yield own
        own.append(B)
        yield own
        over.set()
        await asyncio.sleep(3600)

    async def main():
        made = story.make()
        made.seek({NAME: sought(endpoints)})
        await over.wait()
        made.close()

    over = asyncio.Event()
    asyncio.run(main())
    assert [len(each.found) for each in story.told] == [1, 2]


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (RuntimeError("x"), "RuntimeError: x"),
        (ValueError("it has no list"), "it has no list"),
        (ConnectionRefused("10.0.0.1:80 refuses"), "10.0.0.1:80 refuses"),
        (FileNotFoundError(2, "No such file or directory", "/x"), "/x: No such file or directory"),
        ("end", "it ended; it should go on"),
        ([], "it found nothing"),
        ([7], "left out of 1 entries: 1: 7 is no Found"),
        (None, "a list of Found is wanted, not NoneType"),
    ],
)
def test_whatever_it_does_the_last_good_list_stays(story, trouble, why):
    story.run([A], trouble, trouble, trouble, [A])
    assert [each.found for each in story.told] == [(("a:1", 1, 0),)] * 3
    assert [each.trouble for each in story.told] == ["", why, ""]
    assert story.told[1].trouble_since == 1.8e9
    assert story.said == [
        f"discovery of {NAME} fails: {why}; the list of 2027-01-15T08:00:00Z stays",
        f"discovery of {NAME} is well again: 1 found",
    ]


def test_trouble_at_the_start_has_no_list(story):
    story.run(OSError("no such name"), OSError("no such name"))
    assert story.told == [
        Listing(source=NAME, trouble="no such name", trouble_since=1.8e9),
    ]
    assert story.said == [f"discovery of {NAME} fails: no such name"]
    assert story.calls == 3


def test_of_a_list_that_is_good_in_part_the_rest_is_told_once(story):
    story.run([A, Found("x")], [A, Found("x")], [A])
    assert [each.found for each in story.told] == [(("a:1", 1, 0),)] * 2
    assert "1 entries" not in story.said[0]
    assert len(story.said) == 2


def test_one_that_says_nothing_is_told(story, monkeypatch):
    monkeypatch.setattr(seeking, "QUIET", 0.01)

    async def main():
        made = story.make()

        async def endpoints():
            await asyncio.sleep(3600)
            yield [A]

        made.seek({NAME: sought(endpoints)})
        await until(lambda: story.told)
        made.close()

    asyncio.run(main())
    assert story.last.trouble == "no answer for 0.01 s"


def test_a_successor_goes_on_with_what_is_known(story):
    known = Listing(source=NAME, found=(("a:1", 1, 0),), since=5.0)
    story.listings = {NAME: known}
    story.run([A], OSError("x"))
    assert [each.trouble for each in story.told] == ["x"]
    assert story.last.since == 5.0


def test_a_list_of_before_a_restart_is_told_when_it_is_heard_again(story):
    story.listings = {NAME: Listing(source=NAME, found=(("a:1", 1, 0),), since=5.0, is_old=True)}
    story.run([A])
    assert story.told == [Listing(source=NAME, found=(("a:1", 1, 0),), since=1.8e9)]


def test_who_is_not_sought_any_more_is_left_and_who_is_goes_on(story):
    ended: list[str] = []

    def endless(name: str) -> Callable[[], Any]:
        async def endpoints():
            try:
                while True:
                    yield [A]
                    await asyncio.sleep(0.001)
            finally:
                ended.append(name)

        return endpoints

    async def main():
        made = story.make()
        one, two = sought(endless("one")), sought(endless("two"))
        made.seek({"one": one, "two": two})
        await until(lambda: len(story.told) == 2)
        made.seek({"two": two})
        await until(lambda: ended)
        assert ended == ["one"]
        assert sorted(each.source for each in story.told) == ["one", "two"]
        made.close()
        await until(lambda: len(ended) == 2)
        assert ended == ["one", "two"]

    asyncio.run(main())


def test_one_that_cannot_be_made_is_told(story):
    def broken(load: object) -> Provider:
        raise ValueError("shop:x cannot be loaded")

    async def main():
        made = story.make()
        made.seek({NAME: Sought(source=parse_source(NAME), provider=broken)})
        await until(lambda: story.told)
        made.close()

    asyncio.run(main())
    assert story.last.trouble == "shop:x cannot be loaded"


def test_a_long_list_is_looked_over_in_slices(story):
    turns = 0

    async def main():
        nonlocal turns
        made = story.make()
        many = [Found(f"10.0.{each // 250}.{each % 250}:80") for each in range(10_000)]

        async def endpoints():
            yield many
            await asyncio.sleep(3600)

        made.seek({NAME: sought(endpoints)})
        while not story.told:
            await asyncio.sleep(0)
            turns += 1
        made.close()

    asyncio.run(main())
    assert len(story.last.found) == 10_000
    assert turns > 50
