"""What a command prints of a door's answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from porch.cli import ask as module
from porch.cli.ask import ask_door, show_answer
from porch.manage.control.client import NotRunning


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Sets what the door answers, or raises."""

    def set_answer(answer: Any) -> None:
        def ask(config: Path, command: str, words: object, *, patience: float) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(module, "ask", ask)

    return set_answer


def test_an_answer_is_printed_a_fact_a_line(
    answering: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    answering({"connections": 3, "routes": ["a.test", "b.test"], "warnings": []})
    assert ask_door(Path("porch.toml"), "status") == 0
    assert capsys.readouterr() == (
        "connections  3\nroutes       a.test\n             b.test\n",
        "",
    )


def test_a_refusal_is_on_stderr_with_exit_1(
    answering: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    answering({"error": "porch.toml:1:1  error  no"})
    assert ask_door(Path("porch.toml"), "reload") == 1
    assert capsys.readouterr() == ("", "porch.toml:1:1  error  no\n")


def test_a_door_that_does_not_run_is_said_with_how_to_start_it(
    answering: Callable[[Any], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "porch.toml"
    file.touch()
    answering(NotRunning("no door runs with x; porch run x starts one"))
    assert ask_door(file, "status") == 1
    assert capsys.readouterr().err == "porch: no door runs with x; porch run x starts one\n"


def test_a_file_that_is_not_there_is_said(
    answering: Callable[[Any], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(NotRunning("no door runs"))
    assert ask_door(tmp_path / "none.toml", "status") == 1
    err = capsys.readouterr().err
    assert (
        err
        == f"porch: {tmp_path}/none.toml does not exist; name the file of the door with --config\n"
    )


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TimeoutError("timed out"), "timed out"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
    ],
)
def test_a_door_that_is_silent_is_said(
    answering: Callable[[Any], None],
    capsys: pytest.CaptureFixture[str],
    error: OSError,
    why: str,
) -> None:
    answering(error)
    assert ask_door(Path("porch.toml"), "status") == 1
    assert capsys.readouterr().err == f"porch: the door does not answer: {why}\n"


def test_what_not_all_workers_have_taken_is_exit_1(
    answering: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    answering({"drained": ["a:1"], "pending": [4711], "warning": "worker 4711 hangs"})
    assert ask_door(Path("porch.toml"), "drain") == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "drained      a:1",
        "pending      4711",
        "warning      worker 4711 hangs",
    ]
    assert said.err == "porch: not all workers have taken it yet, see pending\n"


def test_an_answer_is_shown_in_lines_or_as_it_is(
    answering: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    answering({"pid": 7})

    def lines(answer: dict[str, Any]) -> list[str]:
        return [f"process {answer['pid']}", "serves"]

    file = Path("porch.toml")
    assert show_answer(file, "status", lines, as_json=False) == 0
    assert capsys.readouterr().out == "process 7\nserves\n"
    assert show_answer(file, "status", lines, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"pid": 7}
    answering({"error": "no"})
    assert show_answer(file, "status", lines, as_json=True) == 1
    assert capsys.readouterr() == ("", "no\n")
