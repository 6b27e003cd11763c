"""What is written down of a change."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from porch.manage.control.audit_file import AuditFile
from porch.manage.control.auditing import LONGEST, MOST, Auditing
from porch.manage.control.case import Case
from porch.manage.control.operating import Question
from porch.manage.control.refusing import Refusal


class Door:
    def __init__(self, folder: Path) -> None:
        self.state: dict[str, Any] = {"configuration": "a", "orders": ["drained x", "drained y"]}
        self.said: list[str] = []
        self.file = AuditFile(folder, "a")
        self.auditing = Auditing(self.file, lambda: {**self.state}, self.said.append)

    def asked(self, **words: object) -> dict[str, Any]:
        answers: list[dict[str, Any]] = []
        records: Any = SimpleNamespace(revision="")
        case = Case(records, None, lambda _, answer, __: answers.append(answer))
        self.auditing.tell(Question(words, "ann", case))
        return answers[0]


def test_a_line_says_who_what_when_and_what_became_another(tmp_path: Path) -> None:
    door = Door(tmp_path)
    entry = door.auditing.begin("undrain", "ann, process 7", {"endpoint": "y"})
    door.state["orders"] = ["drained x", "weight 3 for z"]
    line = door.auditing.write(entry, "done", {"undrained": ["y"]})
    assert line == door.asked()["entries"][0]
    assert (line["what"], line["who"], line["words"]) == (
        "undrain",
        "ann, process 7",
        {"endpoint": "y"},
    )
    assert line["before"] == {"orders": ["drained y"]}
    assert line["after"] == {"orders": ["weight 3 for z"]}
    assert line["outcome"] == "done"
    assert line["at"].endswith("Z")


def test_secrets_are_in_no_line_and_no_line_is_without_an_end(tmp_path: Path) -> None:
    door = Door(tmp_path)
    words = {
        "password": "hunter2",
        "urls": ["https://a.test/x?token=hunter2", *(["https://a.test/"] * 50)],
        "page": "x" * 100_000,
        "deep": {"api_key": "hunter2"},
    }
    line = door.auditing.write(
        door.auditing.begin("purge", "ann", words), "refused", {"error": "no /x?sig=hunter2"}
    )
    assert "hunter2" not in json.dumps(line)
    assert line["words"]["urls"][0] == "https://a.test/x?token=***"
    assert line["words"]["urls"][-1] == f"and {51 - MOST} more"
    assert len(line["words"]["page"]) < LONGEST + 50


def test_where_nothing_can_be_written_it_is_said_with_the_line_and_counted(tmp_path: Path) -> None:
    door = Door(tmp_path / "file" / "store")
    (tmp_path / "file").touch()
    line = door.auditing.write(door.auditing.begin("stop", "ann", {}), "done", {})
    assert line["what"] == "stop"
    (said,) = door.said
    assert "was done all the same, and is in no audit" in said
    assert '"what": "stop"' in said
    assert door.auditing.told == {"file": str(door.file.file), "lost": 1}
    door.auditing.write(door.auditing.begin("stop", "ann", {}), "refused", {"error": "no"})
    assert "; this is in no audit: {" in door.said[1], "nothing was done"


def test_the_latest_lines_are_told_as_many_as_are_asked_for(tmp_path: Path) -> None:
    door = Door(tmp_path)
    assert door.asked() == {"entries": []}
    for number in range(5):
        door.auditing.write(door.auditing.begin("stop", str(number), {}), "done", {})
    assert [each["who"] for each in door.asked(most=2)["entries"]] == ["3", "4"]
    assert door.asked(most=0)["entries"] == []
    assert len(door.asked(most=10**9)["entries"]) == 5
    door.file.file.parent.chmod(0o777)
    assert "is not the door's own" in door.asked()["error"]


def test_a_door_that_no_command_finds_has_no_file() -> None:
    auditing = Auditing(None, dict, print)
    auditing.write(auditing.begin("start", "ann", {}), "done", {})
    assert auditing.told == {"file": None, "lost": 0}


def test_a_password_is_in_no_sentence_about_what_was_refused(tmp_path: Path) -> None:
    door = Door(tmp_path)
    said = "there is no endpoint 'http://ann:hunter2@a.test:80'; 'u:hunter2@b.test' is none either"
    entry = door.auditing.begin("drain", "ann", {"endpoint": "http://ann:hunter2@a.test:80"})
    line = door.auditing.write(entry, "refused", {"error": said})
    assert "hunter2" not in json.dumps(line)
    assert line["error"].startswith("there is no endpoint 'http://***@a.test:80'; ")


def test_what_is_refused_by_long_words_turns_nothing_out(tmp_path: Path) -> None:
    door = Door(tmp_path)
    done = door.auditing.begin("weight", "ann", {"endpoint": "a:1"})
    door.auditing.write(done, "done", {})
    long = ["\U0001f600" * 1001] * 20
    for _ in range(77):
        entry = door.auditing.begin("purge", "ops", {"urls": long, "hosts": long, "tags": long})
        line = door.auditing.write(entry, "refused", {"error": "no " + "x" * 5000})
        assert len(json.dumps(line)) < 3000
    entries = door.asked(most=1000)["entries"]
    assert len(entries) == 78
    assert entries[0]["what"] == "weight"


def test_what_came_to_no_command_is_a_line_of_when_it_was_asked_for(tmp_path: Path) -> None:
    door = Door(tmp_path)
    refusing = door.auditing.refusing
    for at in (0.0, 1.5):
        refusing.note(Refusal("stop", "rob by token", "rob has the role read", {"a": 1}, at))
    refusing.close()
    first, behind = door.asked()["entries"]
    assert (first["what"], first["who"], first["outcome"]) == ("stop", "rob by token", "refused")
    assert (first["error"], first["words"]) == ("rob has the role read", {"a": 1})
    assert (first["before"], first["after"], "times" in first) == ({}, {}, False)
    assert (behind["at"], behind["times"]) == ("1970-01-01T00:00:01.500Z", 1)


def test_who_had_not_taken_it_is_in_the_line(tmp_path: Path) -> None:
    door = Door(tmp_path)
    line = door.auditing.write(door.auditing.begin("drain", "ann", {}), "done", {"pending": [7]})
    assert line["pending"] == [7]


def test_who_has_a_long_name_turns_nothing_out(tmp_path: Path) -> None:
    door = Door(tmp_path)
    entry = door.auditing.begin("drain", "x" * 100_000, {"endpoint": "a:1"})
    line = door.auditing.write(entry, "refused", {"error": "no"})
    assert line["who"].startswith("xxx")
    assert len(json.dumps(line)) < 2 * LONGEST
