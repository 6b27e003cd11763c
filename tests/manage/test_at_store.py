"""What one worker does at the store because a command says so."""

from base64 import b64decode
from typing import Any

from porch.cache.entry import Entry, decoded
from porch.cache.named import EVERYTHING, Named
from porch.cache.store import Stat, Variant
from porch.manage.at_store import NO_STORE, at_store

NUMBERS: dict[str, int] = {
    name: number for number, name in enumerate(Stat.__struct_fields__, start=1)
}


class FakeStored:
    entry = Entry(
        status=200, fields=[], length=1, received=90.0, age=0.0, lifetime=60.0, source="max-age"
    )
    is_purged = True


class FakeShelf:
    def __init__(self) -> None:
        self.store = FakeStore()
        self.passes = FakePasses([b"passed"])


class FakePasses(set[bytes]):
    def has(self, name: bytes) -> bool:
        return name in self


class FakeStore:
    def __init__(self) -> None:
        self.purged: list[tuple[Any, ...]] = []

    def purge(self, scope: str, value: bytes = b"", *, soft: bool = False) -> None:
        self.purged.append((scope, value, soft))

    def stat(self) -> Stat:
        return Stat(**NUMBERS)

    def now(self) -> float:
        return 100.0

    def variants(self, primary: bytes) -> list[Variant]:
        names = (b"there", b"gone") if primary == b"key" else ()
        return [Variant(name, [], 1.0) for name in names]

    def load(self, ident: bytes) -> Any:
        return FakeStored() if ident == b"there" else None

    def top(self, count: int) -> list[tuple[bytes, int]]:
        return [(b"http://a.test/\xff", count)]


def test_each_that_is_named_is_purged() -> None:
    shelf: Any = FakeShelf()
    assert at_store(shelf, "purge", ([Named("tag", b"a"), EVERYTHING], True)) == {}
    assert shelf.store.purged == [("tag", b"a", True), ("all", b"", True)]


def test_what_is_seen_of_it_is_plain_data() -> None:
    shelf: Any = FakeShelf()
    assert at_store(shelf, "cache", 7) == {"store": NUMBERS, "top": [("http://a.test/ÿ", 7)]}


def test_without_a_store_it_says_so() -> None:
    assert at_store(None, "purge", ([EVERYTHING], False)) == {"error": NO_STORE}
    assert at_store(None, "cache", 7) == {"error": NO_STORE}


def test_what_is_stored_under_a_key_is_told_whole() -> None:
    shelf: Any = FakeShelf()
    told: Any = at_store(shelf, "kept", b"key")
    assert told["now"] == 100
    ((text, is_purged),) = told["kept"]
    assert decoded(b64decode(text)) == FakeStored.entry
    assert is_purged is True
    assert told["passed"] is False
    assert at_store(shelf, "kept", b"passed") == {"now": 100, "kept": [], "passed": True}
