"""`porch doctor` as a person and a program see it."""

import json
from pathlib import Path

import pytest

from porch.cli import doctor as module
from porch.cli import main
from porch.cli.doctor import lines, show_doctor
from porch.manage.doctor.patient import look, ok, wrong

FINE = ok("clock", "synchronised")
DOUBT = look("user", "workers run as root")
BAD = wrong("port 80", ":80 is in use by nginx (pid 812); stop it, or choose another port")


def found(monkeypatch: pytest.MonkeyPatch, *findings: object) -> None:
    monkeypatch.setattr(module, "diagnosis", lambda _: iter(findings))


def test_what_is_wrong_stands_on_top(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, FINE, DOUBT, BAD)
    assert show_doctor(Path("p"), as_json=False) == 1
    assert capsys.readouterr().out.splitlines() == [
        "wrong  port 80  :80 is in use by nginx (pid 812); stop it, or choose another port",
        "look   user     workers run as root",
        "ok     clock    synchronised",
        "",
        "1 wrong, 1 to look at",
    ]


def test_what_is_to_be_looked_at_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, FINE, DOUBT)
    assert show_doctor(Path("p"), as_json=False) == 0
    assert capsys.readouterr().out.endswith("nothing is wrong, 1 to look at\n")
    found(monkeypatch, FINE)
    assert show_doctor(Path("p"), as_json=False) == 0
    assert capsys.readouterr().out.endswith("\nnothing is wrong\n")


def test_json_is_for_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, FINE, BAD)
    assert show_doctor(Path("p"), as_json=True) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert said["findings"][1] == {
        "check": "clock",
        "state": "ok",
        "sentence": "synchronised",
    }


def test_long_sentences_go_on_below_and_nothing_steers_the_terminal() -> None:
    first, second, *_ = lines([look("x", f"{'word ' * 30}\x1b[31m red")])
    assert first.startswith("look   x  word")
    assert second.startswith("          word")
    assert "\x1b" not in second


def test_the_command_looks_at_a_file_whose_door_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    file = tmp_path / "porch.toml"
    file.write_text("nonsense")
    assert main(["doctor", "--config", str(file)]) == 1
    assert "porch check" in " ".join(capsys.readouterr().out.split())
