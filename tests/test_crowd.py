"""Who is here and how often, by all workers."""

import os
import subprocess
import sys

import pytest

from porch import clock, crowd
from porch.crowd import PLACES, CrowdTable


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    return now


def test_who_enters_with_two_workers_is_counted_by_both() -> None:
    table = CrowdTable(4)
    one, other = table.row(1), table.row(3)
    one.enter(b"a")
    other.enter(b"a")
    other.enter(b"b")
    assert [crowd.here(who) for crowd in (one, other) for who in (b"a", b"b", b"c")] == [
        *(2, 1, 0),
        *(2, 1, 0),
    ]
    one.leave(b"a")
    assert other.here(b"a") == 1


def test_a_worker_that_has_ended_takes_its_clients_with_it() -> None:
    table = CrowdTable(4)
    one, other = table.row(1), table.row(2)
    one.enter(b"a")
    one.arrive(b"a")
    other.enter(b"a")
    table.clear(1)
    assert other.here(b"a") == 1
    assert other.came(b"a") == 0


def test_what_came_counts_for_a_second_and_no_longer(time: list[float]) -> None:
    table = CrowdTable(3)
    one, other = table.row(1), table.row(2)
    for _ in range(10):
        one.arrive(b"a")
    other.arrive(b"a")
    assert other.came(b"a") == 11
    time[0] = 1001.25
    assert one.came(b"a") == 11 * 0.75
    time[0] = 1002.0
    assert one.came(b"a") == 0
    one.arrive(b"a")
    assert other.came(b"a") == 1


def test_a_flood_of_clients_makes_no_innocent_one_look_like_many() -> None:
    """Each of 20,000 has one connection, and a few have many: hardly anybody else seems to."""
    here = CrowdTable(2).row(1)
    for number in range(20_000):
        here.enter(b"%d" % number)
    for number in range(70):
        for _ in range(256):
            here.enter(b"bad %d" % number)
    seen = [here.here(b"good %d" % number) for number in range(20_000)]
    assert sum(count >= 256 for count in seen) <= 10
    assert sum(seen) / len(seen) < 1


def test_more_leave_than_came_is_nobody_at_all() -> None:
    here = CrowdTable(2).row(1)
    here.leave(b"a")
    here.enter(b"a")
    assert here.here(b"a") == 1


def test_another_version_finds_who_is_here_and_empties_the_rows_of_who_has_ended() -> None:
    """By the descriptor, in a process whose own hash is another one."""
    table = CrowdTable(4)
    before = table.row(1)
    for _ in range(3):
        before.enter(b"\xc0\0\2\7")
    taken = CrowdTable(4, os.dup(table.descriptor))
    after = taken.row(2)
    assert (after.here(b"\xc0\0\2\7"), after.here(b"\xc0\0\2\x08")) == (3, 0)
    after.enter(b"\xc0\0\2\7")
    before.leave(b"\xc0\0\2\7")
    assert before.here(b"\xc0\0\2\7") == 3
    taken.clear(1)
    assert after.here(b"\xc0\0\2\7") == 1


def test_what_was_laid_out_otherwise_is_refused() -> None:
    table = CrowdTable(4)
    with pytest.raises(ValueError, match="bytes"):
        CrowdTable(5, os.dup(table.descriptor))
    os.pwrite(table.descriptor, bytes(8), 8)
    with pytest.raises(ValueError, match="layout 0"):
        CrowdTable(4, os.dup(table.descriptor))


def test_where_clients_are_counted_depends_on_no_hash_of_python() -> None:
    table = CrowdTable(2)
    table.row(1).enter(b"a")
    program = (
        "import sys; from porch.crowd import CrowdTable;"
        "print(CrowdTable(2, int(sys.argv[1])).row(1).here(b'a'))"
    )
    os.set_inheritable(table.descriptor, True)
    for seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", program, str(table.descriptor)],
            capture_output=True,
            text=True,
            close_fds=False,
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
        )
        assert ran.stdout == "1\n"


@pytest.mark.parametrize("other", [b"\0a", b"\0\0\0a", b"a\0", b""])
def test_zeros_in_front_make_another_client(other: bytes) -> None:
    here = CrowdTable(2).row(1)
    here.enter(b"a")
    assert here.here(other) == 0


def test_its_memory_does_not_grow_with_the_clients() -> None:
    table = CrowdTable(2)
    assert len(table.cells) == 2 * 3 * PLACES
    one = table.row(1)
    for number in range(2 * crowd._REMEMBERED):
        one.here(b"%d" % number)
    assert len(one._places) <= crowd._REMEMBERED
    assert repr(table) == "<CrowdTable 2 rows in use>"
