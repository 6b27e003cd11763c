"""The command `explain`: what is asked of the workers, and what comes of their answers."""

from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.manage.asking import Silent
from porch.manage.candidate import Candidate
from porch.manage.explaining import Explaining
from porch.manage.in_force import InForce
from porch.manage.listening import Listening


class FakeAsking:
    waited_for = ("first", "second")

    def tell(self, word: str, data: object, then: Any, *, only: Any = None) -> None:
        self.told = word, data, only
        self.answer = then


class FakeQuestion:
    def __init__(self, words: dict[str, object]) -> None:
        self.words = words
        self.answer: dict[str, Any] = {}

    def reply(self, answer: dict[str, Any]) -> None:
        assert not self.answer, "answered twice"
        self.answer = answer


class Bench:
    def __init__(self) -> None:
        words = {"routes": {"a.test": "a:1"}, "listen": ":80", "log": False}
        candidate = Candidate.examine(load_mapping(words, "porch.toml"))
        assert candidate is not None
        self.asking: Any = FakeAsking()
        self.in_force = InForce(candidate, Listening(), {})
        self.explaining = Explaining(self.asking, self.in_force)

    def ask(self, **words: object) -> FakeQuestion:
        question: Any = FakeQuestion(words)
        self.explaining.commands["explain"](question)
        return question  # type: ignore[no-any-return]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_all_who_serve_are_asked_and_what_they_say_is_told(bench: Bench) -> None:
    question = bench.ask(url="http://a.test/", headers=["A: 1", 7], method="POST")
    word, words, only = bench.asking.told
    assert (word, only) == ("explain", FakeAsking.waited_for)
    assert words == {
        "method": "POST",
        "url": "http://a.test/",
        "headers": ["A: 1"],
        "client": "192.0.2.1",
        "certificate": None,
    }
    assert question.answer == {}
    bench.asking.answer([{"pid": 9}, {"pid": 7}, Silent(8)])
    found = question.answer
    assert [each["pid"] for each in found["workers"]] == [7, 9]
    assert (found["silent"], found["orders"], found["refused"]) == ([8], [], False)


@pytest.mark.parametrize(
    ("answers", "error"),
    [([{"error": "'x' is not a URL"}], "porch: 'x' is not a URL"), ([Silent(1)], "no worker")],
)
def test_what_is_no_request_and_nobody_who_answers_are_errors(
    bench: Bench, answers: list[object], error: str
) -> None:
    question = bench.ask(url=["x"], headers=3)
    bench.asking.answer(answers)
    assert error in question.answer["error"]
