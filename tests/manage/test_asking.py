"""A word to workers and what they answer: workers that are not there."""

from typing import Any

import pytest

from porch.manage.asking import PATIENCE, Answers, Asking, Silent, pending, taken
from porch.observe.messages import Messages
from tests.manage.conftest import FakeOutput


class FakeWorker:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.channel: object | None = object()


class Bench:
    """Three workers, of which the last is leaving, and a loop whose one timer is kept."""

    def __init__(self) -> None:
        self.one, self.two, self.three = workers = [FakeWorker(number) for number in (1, 2, 3)]
        self.serving, self.all = workers[:2], workers
        self.told: list[tuple[Any, ...]] = []
        self.late: Any = None
        self.waits: list[float] = []
        self.is_cancelled = False
        self.output = FakeOutput()
        self.answers: list[Answers] = []
        this: Any = self
        self.asking: Any = Asking(this, this, Messages(self.output))

    def tell(self, processes: Any, word: str, data: Any) -> None:
        self.told.append(([each.pid for each in processes], word, data))

    def after(self, seconds: float, work: Any) -> Any:
        self.waits.append(seconds)
        self.late = work
        return self

    def cancel(self) -> None:
        self.is_cancelled = True

    def ask(self, **words: Any) -> None:
        self.asking.tell("purge", "x", self.answers.append, **words)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_all_are_told_and_those_who_serve_are_waited_for(bench: Bench) -> None:
    bench.ask()
    assert bench.told == [([1, 2, 3], "purge", (1, "x"))]
    bench.asking.on_answer(bench.two, 1, "b")
    bench.asking.on_answer(bench.two, 1, "again")
    bench.asking.on_answer(bench.three, 1, "leaving")
    assert bench.answers == []
    bench.asking.on_answer(bench.one, 1, "a")
    assert bench.answers == [["b", "a"]]
    assert bench.is_cancelled


def test_answers_come_to_the_word_they_are_for(bench: Bench) -> None:
    bench.ask()
    bench.ask(only=[bench.two])
    assert bench.told[1] == ([2], "purge", (2, "x"))
    bench.asking.on_answer(bench.one, 2, "not asked")
    bench.asking.on_answer(bench.two, 2, "two")
    assert bench.answers == [["two"]]
    bench.asking.on_answer(bench.two, 7, "of another door")


def test_one_that_dies_is_not_waited_for(bench: Bench) -> None:
    bench.ask()
    bench.asking.on_gone(bench.one)
    bench.asking.on_answer(bench.two, 1, None)
    assert bench.answers == [[None]]


def test_one_that_hangs_is_not_waited_for_long_and_named(bench: Bench) -> None:
    bench.ask()
    bench.asking.on_answer(bench.one, 1, "a")
    bench.late()
    assert bench.answers == [["a", Silent(2)]]
    assert "worker 2 has not obeyed" in bench.output.lines.decode()
    bench.asking.on_answer(bench.two, 1, "late")
    assert bench.answers == [["a", Silent(2)]]


def test_with_nobody_to_wait_for_it_is_done_at_once(bench: Bench) -> None:
    bench.one.channel = bench.two.channel = None
    bench.ask()
    assert bench.answers == [[]]


def test_what_takes_long_is_waited_for_longer(bench: Bench) -> None:
    bench.ask()
    bench.ask(patience=60.0)
    assert bench.waits == [PATIENCE, 60.0]


def test_who_has_not_taken_a_change_stands_in_its_answer() -> None:
    assert pending(["done", Silent(8), None, Silent(7)]) == [7, 8]
    assert taken({"a": 1}, []) == ({"a": 1}, 0)
    answer, status = taken({"a": 1, "warning": "nobody is left"}, [7, 8])
    assert (answer["a"], answer["pending"], status) == (1, [7, 8], 202)
    assert str(answer["warning"]).startswith("nobody is left; worker 7, 8 has not taken it yet")


def test_what_is_no_order_is_given_up_without_a_word(bench: Bench) -> None:
    bench.ask(patience=0.1, is_order=False)
    bench.late()
    assert (len(bench.answers), bench.output.lines) == (1, b"")
