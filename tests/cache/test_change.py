"""What one write does, and the room that it finds."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from porch.cache.board import EVICTED, Board
from porch.cache.change import EVICTIONS, Change, Room, hashed
from porch.cache.database import Database, FullError
from porch.cache.entry import encoded
from porch.cache.records import FILE, RECORD, Record, cost_of, pack
from porch.cache.store import Variant
from tests.support.storing import answer, key

Result = TypeVar("Result")
SIZE = 16 << 20


class Writes:
    """A database that is changed."""

    def __init__(self, folder: Path) -> None:
        self.descriptor = Board.make()
        self.board = Board(self.descriptor)
        self.room = Room(SIZE)
        self.database = Database(folder, self.room.database, self.board)

    def do(self, work: Callable[[Change], Result]) -> Result:
        while True:
            try:
                with self.database.writing() as begun:
                    change = Change(self.database, self.board, self.room, begun)
                    result = work(change)
            except FullError:
                if not self.database.grow():
                    raise
                continue
            change.publish()
            return result

    def put(self, name: object, size: int, kind: bytes = RECORD) -> bytes | None:
        """A record with a body, or one of a file of `size` bytes, with the file."""

        def put(change: Change) -> bytes | None:
            ident = change.next_ident(kind)
            entry = answer(name, size)
            tail = bytes(size if kind == RECORD else 4)
            record = Record(key(name), entry, size, tail, (0, False))
            value = pack(ident, record, encoded(entry))
            cost = cost_of(ident, value)
            if not change.has_room(kind, cost, size):
                return None
            change.put(ident, value, key(name), cost)
            change.enlist(key(name), Variant(ident, [], 1.0))
            return ident

        return self.do(put)

    @property
    def meta(self):
        with self.database.reading() as txn:
            return self.database.meta(txn)


@pytest.fixture
def writes(tmp_path: Path) -> Iterator[Writes]:
    made = Writes(tmp_path)
    yield made
    made.database.close()
    os.close(made.descriptor)


def test_what_is_put_and_dropped_is_counted(writes: Writes) -> None:
    one = writes.put("a", 5000)
    two = writes.put("b", 100_000, FILE)
    assert (writes.meta.live > 5000, writes.meta.files) == (True, 1)
    assert 100_000 < writes.meta.filed < 110_000
    assert writes.do(lambda change: change.drop(one))
    assert writes.do(lambda change: change.drop(two))
    assert not writes.do(lambda change: change.drop(two))
    meta = writes.meta
    assert (meta.live, meta.filed, meta.files) == (0, 0, 0)
    assert (meta.records.small, meta.bodies.small) == (0, 0)


def test_a_record_that_is_replaced_counts_for_what_it_is_by_now(writes: Writes) -> None:
    ident = writes.put("a", 5000)
    entry = answer("a", 100)
    value = pack(ident, Record(key("a"), entry, 100, bytes(100), (0, False)), encoded(entry))
    writes.do(lambda change: change.replace(ident, value))
    assert writes.meta.live == writes.meta.records.small == cost_of(ident, value)


def test_a_full_database_lets_go_of_records(writes: Writes) -> None:
    for number in range(2000):
        assert writes.put(number, 10_000) is not None
    meta = writes.meta
    assert writes.board.numbers[EVICTED] > 500
    assert writes.room.records - 20_000 < meta.live <= writes.room.records
    assert writes.database.pages() <= writes.room.database


def test_files_leave_a_quarter_to_nobody_and_records_no_more_than_three(writes: Writes) -> None:
    for number in range(1500):
        writes.put(number, 10_000)
    pages = writes.database.pages()
    for number in range(200):
        assert writes.put(f"file {number}", 200_000, FILE) is not None
    meta = writes.meta
    assert pages + meta.filed <= SIZE
    assert meta.filed > SIZE - pages - 300_000
    assert writes.database.pages() < pages + 200_000


def test_records_find_room_where_files_have_all(writes: Writes) -> None:
    for number in range(100):
        writes.put(f"file {number}", 200_000, FILE)
    filed = writes.meta.filed
    for number in range(400):
        assert writes.put(number, 10_000) is not None
    assert writes.meta.filed < filed
    assert writes.database.pages() + writes.meta.filed <= SIZE


def test_a_write_takes_away_so_many_and_then_is_refused(writes: Writes) -> None:
    for number in range(300):
        writes.put(f"file {number}", 40_000, FILE)
    evicted = writes.board.numbers[EVICTED]
    need = 6 << 20
    tries = 1
    while not writes.do(lambda change: change.has_room(FILE, need)):
        assert writes.board.numbers[EVICTED] <= evicted + tries * EVICTIONS
        tries += 1
    assert tries > 1


def test_too_long_a_body_takes_nothing_away(writes: Writes) -> None:
    writes.put("a", 100)
    assert not writes.do(lambda change: change.has_room(FILE, 100, SIZE // 2 + 1))
    assert writes.board.numbers[EVICTED] == 0


def test_files_go_when_their_records_did(writes: Writes) -> None:
    ident = writes.put("a", 100_000, FILE)
    path = writes.database.folder / "bodies" / ident.hex()[-2:] / ident.hex()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    writes.do(lambda change: change.forget(key("a")))
    assert not path.exists()


def test_a_write_that_is_undone_removes_no_file(writes: Writes) -> None:
    ident = writes.put("a", 100_000, FILE)
    path = writes.database.folder / "bodies" / ident.hex()[-2:] / ident.hex()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")

    def fail(change: Change) -> None:
        change.forget(key("a"))
        raise KeyError

    with pytest.raises(KeyError):
        writes.do(fail)
    assert path.exists()


def test_generations_are_shown_when_it_is_done(writes: Writes) -> None:
    generations = writes.board.generations

    def touch(change: Change) -> int:
        change.touch(5)
        return generations[5]

    assert writes.do(touch) == 0
    assert generations[5] != 0
    assert generations[6] == 0
    writes.do(lambda change: change.touch_all())
    assert generations[6] != 0


def test_who_went_on_trial_and_comes_back_has_passed(writes: Writes) -> None:
    for number in range(2000):
        writes.put(number, 10_000)
    gone = [
        number
        for number in range(2000)
        if not writes.do(lambda change, number=number: change.variants(key(number)))
    ]
    ident = writes.put(gone[-1], 10_000)
    other = writes.put("other", 10_000)
    marks = writes.board.marks
    assert marks[int.from_bytes(ident[1:], "big") % len(marks)] == 1
    assert marks[int.from_bytes(other[1:], "big") % len(marks)] == 0


def test_a_key_is_hashed_by_its_first_bytes() -> None:
    assert hashed(b"\1" + bytes(20)) == 1
    assert hashed(b"\1") == 1
