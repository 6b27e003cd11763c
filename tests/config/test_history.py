"""What ran before, and the ways back to it."""

import json

import pytest

from porch import clock
from porch.config.history import LONGEST, History
from porch.config.load import load_mapping
from porch.config.snapshot import Snapshot


@pytest.fixture(autouse=True)
def seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall clock that goes on by a second each time that it is looked at."""
    ticks = iter(range(1000, 10_000))
    monkeypatch.setattr(clock, "wall", lambda: float(next(ticks)))


def snapshot(grace: int) -> Snapshot:
    words = {"routes": {"a.test": ":1"}, "grace": f"{grace}s"}
    return Snapshot.of(load_mapping(words), data=words)


def history(*numbers: int) -> History:
    made = History()
    for number in numbers:
        made.add(snapshot(number))
    return made


def running(made: History) -> int:
    assert made.running is not None
    return made.running.number


def roll_back(made: History) -> int | None:
    """What `porch rollback` does. Returns the number of what runs then."""
    previous = made.previous()
    if previous is None:
        return None
    made.return_to(previous)
    return running(made)


def test_nothing_ran_at_first() -> None:
    made = History()
    assert made.running is None
    assert made.previous() is None
    assert len(made) == 0
    assert made.status() == []


def test_the_newest_comes_first() -> None:
    made = history(1, 2, 3)
    assert [each.number for each in made] == [3, 2, 1]
    assert running(made) == 3


def test_rolling_back_twice_goes_two_back() -> None:
    made = history(1, 2, 3)
    assert [roll_back(made), roll_back(made), roll_back(made)] == [2, 1, None]
    assert running(made) == 1
    assert [each.number for each in made] == [3, 2, 1]


def test_what_is_loaded_after_a_rollback_is_appended() -> None:
    made = history(1, 2, 3)
    roll_back(made)
    made.add(snapshot(4))
    assert [each.number for each in made] == [4, 3, 2, 1]
    # What was rolled back is not met again.
    assert [roll_back(made), roll_back(made)] == [2, 1]


def test_what_was_rolled_back_can_be_loaded_again() -> None:
    made = history(1, 2)
    roll_back(made)
    made.add(snapshot(2))
    assert [each.number for each in made] == [3, 2, 1]
    assert roll_back(made) == 1


def test_a_reload_without_a_change_is_no_way_back() -> None:
    made = history(1, 2, 2, 2)
    assert len(made) == 2
    assert roll_back(made) == 1


def test_other_lists_are_the_same_configuration() -> None:
    made = history(1, 2)
    before = made.running
    made.renew(snapshot(3))
    assert before is not None
    assert made.running is not None
    assert (made.running.number, len(made)) == (before.number, 2)
    assert made.running.snapshot.hash == snapshot(3).hash
    assert roll_back(made) == 1


def test_ten_are_remembered() -> None:
    made = history(*range(1, 16))
    assert len(made) == LONGEST == 10
    assert [each.number for each in made] == [*range(15, 5, -1)]
    assert [roll_back(made) for _ in range(10)] == [*range(14, 5, -1), None]
    made.add(snapshot(99))
    assert running(made) == 16
    assert len(made) == LONGEST
    # The oldest of them ran until now: it is kept, and the one above it is not.
    assert [each.number for each in made] == [16, *range(15, 7, -1), 6]
    assert roll_back(made) == 6


def test_one_is_found_by_its_number_or_the_start_of_its_hash() -> None:
    made = history(1, 2)
    newest = next(iter(made))
    assert made.find("2") is newest
    assert made.find(newest.snapshot.short) is newest
    assert made.find(newest.snapshot.hash[:4]) is newest
    assert made.find(newest.snapshot.hash[:3]) is None
    assert made.find("") is None
    assert made.find("9") is None


def test_only_what_is_remembered_can_run_again() -> None:
    made, other = history(1), history(1, 2)
    assert other.running is not None
    with pytest.raises(LookupError, match="number 2 is not remembered"):
        made.return_to(other.running)
    assert running(made) == 1


def test_status_has_times_and_hashes_and_what_runs() -> None:
    made = history(1, 2)
    roll_back(made)
    newest, oldest = made.status()
    assert newest == {
        "number": 2,
        "hash": snapshot(2).short,
        "loaded": 1002.0,
        "since": 1003.0,
        "running": False,
    }
    assert (oldest["running"], oldest["loaded"], oldest["since"]) == (True, 1000.0, 1004.0)
    json.dumps(made.status())


def test_it_is_handed_over_as_plain_data() -> None:
    made = history(1, 2, 3)
    roll_back(made)
    again = History.load(json.loads(json.dumps(made.dump())))
    assert [*again] == [*made]
    assert running(again) == 2
    assert roll_back(again) == 1
    again.add(snapshot(4))
    assert running(again) == 4


def test_an_empty_one_is_handed_over_too() -> None:
    assert History.load(History().dump()).running is None


def test_what_is_none_is_refused() -> None:
    with pytest.raises(LookupError):
        History.load({"running": 1})
