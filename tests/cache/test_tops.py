"""The answers that are served most."""

import os
from pathlib import Path

from porch.cache.board import MARKS, Board
from porch.cache.database import Database
from porch.cache.entry import encoded
from porch.cache.records import FILE, RECORD, Record, ident_of, pack
from porch.cache.tops import ROUNDS, tops
from tests.support.storing import answer, key


def test_the_greatest_marks_come_first_however_long_ago_the_answers_came(tmp_path: Path) -> None:
    descriptor = Board.make()
    board = Board(descriptor)
    database = Database(tmp_path, 1 << 20, board)
    newest = 10 * MARKS + 500
    marked = [
        (RECORD, newest, 7),
        (FILE, newest - 3, 255),
        (RECORD, newest - MARKS - 20, 9),
        (RECORD, newest - (ROUNDS + 1) * MARKS - 30, 200),  # too long ago to be found
        (RECORD, newest - 600, 1),
    ]
    with database.writing() as (txn, _):
        for kind, position, mark in marked:
            ident = ident_of(kind, position)
            entry = answer(position)
            value = pack(ident, Record(key("a"), entry, 0, b"", (0, False)), encoded(entry))
            txn.put(ident, value, db=database.objects)
            board.marks[position % MARKS] = mark
    board.marks[12345] = 255  # of what is there no longer
    urls = {mark: b"https://a.test/%d" % position for _, position, mark in marked}
    with database.reading() as txn:
        assert tops(txn, database, board, (newest, 3)) == [(urls[n], n) for n in (255, 9, 7)]
        assert tops(txn, database, board, (newest, 9))[-1] == (urls[1], 1)
        assert tops(txn, database, board, (newest, 0)) == []
    database.close()
    os.close(descriptor)
