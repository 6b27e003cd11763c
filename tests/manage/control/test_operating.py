"""The one way in: what reaches a command, and what is answered instead."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.manage.control.auditing import Auditing
from porch.manage.control.operating import Answer, Operating, Question


class Told:
    def __init__(self) -> None:
        self.answers: list[tuple[int, Answer, str]] = []

    def __call__(self, status: int, answer: Answer, etag: str) -> None:
        self.answers.append((status, answer, etag))


class Door:
    """What changes, and what is written down of it."""

    def __init__(self, **commands: Any) -> None:
        self.operating = Operating(commands)
        self.in_force: Any = SimpleNamespace(changes=0, ordered=0)
        self.lines: list[Any] = []
        self.timers: list[Any] = []
        loop: Any = SimpleNamespace(after=lambda _, work: self.timers.append(work))
        self.orders: list[str] = []
        self.told_at: list[Any] = []
        self.questions: dict[str, Question] = {}
        auditing: Any = Auditing(None, self.state, print)
        write = auditing.write

        def written(*words: Any) -> Any:
            self.lines.append(write(*words))
            return self.lines[-1]

        auditing.write = written
        self.operating.begin(loop, self.in_force, auditing)

    def state(self) -> dict[str, Any]:
        return {"changes": self.in_force.changes, "orders": [*self.orders]}

    def commands(self, **commands: Any) -> None:
        self.operating.commands |= commands

    def waits(self, question: Question) -> None:
        """A command that does nothing yet."""

    def order(self, name: str) -> Any:
        """A command that has ordered this, and waits."""

        def work(_: Question) -> None:
            self.orders.append(name)
            self.in_force.ordered += 1

        return work

    def begin(self, name: str, *if_match: str) -> Told:
        """Ask with a command that waits."""
        told = Told()
        work = self.operating.commands[name]

        def kept(question: Question) -> None:
            self.questions[name] = question
            work(question)

        words = {"endpoint": "a:1"} if name != "reload" else {}
        words |= {"weight": 1} if name == "weight" else {}
        self.operating.commands[name] = kept
        self.operating.operate(name, words, "ann", if_match, told)
        return told

    def question(self, name: str) -> Question:
        return self.questions[name]

    def answer(self, name: str) -> None:
        self.questions[name].reply({})

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return [(each["what"], each["who"], each["outcome"]) for each in self.lines]


@pytest.fixture
def door() -> Door:
    return Door()


def operating(**commands: Any) -> Operating:
    return Door(**commands).operating


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


def changing(door: Door) -> Any:
    """A reload that changes something."""

    def reload(question: Question) -> None:
        door.in_force.changes += 1
        question.reply({"loaded": "1 route"})

    return reload


def test_a_change_on_a_revision_that_is_past_is_not_done_and_told_what_was() -> None:
    door = Door(diff=print)
    door.operating.commands["reload"] = changing(door)
    asked(door.operating, "reload")
    before = door.operating.revision
    assert asked(door.operating, "reload", {}, before)[0] == 200
    status, answer, etag = asked(door.operating, "reload", {}, before)
    assert (status, etag, door.in_force.changes) == (412, door.operating.revision, 2)
    (line,) = answer["changed"]
    assert (line["what"], line["who"], line["after"]) == ("reload", "ann", {"changes": 2})
    assert asked(door.operating, "reload", {}, '"x"', etag)[0] == 200


def test_a_change_on_a_revision_that_is_past_is_written_down_once_and_a_question_is_not() -> None:
    door = Door(status=print)
    door.operating.commands["reload"] = changing(door)
    for _ in range(5):
        asked(door.operating, "reload", {}, '"x"')
        asked(door.operating, "status", {}, '"x"')
    assert door.told == [("reload", "ann", "refused")]
    assert "of long ago" in door.lines[0]["error"]
    door.operating.auditing.refusing.close()
    assert [each.get("times") for each in door.lines] == [None, 4]


def test_a_revision_of_long_ago_is_said_to_be_one() -> None:
    door = operating(reload=lambda question: question.reply({}))
    status, answer, _ = asked(door, "reload", {}, '"x"')
    assert (status, answer["changed"]) == (412, [])
    assert "of long ago" in answer["error"]


def test_changes_are_written_down_and_questions_are_not() -> None:
    door = Door(status=lambda question: question.reply({}))
    door.operating.commands["reload"] = changing(door)
    door.operating.commands["drain"] = lambda question: question.reply({"error": "no"}, 404)
    asked(door.operating, "status")
    asked(door.operating, "reload")
    asked(door.operating, "drain", {"endpoint": "a:1"})
    asked(door.operating, "drain", {"endpoint": 1})
    assert door.told == [("reload", "ann", "done"), ("drain", "ann", "refused")]
    assert door.lines[0]["before"] == {"changes": 0}
    assert door.lines[1]["error"] == "no"


def test_a_change_that_takes_long_is_written_down_when_it_begins() -> None:
    questions: list[Question] = []
    door = Door(drain=questions.append)
    door.operating.operate("drain", {"endpoint": "a:1", "wait": 60}, "ann", (), Told())
    (timer,) = door.timers
    assert door.told == []
    timer()
    questions[0].reply({})
    assert door.told == [("drain", "ann", "begun"), ("drain", "ann", "done")]
    timer()
    assert len(door.told) == 2


def test_a_change_that_waits_is_written_down_at_once(door: Door) -> None:
    def drain(question: Question) -> None:
        assert question.begin()
        door.told_at.append(door.told)
        door.in_force.ordered += 1

    door.operating.commands["drain"] = drain
    door.operating.operate("drain", {"endpoint": "a:1", "wait": 60}, "ann", (), Told())
    assert door.told_at == [[("drain", "ann", "begun")]]
    (timer,) = door.timers
    timer()
    assert len(door.told) == 1


def test_two_changes_at_once_do_not_tell_each_others(door: Door) -> None:
    """Each waits for workers, and the other is made meanwhile."""
    door.commands(drain=door.order("a"), weight=door.order("b"), reload=door.waits)
    first, second = door.begin("drain"), door.begin("weight")
    third = door.begin("reload")
    door.answer("weight")
    with door.question("reload").changing():
        door.in_force.changes += 1
    door.answer("drain")
    door.answer("reload")
    after = {line["what"]: (line["before"], line["after"]) for line in door.lines}
    assert after == {
        "drain": ({"orders": []}, {"orders": ["a"]}),
        "weight": ({"orders": []}, {"orders": ["b"]}),
        "reload": ({"changes": 0}, {"changes": 1}),
    }
    etags = [
        told.answers[0][2].rpartition("-")[0][-2:] + told.answers[0][2][-3:]
        for told in (first, second, third)
    ]
    assert etags == ['-0-1"', '-0-2"', '-1-2"']


def test_whoever_was_first_is_told_what_the_second_has_done_meanwhile(door: Door) -> None:
    door.commands(drain=door.order("a"), weight=door.order("b"))
    first, _ = door.begin("drain"), door.begin("weight")
    door.answer("drain")
    ((_, _, etag),) = first.answers
    status, answer, _ = asked(door.operating, "drain", {"endpoint": "a:1"}, etag)
    assert status == 412
    assert [(line["what"], line["outcome"]) for line in answer["changed"]] == [("weight", "begun")]


def test_a_revision_is_judged_again_when_its_turn_comes(door: Door) -> None:
    door.commands(reload=door.waits, drain=door.order("a"))
    told = door.begin("reload", door.operating.revision)
    door.begin("drain")
    assert not door.question("reload").begin()
    ((status, answer, etag),) = told.answers
    assert (status, etag) == (412, door.operating.revision)
    assert [line["what"] for line in answer["changed"]] == ["drain"]
    assert door.told == [("reload", "ann", "refused")]


def test_who_has_left_is_told_nothing_and_what_he_asked_for_is_done(door: Door) -> None:
    questions: list[Question] = []
    door.commands(drain=questions.append)
    told = Told()
    left = door.operating.operate("drain", {"endpoint": "a:1"}, "ann", (), told)
    left()
    assert questions[0].is_left
    questions[0].reply({})
    assert (told.answers, door.told) == ([], [("drain", "ann", "done")])
    door.operating.operate("drain", {}, "ann", (), told)()


def test_what_is_dropped_is_under_way_no_more_and_in_no_line(door: Door) -> None:
    door.commands(weight=lambda question: question.reply({}))
    door.operating.by_itself("reload", "signal SIGHUP").drop()
    (timer,) = door.timers
    timer()
    words = {"endpoint": "a:1", "weight": 1}
    assert asked(door.operating, "weight", words, door.operating.revision)[0] == 200
    assert [each["what"] for each in door.lines] == ["weight"]


def test_what_a_signal_or_the_door_itself_changes_is_written_down() -> None:
    door = Door()
    question = door.operating.by_itself("reload", "signal SIGHUP")
    assert not question.is_waited_for
    question.reply({})
    assert door.told == [("reload", "signal SIGHUP", "done")]


def test_two_doors_have_no_revision_in_common() -> None:
    assert operating().revision != operating().revision


def test_who_asked_the_version_before_is_answered_by_this_one() -> None:
    told = Told()
    door = Door()
    asked = {"who": "ann", "before": {"changes": 7, "orders": []}, "at": 86400.0}
    question = door.operating.going_on("upgrade", asked, told)
    question.reply({"upgraded": "2"})
    assert told.answers == [(200, {"upgraded": "2"}, door.operating.revision)]
    assert door.told == [("upgrade", "ann", "done")]
    assert door.lines[0]["before"] == {"changes": 7}
    assert door.lines[0]["at"] == "1970-01-02T00:00:00.000Z"  # as the line says that it was begun


def test_while_another_configuration_comes_no_revision_is_that_of_now() -> None:
    questions: list[Question] = []
    door = Door(reload=questions.append, weight=lambda question: question.reply({}))
    revision = door.operating.revision
    door.operating.operate("reload", {}, "ann", (), Told())
    words = {"endpoint": "a:1", "weight": 1}
    status, answer, _ = asked(door.operating, "weight", words, revision)
    assert status == 412
    assert "a reload is under way" in answer["error"]
    assert asked(door.operating, "weight", words)[0] == 200
    questions[0].reply({})
    assert asked(door.operating, "weight", words, revision)[0] == 200


def test_what_is_under_way_at_an_upgrade_is_written_down() -> None:
    questions: list[Question] = []
    door = Door(drain=questions.append, upgrade=questions.append)
    door.operating.operate("drain", {"endpoint": "a:1"}, "ann", (), Told())
    door.operating.operate("upgrade", {}, "bob", (), Told())
    door.operating.tell_begun(but=questions[1])
    door.operating.tell_begun(but=questions[1])
    assert [(line["what"], line["outcome"]) for line in door.lines] == [("drain", "begun")]
