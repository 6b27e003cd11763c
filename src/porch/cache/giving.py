"""Giving: what is stored, or is just coming in, as the answer to one request."""

from collections.abc import Callable, Sequence

from porch import clock
from porch.cache import answer
from porch.cache.conditions import is_not_modified, not_modified
from porch.cache.entry import Entry
from porch.cache.reader import OPEN, PIECE, Body, Part, Reader
from porch.cache.status_field import CacheStatus, appended
from porch.cache.store import FileBody
from porch.filter import Kept
from porch.http.message import RequestHead, ResponseHead

__all__ = ["Held", "Makes", "begun", "given"]

Makes = Callable[[Body, Sequence[Part]], Reader]
"""Makes a reader of these parts of a body: Reader itself, or who wants to know of it."""


class Held:
    """A body in a file of the store. See reader.Body."""

    __slots__ = ("_file",)

    def __init__(self, file: FileBody) -> None:
        self._file = file

    def size(self) -> int:
        """See Body."""
        return self._file.length

    def is_whole(self) -> bool:
        """See Body."""
        return True

    def read(self, first: int, size: int) -> bytes | None:
        """See Body."""
        return self._file.read(first, size)


def given(
    request: RequestHead,
    entry: Entry,
    body: bytes | Body,
    now: float,
    status: CacheStatus,
    makes: Makes = Reader,
) -> Kept:
    """The answer to a request. now: by the clock of the store."""
    if is_not_modified(entry, request, clock.wall()):
        head = not_modified(entry, now)
        head.fields = appended(head.fields, status)
        return Kept(head, b"")
    head = answer.whole(entry, now)
    head.fields = appended(head.fields, status)
    if request.method == b"HEAD" or isinstance(body, bytes):
        return Kept(head, body if isinstance(body, bytes) else b"")
    return begun(head, body, [(0, entry.length if entry.length >= 0 else OPEN)], makes)


def begun(head: ResponseHead, body: Body, parts: list[Part], makes: Makes) -> Kept:
    """An answer whose first piece leaves with its head, if that is there, and the rest behind."""
    part = parts[0]
    if isinstance(part, bytes):
        return Kept(head, part, makes(body, parts[1:]))
    first, end = part
    there = min(end, body.size())
    data = (body.read(first, min(PIECE, there - first)) if first < there else None) or b""
    first += len(data)
    is_over = first == end or (end == OPEN and body.is_whole() and first == body.size())
    left = [*([] if is_over else [(first, end)]), *parts[1:]]
    return Kept(head, data, makes(body, left) if left else None)
