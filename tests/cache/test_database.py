"""The database of a store, and how it is replaced."""

import contextlib
import os
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import lmdb
import pytest

from porch.cache.board import BANNED, ERA, PURGES, Board
from porch.cache.database import Database, DatabaseError, FullError, era_folder, whole
from porch.cache.ground import FIRST


@pytest.fixture
def board() -> Iterator[Board]:
    descriptor = Board.make()
    yield Board(descriptor)
    os.close(descriptor)


@pytest.fixture
def database(tmp_path: Path, board: Board) -> Iterator[Database]:
    made = Database(tmp_path, 1 << 20, board)
    yield made
    made.close()


def put(database: Database, name: bytes, value: bytes = b"value") -> None:
    """Of a database that has room for it, or gets some."""
    while True:
        try:
            with database.writing() as (txn, _):
                txn.put(name, value, db=database.objects)
        except FullError:
            if not database.grow():
                raise
            continue
        return


def get(database: Database, name: bytes) -> bytes | None:
    with database.reading() as txn:
        value = txn.get(name, db=database.objects)
        return None if value is None else bytes(value)


def test_what_a_write_puts_a_read_finds(database: Database) -> None:
    put(database, b"a")
    assert get(database, b"a") == b"value"
    assert get(database, b"b") is None


def test_a_write_that_raises_does_nothing(database: Database) -> None:
    with contextlib.suppress(KeyError), database.writing() as (txn, meta):
        txn.put(b"a", b"x", db=database.objects)
        meta.purges = 5
        raise KeyError
    assert get(database, b"a") is None
    with database.reading() as txn:
        assert database.meta(txn).purges == 0


def test_what_a_write_counts_is_kept(database: Database) -> None:
    with database.writing() as (_, meta):
        meta.live += 7
        meta.records.hand = 3
    with database.reading() as txn:
        assert (database.meta(txn).live, database.meta(txn).records.hand) == (7, 3)


def test_purges_of_before_are_known_from_the_first_call(tmp_path: Path, board: Board) -> None:
    database = Database(tmp_path, 1 << 20, board)
    with database.writing() as (_, meta):
        meta.purges = meta.banned = 3
    database.close()
    descriptor = Board.make()
    later = Board(descriptor)
    again = Database(tmp_path, 1 << 20, later)
    again.open()
    assert (later.numbers[PURGES], later.numbers[BANNED]) == (3, 3)
    again.close()
    os.close(descriptor)


def test_a_purge_is_published_when_it_is_done(database: Database, board: Board) -> None:
    generation = board.generations[0]
    with database.writing() as (_, meta):
        meta.purges = meta.banned = 3
        assert (board.numbers[PURGES], board.generations[0]) == (0, generation)
    assert (board.numbers[PURGES], board.numbers[BANNED]) == (3, 3)
    assert board.generations[0] != generation


def test_what_a_killed_writer_did_not_publish_the_next_does(
    database: Database, board: Board
) -> None:
    with database.writing() as (_, meta):
        meta.purges = meta.banned = 3
    board.numbers[PURGES] = board.numbers[BANNED] = 0  # as if it had died before
    generation = board.generations[0]
    put(database, b"a")
    assert (board.numbers[PURGES], board.numbers[BANNED]) == (3, 3)
    assert board.generations[0] != generation


def fill(database: Database) -> None:
    for number in range(100):
        put(database, b"%d" % number, bytes(30_000))


def test_a_full_database_says_so_and_has_what_it_had(database: Database) -> None:
    put(database, b"a")
    with pytest.raises(FullError):
        fill(database)
    assert get(database, b"a") == b"value"


def test_a_database_grows_in_steps_and_has_no_holes(database: Database) -> None:
    put(database, b"a")
    file = database.folder / "data.mdb"
    sizes = {file.stat().st_size}
    for number in range(30):
        put(database, b"%d" % number, bytes(28_000))
        sizes.add(file.stat().st_size)
        assert file.stat().st_blocks * 512 >= file.stat().st_size == database.pages()
    with pytest.raises(FullError):
        fill(database)
    assert sorted(sizes) == [FIRST * step for step in (1, 2, 3, 4)]
    assert not database.grow()


def test_what_another_worker_has_made_room_for_is_read_and_written_to(
    tmp_path: Path, database: Database
) -> None:
    put(database, b"a")
    with worker_of(tmp_path, database) as other:
        other.send("grow")
        assert other.recv() == FIRST * 4
        assert get(database, b"50") == bytes(10_000)
        put(database, b"b")
        other.send("look")
        assert other.recv() == b"value"
    assert database.pages() == FIRST * 4


def test_where_another_worker_has_grown_it_nothing_is_added(
    tmp_path: Path, database: Database
) -> None:
    put(database, b"a")
    with worker_of(tmp_path, database) as other:
        other.send("once")
        assert other.recv() == FIRST * 2
    assert database.grow()
    assert database.pages() == FIRST * 2
    assert database.grow()
    assert database.pages() == FIRST * 3


@contextlib.contextmanager
def worker_of(folder: Path, database: Database) -> Iterator[Connection]:
    """Another process with the same database."""
    here, there = Pipe()
    pid = os.fork()
    if pid == 0:
        try:
            here.close()
            other = Database(folder, 1 << 20, database._board)
            forget_in_child(database)
            work(other, there)
        finally:
            os._exit(0)
    there.close()
    yield here
    here.close()
    os.waitpid(pid, 0)


def forget_in_child(database: Database) -> None:
    """An environment that was open at the fork must not be used, and hinders another."""
    if database._env is not None:
        database._env.close()


def work(database: Database, told: Connection) -> None:
    with contextlib.suppress(EOFError):
        while True:
            what = told.recv()
            if what == "grow":
                for number in range(70):
                    put(database, b"%d" % number, bytes(10_000))
                told.send(database.pages())
            elif what == "once":
                database.grow()
                told.send(database.pages())
            else:
                told.send(get(database, b"b"))


def test_a_condemned_database_is_replaced_for_all(
    tmp_path: Path, database: Database, board: Board
) -> None:
    put(database, b"a")
    with database.reading() as txn:
        before = database.meta(txn).position
    generation = board.generations[0]
    database.condemn()
    assert get(database, b"a") is None
    assert board.numbers[ERA] == 1
    assert board.generations[0] != generation
    assert not era_folder(tmp_path, 0).exists()
    assert len([*tmp_path.glob("gone-*")]) == 1
    with database.reading() as txn:
        position = database.meta(txn).position
    assert abs(position - before) > 1 << 32  # no ident of before is given again
    assert position < 1 << 62


def test_another_that_sees_the_new_one_does_not_condemn_it_too(
    tmp_path: Path, database: Database, board: Board
) -> None:
    put(database, b"a")
    board.numbers[ERA] = 1  # somebody else has
    database.condemn()
    assert board.numbers[ERA] == 1
    assert get(database, b"a") is None


def test_damage_begins_a_new_database(tmp_path: Path, board: Board) -> None:
    database = Database(tmp_path, 1 << 20, board)
    for number in range(100):
        put(database, b"%d" % number, bytes(500))
    database.close()
    file = era_folder(tmp_path, 0) / "data.mdb"
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(8192)
        opened.write(os.urandom(size - 8192))
    with pytest.raises(DatabaseError, match="damaged"):
        get(database, b"5")
    assert get(database, b"5") is None
    put(database, b"5")
    assert get(database, b"5") == b"value"
    database.close()


def test_a_mistake_is_no_damage(tmp_path: Path, board: Board, database: Database) -> None:
    put(database, b"a")
    with pytest.raises(DatabaseError):
        put(database, b"x" * 600)
    second = Database(tmp_path, 1 << 20, board)
    with pytest.raises(DatabaseError, match="already open"):
        second.open()
    assert get(database, b"a") == b"value"


def test_damaged_counts_begin_a_new_database(database: Database) -> None:
    put(database, b"a")
    with database.writing() as (txn, _):
        pass
    env = database._env
    with env.begin(write=True) as txn:
        txn.put(b"meta", b"nonsense", db=database._meta)
    with pytest.raises(DatabaseError, match="damaged"):
        put(database, b"b")
    assert get(database, b"a") is None


def test_a_folder_that_cannot_be_made_is_an_error_that_is_tried_again(
    tmp_path: Path, board: Board
) -> None:
    era_folder(tmp_path, 0).write_bytes(b"in the way")
    database = Database(tmp_path, 1 << 20, board)
    with pytest.raises(DatabaseError, match="cannot be opened"):
        get(database, b"a")
    era_folder(tmp_path, 0).unlink()
    assert get(database, b"a") is None
    database.close()


@pytest.mark.parametrize("cut", [4096, 8192, 0, 100])
def test_a_database_that_is_cut_off_is_not_whole(tmp_path: Path, board: Board, cut: int) -> None:
    database = Database(tmp_path, 1 << 20, board)
    for number in range(50):
        put(database, b"%d" % number, bytes(3000))
    database.close()
    folder = era_folder(tmp_path, 0)
    assert whole(folder)
    os.truncate(folder / "data.mdb", cut and used(folder) - cut)
    assert not whole(folder)


def used(folder: Path) -> int:
    """Bytes of the file that have pages."""
    with lmdb.open(str(folder), readonly=True, lock=False, max_dbs=8) as env:
        return int(env.info()["last_pgno"] + 1) * int(env.stat()["psize"])


def test_a_database_that_does_not_exist_lacks_nothing(tmp_path: Path) -> None:
    assert whole(tmp_path)
    assert [*tmp_path.iterdir()] == []
