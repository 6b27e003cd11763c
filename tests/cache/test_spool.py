"""A body on its way, as its spool and the database tell of it."""

import os
from pathlib import Path

import pytest

from porch.cache.bodies import Writer, path_of
from porch.cache.spool import (
    STEP,
    DiskSpool,
    Growing,
    growing_key,
    growing_prefix,
    listed,
    living,
    read,
)
from porch.cache.wanted import want
from porch.reader import OPEN
from tests.support.storing import answer, key

IDENT = b"f" + bytes(8)


class Keeper:
    """A store that has room for so much. told: what it was asked to do."""

    def __init__(self, room: int = 10 * STEP) -> None:
        self.room = room
        self.told: list[object] = []
        self.kept: bytes | None = IDENT

    def take_room(self, primary: bytes, growing: Growing) -> bool:
        self.told.append(growing.reserved)
        return growing.reserved <= self.room

    def keep(self, primary: bytes, growing: Growing, writer: Writer) -> bytes | None:
        self.told.append(("keep", growing.entry.length, writer.size))
        return self.kept

    def give_up(self, primary: bytes, growing: Growing) -> None:
        self.told.append("give up")

    def on_trouble(self, error: OSError) -> None:
        self.told.append(error.errno)


def spool(folder: Path, keeper: Keeper) -> DiskSpool:
    growing = Growing(IDENT, answer("a", -1), 3, 0)
    return DiskSpool(keeper, key("a"), growing, Writer(path_of(folder, IDENT)))


def test_room_is_taken_a_step_at_a_time_and_before_it_is_used(tmp_path: Path) -> None:
    keeper = Keeper()
    made = spool(tmp_path, keeper)
    for _ in range(4):
        assert made.write(bytes(STEP // 2))
    made.write(b"x")
    assert keeper.told == [STEP, 2 * STEP, 3 * STEP]
    assert made.finish(answer("a", 2 * STEP + 1)) == IDENT
    assert keeper.told[3:] == [("keep", 2 * STEP + 1, 2 * STEP + 1)]
    assert path_of(tmp_path, IDENT).stat().st_size == 2 * STEP + 1


def test_without_room_it_is_given_up(tmp_path: Path) -> None:
    keeper = Keeper(room=STEP)
    made = spool(tmp_path, keeper)
    assert made.write(bytes(STEP))
    assert not made.write(b"x")
    made.abandon()
    assert not made.write(b"x")
    assert made.finish(answer()) is None
    assert keeper.told == [STEP, 2 * STEP, "give up"]
    assert not path_of(tmp_path, IDENT).exists()


def test_a_disk_that_fails_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper()
    made = spool(tmp_path, keeper)

    def fail(*words: object) -> int:
        raise OSError(28, "full")

    monkeypatch.setattr(os, "write", fail)
    assert not made.write(b"x")
    assert keeper.told == [STEP, 28]


def test_what_could_not_be_kept_leaves_no_file(tmp_path: Path) -> None:
    keeper = Keeper()
    keeper.kept = None
    made = spool(tmp_path, keeper)
    made.write(b"x")
    assert made.finish(answer("a", 1)) is None
    assert not path_of(tmp_path, IDENT).exists()


def test_what_is_kept_under_another_ident_leaves_no_file(tmp_path: Path) -> None:
    keeper = Keeper()
    keeper.kept = b"r" + bytes(8)
    made = spool(tmp_path, keeper)
    made.write(b"x")
    assert made.finish(answer("a", 1)) == keeper.kept
    assert not path_of(tmp_path, IDENT).exists()


def test_one_that_is_dropped_is_given_up(tmp_path: Path) -> None:
    keeper = Keeper()
    spool(tmp_path, keeper).write(b"x")
    assert keeper.told == [STEP, "give up"]


def test_a_list_of_those_under_one_key_is_apart_from_others() -> None:
    assert growing_key(b"ab", IDENT).startswith(growing_prefix(b"ab"))
    assert not growing_key(b"abc", IDENT).startswith(growing_prefix(b"ab"))


def test_what_is_listed_is_read_and_damage_is_not() -> None:
    growing = Growing(IDENT, answer("a", -1, vary=[(b"a", b"b")]), 3, 4)
    assert read(memoryview(listed(growing))) == growing
    assert read(listed(growing)[:-1]) is None
    assert read(b"") is None


def test_one_whose_writer_is_gone_is_removed(tmp_path: Path) -> None:
    growing = Growing(IDENT, answer("a", -1), 3, 0)
    path = path_of(tmp_path, IDENT)
    writer = Writer(path)
    assert living(tmp_path, growing) is not None
    path.rename(path.with_name("x"))
    path.write_bytes(b"nobody writes this")
    assert living(tmp_path, growing) is None
    assert not path.exists()
    assert living(tmp_path, growing) is None
    writer.fail()


def test_one_that_nobody_follows_is_not_lent(tmp_path: Path) -> None:
    keeper = Keeper()
    made = spool(tmp_path, keeper)
    made.write(bytes(10))
    assert not made.lend()
    made.abandon()
    assert not made.lend()
    assert made.free(10) == OPEN


def test_one_that_is_lent_grows_for_those_who_follow_and_takes_no_more_room_than_they_need(
    tmp_path: Path,
) -> None:
    keeper = Keeper(room=2 * STEP)
    made = spool(tmp_path, keeper)
    growing = Growing(IDENT, answer("a", -1), 3, 0)
    made.write(b"a" * STEP)
    follower = living(tmp_path, growing)
    assert follower is not None
    want(follower.descriptor, 0)
    made.write(b"b" * STEP)
    assert not made.write(b"c")
    assert made.lend()
    assert not path_of(tmp_path, IDENT).exists()
    assert living(tmp_path, growing) is None, "nobody else finds it"
    assert keeper.told[-1] == "give up"
    assert made.write(b"c" * STEP)
    assert (follower.size(), follower.state()) == (3 * STEP, "growing")
    assert made.free(3 * STEP) == 0
    assert os.pread(follower.descriptor, 3, 2 * STEP - 1) == b"bcc"
    want(follower.descriptor, 2 * STEP)
    assert made.free(STEP) == 2 * STEP, "and here they want less"
    assert os.pread(follower.descriptor, 2, STEP - 1) == b"\0b"
    assert os.fstat(follower.descriptor).st_blocks * 512 < 2 * STEP + 65536
    assert made.finish(answer("a", -1)) is None
    assert follower.state() == "complete"
    assert os.pread(follower.descriptor, STEP + 1, 2 * STEP) == b"c" * STEP
    assert keeper.told.count("give up") == 1


def test_one_that_is_lent_can_be_given_up_and_is_when_all_have_left(tmp_path: Path) -> None:
    made = spool(tmp_path, Keeper())
    made.write(b"a")
    follower = living(tmp_path, Growing(IDENT, answer("a", -1), 3, 0))
    assert follower is not None
    want(follower.descriptor, 0)
    assert made.lend()
    want(follower.descriptor, OPEN)
    assert made.free(1) == OPEN
    made.abandon()
    assert follower.state() == "failed"


def test_where_no_room_can_be_given_back_nothing_is_lent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    made = spool(tmp_path, Keeper())
    made.write(b"a")
    follower = living(tmp_path, Growing(IDENT, answer("a", -1), 3, 0))
    assert follower is not None
    want(follower.descriptor, 0)
    monkeypatch.setattr("porch.cache.spool.free", cannot)
    assert not made.lend()


def test_it_is_read_from_its_beginning_and_still_when_it_is_whole(tmp_path: Path) -> None:
    made = spool(tmp_path, Keeper())
    made.write(b"one")
    growth = made.growth()
    assert growth is not None
    made.write(b"two")
    assert (growth.size(), growth.state()) == (6, "growing")
    made.finish(answer("a", 6))
    assert growth.state() == "complete"
    assert os.pread(growth.descriptor, 9, 0) == b"onetwo"
    assert made.growth() is None
    gone = spool(tmp_path / "b", Keeper())
    path_of(tmp_path / "b", IDENT).unlink()
    assert gone.growth() is None
