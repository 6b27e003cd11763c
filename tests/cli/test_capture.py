"""`porch capture`: what is asked of the door, and how heads read."""

import json
from pathlib import Path
from typing import Any

import pytest

from porch.cli import capture as module
from porch.cli.capture import capture, end_capture, lines

HERE = Path("porch.toml")
HEAD = {
    "what": "sent",
    "time": "2026-11-29T19:45:58.117Z",
    "ms": 16.8,
    "id": "5f1c2a3e-1b",
    "client": "192.0.2.7",
    "route": "a.test",
    "endpoint": "10.0.0.1:80",
    "line": "GET /\x1b[2J",
    "fields": [["host", "a.test"], ["cookie", "(13 bytes)"]],
}


class FakeDoor:
    """Answers in turn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.answers: list[Any] = []
        monkeypatch.setattr(module, "answer_of", self._answer)

    def _answer(self, config: Path, command: str, words: Any = None) -> Any:
        assert config == HERE
        self.asked.append((command, words))
        return self.answers.pop(0) if self.answers else None

    def captured(self, *heads: Any, behind: int = 0, ended: str | None = None) -> None:
        told = {"client": "192.0.2.7", "heads": 4, "ended": ended}
        self.answers.append({"capture": told, "heads": [*heads], "behind": behind})


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> FakeDoor:
    return FakeDoor(monkeypatch)


def follow(client: str = "192.0.2.7", route: str = "", **more: Any) -> int:
    return capture(HERE, client, "5m", route, **{"as_json": False, "sleep": lambda _: None, **more})


def test_it_is_begun_and_read_until_it_ends(
    door: FakeDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    door.answers.append({"capture": {}})
    door.captured(HEAD, behind=1)
    door.captured(behind=1, ended="its time is over")
    assert follow(route="a.test") == 0
    assert door.asked == [
        ("capture", {"client": "192.0.2.7", "for": 300.0, "route": "a.test"}),
        ("captured", {"behind": 0}),
        ("captured", {"behind": 1}),
    ]
    out, err = capsys.readouterr()
    assert "sent to 10.0.0.1:80" in out
    assert err == "porch: the capture has ended: its time is over\n"


def test_without_a_client_the_one_that_runs_is_followed_as_json(
    door: FakeDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    door.captured(HEAD, behind=1, ended="it is full")
    assert follow("", as_json=True) == 0
    assert [word for word, _ in door.asked] == ["captured"]
    assert json.loads(capsys.readouterr().out) == HEAD


@pytest.mark.parametrize(("client", "ends"), [("192.0.2.7", True), ("", False)])
def test_ctrl_c_ends_what_was_begun_here(door: FakeDoor, client: str, *, ends: bool) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    if client:
        door.answers.append({"capture": {}})
    door.captured()
    door.answers.append({"capture": {}})
    door.captured(ended="ann has ended it")
    assert follow(client, sleep=interrupted) == 0
    assert ("capture-end" in [word for word, _ in door.asked]) is ends


def test_a_door_that_refuses_or_is_gone_is_a_1_and_words_of_no_use_a_2(
    door: FakeDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert follow() == 1
    assert follow("") == 1
    assert capture(HERE, "x", "soon", "", as_json=False) == 2
    assert "--for" in capsys.readouterr().err


def test_it_can_be_ended_from_elsewhere(door: FakeDoor, capsys: pytest.CaptureFixture[str]) -> None:
    assert end_capture(HERE) == 1
    door.captured()
    assert end_capture(HERE) == 0
    assert capsys.readouterr().out == "the capture of 192.0.2.7 has ended, with 4 heads\n"


def test_a_head_is_a_line_and_its_fields_and_moves_no_cursor() -> None:
    first, *fields = lines(HEAD)
    assert first[12:].startswith(" 5f1c2a3e-1b     16.8 ms  sent to 10.0.0.1:80  GET /")
    assert "\x1b" not in first
    assert fields == ["             host: a.test", "             cookie: (13 bytes)"]


def test_an_end_says_how() -> None:
    over = {
        **HEAD,
        "what": "ended",
        "status": 502,
        "reason": "connection_refused",
        "tried": ["a:1"],
    }
    (line,) = lines(over)
    assert line.endswith("ended  502, connection_refused; tried a:1")
    (line,) = lines({**over, "status": 0, "reason": None, "tried": []})
    assert line.endswith("ended  no answer")
