"""All checks of a door that does not run, and of one that does."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from porch.config import loaded
from porch.manage.control.client import NotRunning
from porch.manage.doctor import diagnosis as module
from porch.manage.doctor.diagnosis import CHECKS, diagnosis
from porch.manage.doctor.patient import Found, Patient, ok

ROUTES = 'listen = ["127.0.0.1:0"]\n[routes]\n"*" = "127.0.0.1:1"\n'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    file = tmp_path / "porch.toml"
    file.write_text(ROUTES)
    tmp_path.chmod(0o755)
    return file


def seen(monkeypatch: pytest.MonkeyPatch) -> list[Patient]:
    """Whom a check in place of all others is shown."""
    patients: list[Patient] = []

    def check(patient: Patient) -> Iterator[Found]:
        patients.append(patient)
        yield ok("seen", "it was")

    monkeypatch.setattr(module, "CHECKS", (("seen", check),))
    return patients


def test_every_check_runs_without_a_door(config: Path) -> None:
    found = [*diagnosis(config)]
    assert {"configuration", "door", "open files", "clock", "version"} <= {
        each.check for each in found
    }
    failed = [each for each in found if "could not be looked at" in each.sentence]
    assert failed == []
    assert next(each for each in found if each.check == "door").said == "look"


def test_what_a_check_is_called_is_what_its_findings_are() -> None:
    named = [name for name, _ in CHECKS]
    assert len(set(named)) == len(named)


def test_a_configuration_that_cannot_be_loaded_is_wrong_and_the_machine_is_looked_at(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patients = seen(monkeypatch)
    config.write_text(ROUTES + "helth = 1\n")
    first, second = diagnosis(config)
    assert (first.check, first.said) == ("configuration", "wrong")
    assert "1 error (" in first.sentence
    assert f"porch check {config}" in first.sentence
    assert (second.check, patients[0].loaded, patients[0].built) == ("seen", None, None)


def test_a_file_that_is_not_there_is_wrong(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(monkeypatch)
    config.unlink()
    first, _ = diagnosis(config)
    assert (first.said, "does not exist" in first.sentence) == ("wrong", True)


def test_a_file_that_this_user_may_not_reach_is_wrong(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    seen(monkeypatch)
    monkeypatch.setattr(Path, "exists", refuse)
    monkeypatch.setattr(loaded, "content", refuse)
    first, _ = diagnosis(config)
    assert (first.check, first.said) == ("configuration", "wrong")
    assert "cannot be read: Permission denied" in first.sentence


def test_warnings_are_to_be_looked_at(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(monkeypatch)
    config.write_text(ROUTES + '[pool.lost]\nservers = [":1"]\n')
    first, _ = diagnosis(config)
    assert (first.said, "with 1 warning" in first.sentence) == ("look", True)


def test_what_the_door_says_is_shown_to_all(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patients = seen(monkeypatch)
    monkeypatch.setattr(module, "ask", lambda *_, **__: {"pid": 7})
    assert len([*diagnosis(config)]) == 2
    assert patients[0].status == {"pid": 7}


@pytest.mark.parametrize("failure", [TimeoutError("timed out"), {"error": "a fault of Porch"}])
def test_a_door_that_does_not_answer_is_wrong(
    config: Path, monkeypatch: pytest.MonkeyPatch, failure: Any
) -> None:
    def ask(*_: Any, **__: Any) -> Any:
        if isinstance(failure, Exception):
            raise failure
        return failure

    patients = seen(monkeypatch)
    monkeypatch.setattr(module, "ask", ask)
    _, second, _ = diagnosis(config)
    assert (second.check, second.said, patients[0].status) == ("door", "wrong", None)


def test_no_door_is_no_failure(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: Any, **__: Any) -> Any:
        raise NotRunning("none")

    patients = seen(monkeypatch)
    monkeypatch.setattr(module, "ask", ask)
    assert len([*diagnosis(config)]) == 2
    assert patients[0].status is None
