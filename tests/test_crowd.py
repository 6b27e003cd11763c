"""Who is here and how often, by all workers."""

import os
import subprocess
import sys
from collections import Counter
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch import clock, crowd
from porch.crowd import EVERYBODY, PLACES, CrowdTable


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


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("enter", "enter", "leave", "arrive", "arrive", "wait", "end")),
        st.integers(1, 3),  # a worker
        st.sampled_from((b"a", b"b", EVERYBODY)),
        st.one_of(st.just(1.0), st.floats(0, 0.5), st.floats(0, 3)),  # seconds to wait
    ),
    max_size=80,
)


@settings(max_examples=100, deadline=None)
@given(STEPS, st.floats(0, 1))
def test_three_workers_count_as_lists_of_all_would(
    steps: list[tuple[str, int, bytes, float]], began: float
) -> None:
    table, now = CrowdTable(4), 1000.0 + began
    rows = {number: table.row(number) for number in (1, 2, 3)}
    here: Counter[tuple[int, bytes]] = Counter()
    came: list[tuple[int, bytes, int]] = []

    def monotonic() -> float:
        return now

    with mock.patch.object(clock, "monotonic", monotonic):
        for word, worker, client, seconds in steps:
            if word == "enter":
                rows[worker].enter(client)
                here[worker, client] += 1
            elif word == "leave" and here[worker, client]:
                rows[worker].leave(client)
                here[worker, client] -= 1
            elif word == "arrive":
                rows[worker].arrive(client)
                came.append((worker, client, int(now)))
            elif word == "wait":
                now += seconds
            elif word == "end":
                table.clear(worker)
                here = Counter({key: count for key, count in here.items() if key[0] != worker})
                came = [each for each in came if each[0] != worker]
            for who in (b"a", b"b", EVERYBODY):
                seen = {row.here(who) for row in rows.values()}
                assert seen == {sum(count for (_, it), count in here.items() if it == who)}
                last, before = (
                    sum(each[1:] == (who, second) for each in came)
                    for second in (int(now), int(now) - 1)
                )
                assert rows[worker].came(who) == pytest.approx(last + before * (1 - now % 1))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 2), st.floats(0, 0.4)), min_size=30, max_size=200),
    st.integers(1, 12),
)
def test_in_no_second_of_the_clock_do_more_come_than_may_and_who_keeps_to_a_half_waits_never(
    arrivals: list[tuple[int, float]], most: int
) -> None:
    """As a gate lets them in (listen.crowd_gate): a half, for what came in the second before counts
    too."""
    table, now = CrowdTable(3), 1000.0
    rows = {number: table.row(number) for number in (1, 2)}
    seconds: Counter[int] = Counter()

    def monotonic() -> float:
        return now

    with mock.patch.object(clock, "monotonic", monotonic):
        for worker, later in arrivals:
            now += later
            lets_in = rows[worker].came(EVERYBODY) < most
            if seconds[int(now)] + seconds[int(now) - 1] < most:
                assert lets_in
            if lets_in:
                rows[worker].arrive(EVERYBODY)
                seconds[int(now)] += 1
    assert max(seconds.values()) <= most


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
