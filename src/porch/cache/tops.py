"""Tops: which answers are served most, by the marks that eviction looks at.

A mark is a byte that many positions share, round and round; the newest position that a mark can be
of is looked for first. It is a sample for people, not an account.
"""

from typing import TYPE_CHECKING

from porch.cache.board import MARKS, Board
from porch.cache.database import Database
from porch.cache.records import FILE, RECORD, ident_of, unpack

if TYPE_CHECKING:
    import lmdb

__all__ = ["tops"]

ROUNDS = 4
"""Times that positions may have gone round the marks since."""


def tops(
    txn: "lmdb.Transaction[memoryview]", database: Database, board: Board, wanted: tuple[int, int]
) -> list[tuple[bytes, int]]:
    """Urls with their marks, the greatest first. wanted: the newest position, and how many urls."""
    newest, count = wanted
    found: list[tuple[bytes, int]] = []
    marks = bytes(board.marks)
    for mark in range(255, 0, -1):
        slot = marks.find(mark)
        while slot >= 0 and len(found) < count:
            url = _url(txn, database, newest, slot)
            if url is not None:
                found.append((url, mark))
            slot = marks.find(mark, slot + 1)
        if len(found) >= count:
            break
    return found


def _url(
    txn: "lmdb.Transaction[memoryview]", database: Database, newest: int, slot: int
) -> bytes | None:
    position = newest - (newest - slot) % MARKS
    for _ in range(ROUNDS):
        for kind in (RECORD, FILE):
            ident = ident_of(kind, position)
            value = txn.get(ident, db=database.objects)
            record = None if value is None else unpack(ident, value)
            if record is not None:
                return record.entry.url
        if position < MARKS:
            break
        position -= MARKS
    return None
