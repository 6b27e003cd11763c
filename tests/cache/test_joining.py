"""Parts that are stored, and the rest."""

from typing import Any

import pytest

from porch.cache.entry import Entry
from porch.cache.joining import MOST_JOINED, is_joinable, joining
from porch.cache.store import Stored
from porch.http.message import Field, RequestHead, ResponseHead
from tests.cache.test_update import FakeCache

TAG = (b"etag", b'"1"')
WALL = 1.7e9
FRESH = (b"cache-control", b"max-age=60")
REQUEST = RequestHead(b"GET", b"/a", b"x", b"http", [])


class FakeFile:
    """A file of the store. damaged: from which byte on nothing can be read."""

    descriptor = -1

    def __init__(self, data: bytes, damaged: int = 1 << 30) -> None:
        self.data = data
        self.length = len(data)
        self.damaged = damaged

    def read(self, first: int, size: int) -> bytes | None:
        return None if first >= self.damaged else self.data[first : first + min(size, 2)]

    def is_sound(self, first: int, end: int) -> bool:
        return True


def stored(body: Any = b"01", held: tuple[int, int] = (0, 2)) -> Stored:
    entry = Entry(200, [TAG, FRESH], 6, 0.0, 0.0, 60.0, "max-age", held=[held])
    return Stored(b"", entry, body, is_purged=False)


def part(first: int, last: int, *fields: Field, length: int | None = -1) -> ResponseHead:
    size = last + 1 - first if length == -1 else length
    where = (b"content-range", b"bytes %d-%d/6" % (first, last))
    return ResponseHead(206, [*(fields or (TAG,)), FRESH, where], size)


def join(kept: Stored, head: ResponseHead) -> Any:
    cache: Any = FakeCache()
    return joining(cache, REQUEST, b"", kept, head, WALL)


@pytest.mark.parametrize("body", [b"01", FakeFile(b"01"), FakeFile(b"01" * 1)])
def test_the_rest_makes_it_whole(body: Any) -> None:
    made = join(stored(body), part(2, 5))
    made.add(b"23")
    made.add(b"45")
    assert made.whole() == b"012345"
    assert made.entry.held == []
    assert made.entry.length == 6


def test_a_part_in_between_leaves_gaps() -> None:
    made = join(stored(), part(4, 4))
    made.add(b"4")
    assert made.whole() == b"014"
    assert made.entry.held == [(0, 2), (4, 5)]


def test_bytes_that_are_there_already_are_not_taken_twice() -> None:
    made = join(stored(b"12", (1, 3)), part(0, 5))
    made.add(b"0abc45")
    assert made.whole() == b"012c45"


@pytest.mark.parametrize(
    "head",
    [
        part(2, 5, (b"etag", b'"2"')),
        part(2, 5, (b"x", b"y")),
        part(2, 5, TAG, (b"cache-control", b"no-store")),
        part(2, 5, length=None),
        ResponseHead(206, [TAG, FRESH], 4),
    ],
    ids=["another", "no validator", "not to be kept", "of no length", "no range"],
)
def test_what_is_not_of_the_same_bytes_or_not_to_be_kept_is_not_joined(head: ResponseHead) -> None:
    assert join(stored(), head) is None


def test_what_cannot_be_read_is_not_joined() -> None:
    assert join(stored(FakeFile(b"0123", damaged=2), (0, 4)), part(4, 5)) is None
    assert join(stored(FakeFile(b"0123"), (0, 4)), part(4, 5)) is not None


def test_what_has_no_strong_validator_or_is_too_large_is_not_asked_for_alone() -> None:
    large = Entry(200, [TAG], MOST_JOINED + 1, 0.0, 0.0, 60.0, "max-age", held=[(0, 2)])
    weak = Entry(200, [(b"etag", b'W/"1"')], 6, 0.0, 0.0, 60.0, "max-age", held=[(0, 2)])
    assert is_joinable(stored().entry)
    assert not is_joinable(large)
    assert not is_joinable(weak)
