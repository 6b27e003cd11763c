"""`porch audit`: which changes it shows, and how."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from porch import clock
from porch.cli import audit as module
from porch.cli.audit import Wanted, lines, show_audit, since_of
from porch.manage.control.audit_file import AuditFile
from porch.manage.control.client import NotRunning, second_path

LINE: dict[str, Any] = {
    "at": "2026-11-29T15:02:11.083Z",
    "what": "drain",
    "who": "root, process 4711",
    "words": {"endpoint": "a:1", "wait": 3},
    "before": {"orders": ["x"], "configuration": "1f"},
    "after": {"orders": ["drained api/a:1"], "configuration": "2e"},
    "outcome": "done",
    "seconds": 1.5,
}


def test_a_change_is_shown_with_what_became_another() -> None:
    assert [*lines(LINE)] == [
        "2026-11-29T15:02:11.083Z  drain endpoint=a:1 wait=3, done after 1.5 s",
        "    by root, process 4711",
        "    - x",
        "    + drained api/a:1",
        "    configuration: 1f -> 2e",
    ]


def test_what_was_refused_often_is_one_line() -> None:
    words: dict[str, Any] = {"words": {}, "before": {}, "after": {}, "seconds": 0.0}
    line = LINE | words | {"outcome": "refused", "times": 57, "error": "rob may not"}
    assert [*lines(line)] == [
        "2026-11-29T15:02:11.083Z  drain, refused 57 times more",
        "    by root, process 4711",
        "    | rob may not",
    ]


def test_what_somebody_has_sent_moves_no_cursor() -> None:
    evil = "\x1b[2J\r\n\u202e"
    line = LINE | {
        "what": evil,
        "who": evil,
        "words": {evil: evil, "x": [evil]},
        "before": {"orders": [evil], evil: evil},
        "after": {"orders": [evil], evil: evil, "o": {evil: 1}},
        "error": f"a\n{evil}",
        "outcome": evil,
        "at": evil,
    }
    shown = [*lines(line)]
    assert all(each.isprintable() for each in shown)
    assert shown[-3:] == ["    | a", "    | \\x1b[2J\\r", "    | \\u202e"]
    for words in ([], None, 7, "x"):
        assert [*lines({"words": words, "before": words, "after": words})]


@pytest.mark.parametrize(
    ("words", "takes"),
    [
        ({}, True),
        ({"since": "2026-11-29T15:02:11"}, True),
        ({"since": "2026-11-29"}, True),
        ({"since": "2026-11-29T15:03"}, False),
        ({"who": "root*"}, True),
        ({"who": "ann*"}, False),
        ({"what": "drain"}, True),
        ({"what": "un*"}, False),
    ],
)
def test_a_change_is_shown_if_all_that_was_said_fits(words: Any, takes: bool) -> None:
    assert Wanted(**words).takes(LINE) is takes


def test_since_is_a_moment_or_how_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: 7200.0)
    assert since_of("1h") == "1970-01-01T01:00:00"
    assert since_of("2026-11-29T15:00Z") == "2026-11-29T15:00"
    assert since_of("") == ""
    with pytest.raises(ValueError, match="'soon' is no time; write 2h"):
        since_of("soon")


class Folder:
    """A door's file, and its audit."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "porch.toml"
        self.config.write_text('store = "state"\n[routes]\n"*" = "respond:204"\n')
        self.audit = AuditFile(folder / "state", second_path(self.config).stem)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    def ask(*_: object, **__: object) -> Any:
        raise NotRunning

    monkeypatch.setattr(module, "ask", ask)
    return Folder(tmp_path)


def test_of_a_door_that_does_not_run_it_is_where_its_file_says(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        folder.audit.append(LINE | {"who": f"ann {number}"})
    assert show_audit(folder.config, Wanted(count=2), as_json=True) == 0
    shown = [json.loads(each)["who"] for each in capsys.readouterr().out.splitlines()]
    assert shown == ["ann 1", "ann 2"]
    assert show_audit(folder.config, Wanted(who="ann 0"), as_json=False) == 0
    assert "by ann 0\n" in capsys.readouterr().out


def test_a_change_that_was_begun_is_shown_once_and_what_is_not_known_of_it(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.audit.append(LINE | {"outcome": "begun", "seconds": 0.0})
    assert show_audit(folder.config, Wanted(), as_json=False) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].endswith("drain endpoint=a:1 wait=3, begun")
    assert "it is under way, or the door ended meanwhile" in shown[2]
    folder.audit.append(LINE)
    assert show_audit(folder.config, Wanted(), as_json=False) == 0
    (first,) = [each for each in capsys.readouterr().out.splitlines() if "  drain" in each]
    assert first.endswith(", done after 1.5 s")


def test_of_a_door_that_runs_it_is_where_the_door_has_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.audit.append(LINE)
    folder.config.write_text("broken")
    told = {"audit": {"file": str(folder.audit.file), "lost": 0}}
    monkeypatch.setattr(module, "ask", lambda *_, **__: told)
    assert show_audit(folder.config, Wanted(), as_json=False) == 0
    assert "drain endpoint=a:1" in capsys.readouterr().out


def test_what_cannot_be_shown_is_said(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_audit(folder.config, Wanted(), as_json=False) == 1
    assert "is not there: no door has run with it yet" in capsys.readouterr().err
    folder.audit.append(LINE)
    with folder.audit.file.open("ab") as file:
        file.write(b"{")
    assert show_audit(folder.config, Wanted(), as_json=False) == 0
    assert "1 torn lines" in capsys.readouterr().err
    folder.audit.file.unlink()
    folder.audit.file.mkdir()
    assert show_audit(folder.config, Wanted(), as_json=False) == 1
    folder.config.write_text("broken")
    assert show_audit(folder.config, Wanted(), as_json=False) == 1


def test_what_was_refused_looks_like_no_line_of_the_audit() -> None:
    error = "porch: there is no endpoint 'x\n2026-11-29T15:02:11.083Z  reload, done\u2028y'"
    *_, first, second = lines(LINE | {"outcome": "refused", "error": error})
    assert first == "    | there is no endpoint 'x"
    assert second == "    | 2026-11-29T15:02:11.083Z  reload, done\\u2028y'"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("what", ["link", "pipe", "folder"])
def test_what_stands_in_the_place_of_the_file_is_said_and_not_read(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    folder.audit.append(LINE)
    secret = tmp_path / "secret"
    folder.audit.file.rename(secret)
    where = folder.audit.file
    if what == "link":
        where.symlink_to(secret)
    elif what == "pipe":
        os.mkfifo(where)
    else:
        where.parent.rename(tmp_path / "other")
        where.parent.symlink_to(tmp_path / "other")
        where = where.parent
    assert show_audit(folder.config, Wanted(), as_json=False) == 1
    said = capsys.readouterr()
    kind = "no regular file" if what == "pipe" else "a symbolic link"
    assert said.out == ""
    assert said.err == (
        f"porch: {where}: it is {kind}, and the door has not made it; see who has, and remove it\n"
    )


def test_who_had_not_taken_it_is_shown() -> None:
    assert "    not taken by then by worker 7, 8" in [*lines(LINE | {"pending": [7, 8]})]
