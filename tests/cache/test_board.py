"""The memory that all workers of a store share."""

import os

import pytest

from porch.cache.board import GENERATIONS, SIZE, Board


@pytest.fixture
def descriptor():
    made = Board.make()
    yield made
    os.close(made)


def test_all_is_nought_at_first(descriptor):
    board = Board(descriptor)
    assert [*board.numbers] == [0] * len(board.numbers)
    assert len(board.generations) == GENERATIONS
    assert os.fstat(descriptor).st_size == SIZE


def test_what_one_writes_the_other_sees(descriptor):
    one, other = Board(descriptor), Board(descriptor)
    one.numbers[3] = 7
    one.generations[5] = 8
    one.ghosts[6] = 1 << 63
    one.marks[7] = 255
    assert (other.numbers[3], other.generations[5]) == (7, 8)
    assert (other.ghosts[6], other.marks[7]) == (1 << 63, 255)


def test_parts_do_not_overlap(descriptor):
    board = Board(descriptor)
    parts = [board.numbers, board.generations, board.ghosts, board.marks]
    for number, part in enumerate(parts, 1):
        part[0] = part[len(part) - 1] = number
    assert [(part[0], part[len(part) - 1]) for part in parts] == [(n, n) for n in range(1, 5)]


def test_a_number_that_is_drawn_is_nobody_elses(descriptor):
    one, other = Board(descriptor), Board(descriptor)
    assert len({one.draw(), other.draw(), one.draw()}) == 3


def test_one_generation_or_all_of_them_get_a_number(descriptor):
    board = Board(descriptor)
    board.show(3, 10)
    assert [*board.generations[:5]] == [0, 0, 0, 10, 0]
    board.show(-1, 1 << 40)
    assert {*board.generations} == {1 << 40}


def test_it_takes_no_memory_where_nothing_was_written(descriptor):
    Board(descriptor).marks[0] = 1
    assert os.fstat(descriptor).st_blocks * 512 <= 64 * 1024
