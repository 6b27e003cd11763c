"""Ranges of what is stored: where they are kept."""

from porch.cache.entry import Entry
from porch.cache.ranges import partial, placed, unsatisfiable
from porch.http.message import Field
from porch.http.ranges import Plan

BODY = b"0123456789A"


def entry(*fields: Field, status: int = 200, length: int = len(BODY)) -> Entry:
    return Entry(status, list(fields), length, 0.0, 0.0, 60.0, "max-age")


def sent(plan: Plan, body: bytes = BODY) -> bytes:
    return b"".join(
        piece if isinstance(piece, bytes) else body[piece[0] : piece[1]] for piece in plan.pieces
    )


def test_a_part_says_how_old_the_whole_is():
    plan = partial(entry((b"a", b"1"), (b"content-length", b"11")), [(0, 2)], 2.5, b"x")
    assert plan.pieces == [(0, 2)]
    assert plan.head.fields == [
        (b"a", b"1"),
        (b"age", b"2"),
        (b"content-range", b"bytes 0-1/11"),
        (b"content-length", b"2"),
    ]


def test_a_range_is_found_where_it_is_kept():
    stored = entry()
    assert placed(stored, (6, 8)) == (6, 8)
    stored.held = [(2, 4), (6, 8)]
    assert placed(stored, (3, 4)) == (1, 2)
    assert placed(stored, (6, 8)) == (2, 4)


def test_ranges_of_kept_parts_are_sent_from_where_they_are():
    stored = entry()
    stored.held = [(2, 4), (6, 9)]
    one = partial(stored, [(7, 9)], 0.0, b"B")
    assert one.pieces == [(3, 5)]
    assert one.head.get(b"content-range") == b"bytes 7-8/11"
    several = partial(stored, [(7, 9), (2, 3)], 0.0, b"B")
    assert sent(several, b"23678").startswith(b"--B\r\nContent-Range: bytes 7-8/11\r\n\r\n78\r\n")
    assert several.head.length == len(sent(several, b"23678"))


def test_what_there_is_not_is_answered_with_the_length():
    answer = unsatisfiable(entry())
    assert (answer.status, answer.fields) == (416, ((b"content-range", b"bytes */11"),))
