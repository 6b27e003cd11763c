"""Bodies that come in."""

from collections.abc import Callable

import pytest

from porch.cache.arriving import Arriving
from porch.cache.entry import Entry
from porch.cache.memory_store import MemoryStore
from porch.cache.store import SMALL

KEY = b"k" * 16


def entry(length: int = -1, held: list[tuple[int, int]] | None = None) -> Entry:
    return Entry(200, [], length, 0.0, 0.0, 60.0, "max-age", held=held or [])


def arriving(store: MemoryStore, kept: Entry | None, most: int = 1 << 30) -> Arriving:
    return Arriving(store, KEY, kept, store.moment(), most)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(8 << 20)


def ended(store: MemoryStore, body: Arriving) -> bytes:
    """Its end, and its ident in the store."""
    save = body.end()
    if save is not None:
        assert len(save.body) <= SMALL
        assert store.save(*save[:4]) is not None
    (variant,) = store.variants(KEY)
    return variant.ident


def read(body: Arriving) -> bytes:
    found = b""
    while len(found) < body.size():
        data = body.read(len(found), 50_000)
        assert data
        found += data
    return found


@pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1, 300_000])
@pytest.mark.parametrize("is_known", [True, False])
def test_what_has_come_can_be_read_at_any_time_and_is_stored(
    store: MemoryStore, size: int, is_known: bool
) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    body = arriving(store, entry(size if is_known else -1))
    for first in range(0, size, 10_000):
        body.add(data[first : first + 10_000])
        assert read(body) == data[: first + 10_000]
        assert not body.is_whole()
    ident = ended(store, body)
    assert body.is_whole()
    assert body.stores
    assert read(body) == data
    stored = store.load(ident)
    assert stored is not None
    assert (stored.body, stored.entry.length) == (data, size)


def test_a_piece_that_is_read_before_the_next_comes_is_never_copied(store: MemoryStore) -> None:
    body = arriving(store, None)
    for number in range(3):
        piece = bytes(200_000)
        body.add(piece)
        assert body.read(number * 200_000, 1 << 18) is piece
        assert body.forget(body.size())
        assert body.held == 0


def test_pieces_that_wait_are_read_on_from_anywhere(store: MemoryStore) -> None:
    body = arriving(store, None)
    for piece in (b"ab", b"cd", b"ef"):
        body.add(piece)
    assert (body.read(1, 4), body.held) == (b"bcde", 6)
    assert body.forget(3)
    assert (body.read(3, 9), body.held) == (b"def", 3)
    assert body.read(2, 1) is None


def test_a_large_body_is_not_held_in_memory(store: MemoryStore) -> None:
    body = arriving(store, entry())
    for _ in range(20):
        body.add(bytes(100_000))
        assert body.held <= SMALL


@pytest.mark.parametrize("length", [-1, 100])
def test_a_small_body_that_takes_its_time_can_be_followed(store: MemoryStore, length: int) -> None:
    body = arriving(store, entry(length))
    body.add(b"ab")
    assert not store.follow(KEY)
    body.show()
    body.show()
    (growth,) = store.follow(KEY)
    assert growth.size() == 2
    body.add(b"cd")
    assert growth.size() == 4
    assert read(body) == b"abcd"
    ended(store, body)
    assert growth.state() == "complete"
    assert not store.follow(KEY)


def test_one_that_is_known_to_be_large_can_be_followed_at_once(store: MemoryStore) -> None:
    body = arriving(store, entry(SMALL + 1))
    body.add(b"ab")
    assert store.follow(KEY)
    body.abandon()


def test_a_small_part_of_a_large_whole_is_small(store: MemoryStore) -> None:
    body = arriving(store, entry(1 << 20, [(5, 7)]))
    body.add(b"ab")
    assert not store.follow(KEY)
    ident = ended(store, body)
    stored = store.load(ident)
    assert stored is not None
    assert stored.entry.length == 1 << 20, "that of the whole"


def test_what_ends_or_is_not_stored_is_not_shown_any_more(store: MemoryStore) -> None:
    for body in (arriving(store, entry()), arriving(store, None)):
        body.add(b"ab")
        body.end()
        body.show()
        assert not store.follow(KEY)


def test_what_breaks_off_is_not_stored(store: MemoryStore) -> None:
    for size in (10, SMALL + 1):
        body = arriving(store, entry())
        body.add(bytes(size))
        body.abandon()
        assert not body.stores
    assert store.stat().objects == 0
    assert store.stat().growing == 0


@pytest.mark.parametrize("most", [10, SMALL + 10])
def test_what_grows_too_long_can_be_read_on(store: MemoryStore, most: int) -> None:
    data = bytes(range(256)) * 300
    body = arriving(store, entry(), most)
    for first in range(0, len(data), 10_000):
        body.add(data[first : first + 10_000])
        assert body.stores == (first + 10_000 <= most)
        assert read(body) == data[: first + 10_000]
    assert body.end() is None
    assert store.stat().objects == store.stat().growing == 0


def test_what_all_have_read_of_one_that_is_not_stored_is_let_go(store: MemoryStore) -> None:
    body = arriving(store, None)
    body.add(b"abcdef")
    body.forget(4)
    assert (body.held, body.read(4, 9)) == (2, b"ef")
    body.forget(2)
    body.forget(1 << 62)
    assert body.held == 0
    body.add(b"gh")
    assert body.read(6, 9) == b"gh"
    assert body.size() == 8


def test_nothing_is_let_go_of_one_that_is_stored(store: MemoryStore) -> None:
    body = arriving(store, entry())
    body.add(b"abc")
    body.forget(2)
    assert read(body) == b"abc"


def _no_spool(*_: object) -> None:
    return None


@pytest.mark.parametrize("does", [_no_spool])
def test_where_the_store_has_no_room_it_goes_on_without(
    store: MemoryStore, does: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "spool", does)
    body = arriving(store, entry())
    body.add(bytes(SMALL + 1))
    assert not body.stores
    body.add(b"abc")
    assert read(body) == bytes(SMALL + 1) + b"abc"
    assert body.end() is None


def test_where_the_store_is_full_in_the_middle_it_goes_on_without() -> None:
    store = MemoryStore(200_000)
    body = arriving(store, entry())
    for _ in range(5):
        body.add(bytes(30_000))
    assert not body.stores
    assert read(body) == bytes(150_000)


def test_what_was_purged_meanwhile_is_not_stored(store: MemoryStore) -> None:
    body = arriving(store, entry())
    body.add(b"abc")
    store.purge("all")
    save = body.end()
    assert save is not None
    assert store.save(*save[:4]) is None
    large = arriving(store, entry())
    large.add(bytes(SMALL + 1))
    store.purge("all")
    assert large.end() is None
    assert not large.stores
    assert read(large) == bytes(SMALL + 1)


def test_two_of_one_key_read_their_own(store: MemoryStore) -> None:
    one, other = arriving(store, entry()), arriving(store, entry())
    one.add(b"a" * (SMALL + 1))
    other.add(b"b" * (SMALL + 1))
    assert (one.read(0, 1), other.read(0, 1)) == (b"a", b"b")
    one.abandon()
    other.abandon()
