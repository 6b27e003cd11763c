"""One thing that was asked: what is written down of it, and what is answered."""

from types import SimpleNamespace
from typing import Any

from porch.manage.control.auditing import Auditing
from porch.manage.control.case import Answer, Case, Made


class Records:
    """What changes, and what is told of it."""

    def __init__(self) -> None:
        self.revision = "1"
        self.thing = "a"
        self.lines: list[dict[str, Any]] = []
        self.made: list[Made] = []
        self.auditing = Auditing(None, lambda: {"thing": self.thing}, print)
        write = self.auditing.write

        def written(*words: Any) -> Any:
            self.lines.append(write(*words))
            return self.lines[-1]

        self.auditing.write = written  # type: ignore[method-assign]

    def judge(self, if_match: Any) -> Answer | None:
        return None if not if_match or self.revision in if_match else {"error": "other"}

    def add(self, made: Made) -> None:
        self.made.append(made)

    def change(self) -> None:
        self.thing += "x"
        self.revision += "x"


def case_of(records: Records, *if_match: str) -> tuple[Case, list[Any]]:
    told: list[Any] = []
    entry = records.auditing.begin("drain", "ann", {})
    return Case(records, entry, lambda *each: told.append(each), if_match), told


def test_only_what_is_changed_within_is_its_own() -> None:
    records = Records()
    case, told = case_of(records)
    records.change()
    with case.changing():
        records.change()
    records.change()
    case.end({}, 200)
    (line,) = records.lines
    assert (line["before"], line["after"]) == ({"thing": "ax"}, {"thing": "axx"})
    assert told == [(200, {}, "1xx")]


def test_a_change_is_known_from_when_it_is_made_and_its_end_from_then_on() -> None:
    records = Records()
    case, _ = case_of(records)
    with case.changing():
        records.change()
    (made,) = records.made
    assert (made.revision, made.line["outcome"], made.line["after"]) == (
        "1x",
        "begun",
        {"thing": "ax"},
    )
    case.end({}, 200)
    assert [each.line["outcome"] for each in records.made] == ["done"]


def test_what_was_refused_is_no_change() -> None:
    records = Records()
    case, _ = case_of(records)
    case.end({"error": "no"}, 409)
    assert (records.made, records.lines[0]["outcome"]) == ([], "refused")


def test_it_is_begun_once_and_an_answer_can_come_before_its_end() -> None:
    records = Records()
    case, told = case_of(records)
    case.promise({"soon": True}, 202)
    case.tell_begun()
    assert told == [(202, {"soon": True}, "1")]
    case.end({}, 200)
    assert [line["outcome"] for line in records.lines] == ["begun", "done"]
    assert len(told) == 1


def test_what_no_other_change_can_touch_is_noted_by_itself() -> None:
    records = Records()
    case, _ = case_of(records)
    case.note("certificate", "old", "new")
    case.note("same", 1, 1)
    case.end({}, 200)
    (line,) = records.lines
    assert (line["before"], line["after"]) == ({"certificate": "old"}, {"certificate": "new"})


def test_a_revision_is_that_of_now_where_it_does_not_fit_any_more() -> None:
    records = Records()
    case, told = case_of(records, "1")
    with case.changing():
        pass
    records.change()
    refused = case.refused()
    assert refused == {"error": "other"}
    case.end(refused, 412)
    assert told == [(412, {"error": "other"}, "1x")]


def test_a_question_that_changes_nothing_has_no_line() -> None:
    records: Any = SimpleNamespace(revision="1")
    told: list[Any] = []
    case = Case(records, None, lambda *each: told.append(each))
    with case.changing():
        case.note("a", 1, 2)
    case.tell_begun()
    case.made()
    case.end({}, 200)
    assert (told, case.at) == ([(200, {}, "1")], 0.0)
