"""What one worker does at the store because a command says so."""

from typing import Any

from porch.cache.named import EVERYTHING, Named
from porch.cache.store import Stat
from porch.manage.at_store import NO_STORE, at_store

NUMBERS: dict[str, int] = {
    name: number for number, name in enumerate(Stat.__struct_fields__, start=1)
}


class FakeStore:
    def __init__(self) -> None:
        self.purged: list[tuple[Any, ...]] = []

    def purge(self, scope: str, value: bytes = b"", *, soft: bool = False) -> None:
        self.purged.append((scope, value, soft))

    def stat(self) -> Stat:
        return Stat(**NUMBERS)

    def top(self, count: int) -> list[tuple[bytes, int]]:
        return [(b"http://a.test/\xff", count)]


def test_each_that_is_named_is_purged() -> None:
    store: Any = FakeStore()
    assert at_store(store, "purge", ([Named("tag", b"a"), EVERYTHING], True)) == {}
    assert store.purged == [("tag", b"a", True), ("all", b"", True)]


def test_what_is_seen_of_it_is_plain_data() -> None:
    store: Any = FakeStore()
    assert at_store(store, "cache", 7) == {"store": NUMBERS, "top": [("http://a.test/ÿ", 7)]}


def test_without_a_store_it_says_so() -> None:
    assert at_store(None, "purge", ([EVERYTHING], False)) == {"error": NO_STORE}
    assert at_store(None, "cache", 7) == {"error": NO_STORE}
