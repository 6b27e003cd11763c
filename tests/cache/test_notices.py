"""What stores in memory tell each other."""

import os
from collections.abc import Iterator

import pytest

from porch.cache.notices import GENERATIONS, RING, Notice, Notices

EVERYTHING: Notice = ("all", b"", False)


def notice(number: int, size: int = 16) -> Notice:
    return "key", number.to_bytes(size, "big"), False


@pytest.fixture
def descriptor() -> Iterator[int]:
    made = Notices.make(4)
    yield made
    os.close(made)


@pytest.fixture
def workers(descriptor: int) -> list[Notices]:
    """The one of row 0 has no ring."""
    return [Notices.of(descriptor, row) for row in range(4)]


def test_what_one_tells_all_others_hear_once(workers: list[Notices]) -> None:
    told: list[Notice] = [("tag", b"a", True), ("prefix", b"http://a.test/", False), EVERYTHING]
    before = [each.latest[0] for each in workers]
    workers[1].tell(told)
    assert all(each.latest[0] != then for each, then in zip(workers, before, strict=True))
    assert [each.hear() for each in workers] == [told, [], told, told]
    assert [each.hear() for each in workers] == [[], [], [], []]
    workers[2].tell([notice(1)])
    workers[3].tell([notice(2)])
    assert workers[1].hear() == [notice(1), notice(2)]
    assert workers[2].hear() == [notice(2)]


def test_a_key_changes_one_generation_and_anything_else_all(workers: list[Notices]) -> None:
    one, other = workers[1:3]
    before = [*one.generations]
    other.tell([notice(1)], 7)
    assert [cell for cell in range(GENERATIONS) if one.generations[cell] != before[cell]] == [7]
    before = [*one.generations]
    other.tell([notice(1)])
    assert not any(map(int.__eq__, one.generations, before))


def test_a_touch_changes_a_number_and_is_nothing_to_hear(workers: list[Notices]) -> None:
    one, other = workers[1:3]
    latest, numbers = one.latest[0], set()
    for _ in range(100):
        other.touch(7)
        numbers.add(one.generations[7])
    assert len(numbers) == 100
    assert one.latest[0] == latest
    assert one.hear() == []


@pytest.mark.parametrize("size", [1, 16, 61, 1000, RING // 2 - 4])
def test_round_and_round_every_notice_is_heard_as_it_was_told(
    workers: list[Notices], size: int
) -> None:
    one, other = workers[1:3]
    for number in range(3 * RING // size + 3):
        told = notice(number % 256, size)
        one.tell([told], 0)
        assert other.hear() == [told]


def test_who_has_not_listened_for_long_takes_it_for_everything(workers: list[Notices]) -> None:
    one, other = workers[1:3]
    most = RING // (4 + 16)
    for number in range(most):
        one.tell([notice(number)], 0)
    assert other.hear() == [notice(number) for number in range(most)]
    for number in range(most + 1):
        one.tell([notice(number)], 0)
    assert other.hear() == [EVERYTHING]
    one.tell([notice(1)], 0)
    assert other.hear() == [notice(1)]


def test_what_is_too_long_for_a_ring_is_everything_for_who_tells_it_too(
    workers: list[Notices],
) -> None:
    one, other = workers[1:3]
    one.tell([("url", bytes(RING // 2), False)], 0)
    assert one.hear() == other.hear() == [EVERYTHING]
    assert other.hear() == []


def test_without_a_row_all_that_is_let_go_of_is_everything(workers: list[Notices]) -> None:
    before = [*workers[1].generations]
    workers[0].tell([notice(1)], 7)
    assert [each.hear() for each in workers] == [[EVERYTHING]] * 4
    assert not any(map(int.__eq__, workers[1].generations, before))


def test_of_who_died_in_the_middle_of_a_notice_nothing_is_heard(descriptor: int) -> None:
    dying, other = Notices.of(descriptor, 1), Notices.of(descriptor, 2)
    for number in range(RING // 20):
        dying.tell([notice(number)], 0)
    other.hear()
    ends, dying._ends = dying._ends, memoryview(bytearray(32)).cast("q")
    dying._ends[1] = ends[1]
    dying.tell([notice(7)], 0)  # all of it, but that it is there
    assert other.hear() == []
    heir = Notices.of(descriptor, 1)
    heir.tell([notice(8)], 0)
    assert other.hear() == [notice(8)]


def test_who_comes_later_has_nothing_to_hear(descriptor: int) -> None:
    Notices.of(descriptor, 1).tell([EVERYTHING])
    assert Notices.of(descriptor, 2).hear() == []


def test_it_takes_no_memory_for_rows_that_nobody_has_used() -> None:
    descriptor = Notices.make(4097)
    Notices.of(descriptor, 3000).tell([notice(1)], 7)
    assert os.fstat(descriptor).st_blocks * 512 <= 64 * 1024
    os.close(descriptor)


def test_alone_there_is_nobody_to_tell() -> None:
    alone = Notices.alone()
    alone.tell([notice(1)])
    assert alone.hear() == []
    assert repr(alone) == "<Notices of 1, 2 rows>"
