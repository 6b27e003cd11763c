"""The one way in: what reaches a command, and what is answered instead."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.manage.operating import Answer, Operating, Question


class Told:
    def __init__(self) -> None:
        self.answers: list[tuple[int, Answer, str]] = []

    def __call__(self, status: int, answer: Answer, etag: str) -> None:
        self.answers.append((status, answer, etag))


def operating(**commands: Any) -> Operating:
    found = Operating(commands)
    in_force: Any = SimpleNamespace(changes=0, ordered=0)
    found.in_force = in_force
    return found


def asked(door: Operating, name: str, words: Any = None, *if_match: str) -> Any:
    told = Told()
    door.operate(name, words or {}, "ann", if_match, told)
    (answer,) = told.answers
    return answer


def test_a_command_is_given_the_words_and_who_has_said_them() -> None:
    questions: list[Question] = []
    door = operating(drain=questions.append)
    told = Told()
    door.operate("drain", {"endpoint": "a:1"}, "ann", (), told)
    assert told.answers == []
    (question,) = questions
    assert (question.words, question.who) == ({"endpoint": "a:1"}, "ann")
    question.reply({"drained": ["a:1"]})
    question.reply({"drained": ["again"]})
    assert told.answers == [(200, {"drained": ["a:1"]}, door.revision)]


@pytest.mark.parametrize(
    ("answer", "status", "is_told"),
    [({}, 0, 200), ({"error": "x"}, 0, 409), ({"error": "x"}, 404, 404)],
)
def test_an_error_has_a_status_of_its_own(answer: Answer, status: int, is_told: int) -> None:
    door = operating(status=lambda question: question.reply(answer, status))
    assert asked(door, "status")[:2] == (is_told, answer)


def test_what_is_no_command_is_said() -> None:
    for name in ("nothing", "reload"):
        assert asked(operating(nothing=print), name)[0] == 404


def test_words_that_do_not_fit_reach_nobody() -> None:
    status, answer, _ = asked(operating(drain=print), "drain", {"endpoint": 7})
    assert (status, answer) == (400, {"error": "porch: 'endpoint' is a text"})


def test_a_fault_is_answered_and_raised() -> None:
    def fail(question: Question) -> None:
        raise RuntimeError("x")

    told = Told()
    with pytest.raises(RuntimeError):
        operating(status=fail).operate("status", {}, "ann", (), told)
    assert [(status, "a fault of Porch" in str(said)) for status, said, _ in told.answers] == [
        (500, True)
    ]


def test_a_change_on_a_revision_that_is_past_is_not_done() -> None:
    done: list[Question] = []

    def reload(question: Question) -> None:
        done.append(question)
        question.reply({})

    door = operating(reload=reload)
    before = door.revision
    assert asked(door, "reload", {}, before)[0] == 200
    door.in_force.changes += 1  # type: ignore[union-attr]
    assert door.revision != before
    status, _, etag = asked(door, "reload", {}, before)
    assert (status, etag, len(done)) == (412, door.revision, 1)
    assert asked(door, "reload", {}, '"x"', door.revision)[0] == 200


def test_two_doors_have_no_revision_in_common() -> None:
    assert operating().revision != operating().revision


def test_who_asked_the_version_before_is_answered_by_this_one() -> None:
    told = Told()
    door = operating()
    door.going_on("upgrade", told).reply({"upgraded": "2"})
    assert told.answers == [(200, {"upgraded": "2"}, door.revision)]
