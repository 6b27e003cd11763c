"""Giving: what is stored, or is just coming in, as the answer to one request."""

import os
from collections.abc import Sequence

from porch import clock
from porch.cache import answer
from porch.cache.conditions import is_plain, not_modified
from porch.cache.entry import Entry
from porch.cache.parts import missing
from porch.cache.ranges import partial, unsatisfiable
from porch.cache.status_field import CacheStatus, appended
from porch.cache.store import FileBody, Stored
from porch.filter import Kept, Response
from porch.http.conditional import is_not_modified
from porch.http.message import RequestHead
from porch.http.ranges import Range, ranges
from porch.reader import LITTLE, OPEN, Body, InMemory, Makes, Part, Reader, begun

__all__ = ["Held", "body_of", "gaps", "given"]


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

    def file(self, first: int, end: int) -> int:
        """See Body."""
        return self._file.descriptor if self._file.is_sound(first, end) else -1


def body_of(stored: Stored) -> bytes | Body:
    """Its body as it is given."""
    return stored.body if isinstance(stored.body, bytes) else Held(stored.body)


def gaps(entry: Entry, request: RequestHead) -> list[Range]:
    """What this request wants of the answer that is not stored."""
    if not entry.held or is_not_modified(entry, request, clock.wall()):
        return []
    asked = ranges(entry, entry.length, request, clock.wall())
    return [] if asked == [] else missing(entry, asked)


def given(
    request: RequestHead,
    entry: Entry,
    body: bytes | Body,
    now: float,
    status: CacheStatus,
    makes: Makes = Reader,
    *,
    as_it_came: bool = False,
    full: bool = False,
) -> Response:
    """The answer to a request, for which there are no `gaps`. now: by the clock of the store.
    as_it_came: to the request for which the origin has chosen this part, whatever was asked.
    full: whether the client takes nothing now, so that no more than a head is to wait for it."""
    wall = clock.wall()
    wants_all = is_plain(request)
    if not wants_all and is_not_modified(entry, request, wall):
        head = not_modified(entry, now)
        head.fields = appended(head.fields, status)
        return Kept(head, b"")
    asked = None if wants_all else ranges(entry, entry.length, request, wall)
    if as_it_came and entry.held:
        asked = entry.held
    if asked == []:
        refused = unsatisfiable(entry)
        refused.fields = appended([*refused.fields], status)
        return refused
    if asked:
        plan = partial(entry, asked, now, b"%b" % os.urandom(12).hex().encode())
        head, pieces = plan.head, plan.pieces
    else:
        head = answer.whole(entry, now)
        pieces = [(0, entry.length if entry.length >= 0 else OPEN)]
    head.fields = appended(head.fields, status)
    if request.method == b"HEAD" or entry.length == 0:
        return Kept(head, b"")
    if not isinstance(body, bytes):
        return begun(head, body, pieces, makes, full=full)
    if full and len(body) > LITTLE:
        return begun(head, InMemory(body), pieces, Reader, full=True)
    return Kept(head, _joined(body, pieces) if asked else body)


def _joined(body: bytes, pieces: Sequence[Part]) -> bytes:
    return b"".join(
        [each if isinstance(each, bytes) else body[each[0] : each[1]] for each in pieces]
    )
