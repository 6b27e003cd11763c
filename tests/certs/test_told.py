"""Commands that must not ask."""

import pytest

from porch.certs import told
from porch.certs.told import last_line, run


def test_a_command_is_run_and_what_it_wrote_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["sh", "-c", "echo out; echo error >&2; exit 3"]) == (3, "out\nerror\n")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert run(["sh", "-c", "echo $LC_ALL"]) == (0, "C\n")


def test_it_can_ask_nobody() -> None:
    assert run(["cat"]) == (0, "")
    code, _ = run(["sh", "-c", "cat </dev/tty"])
    assert code != 0


def test_one_that_is_missing_is_not_found() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-command"):
        run(["no-such-command"])


def test_one_that_is_outside_of_a_users_path_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FileNotFoundError):
        run(["sh"])
    monkeypatch.setattr(told, "SBIN", "/usr/bin:/bin")
    assert run(["sh", "-c", "exit 0"]) == (0, "")


def test_one_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "PATIENCE", 0.05)
    assert run(["sleep", "10"]) == (124, "it took longer than 0.05 s")


@pytest.mark.parametrize(
    ("output", "line"),
    [("", "it did not say why"), ("a\nb: no.\n\n", "b: no"), (" x ", "x")],
)
def test_the_last_line_says_why(output: str, line: str) -> None:
    assert last_line(output) == line
