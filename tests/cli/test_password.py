"""`porch password`."""

import io
import sys

import pytest

from porch.cli import password
from porch.cli.password import hash_password
from porch.shield.basic_hash import review_hash, verify


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_first_line_of_stdin_is_hashed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("pa ss\r\nmore\n"))
    assert hash_password() == 0
    hashed = capsys.readouterr().out.strip()
    review_hash(hashed)
    assert verify(hashed, b"pa ss")


def test_at_a_terminal_it_is_asked_for_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    said = iter(["one", "one", "one", "two"])
    monkeypatch.setattr(password, "getpass", lambda prompt: next(said))
    assert hash_password() == 0
    assert verify(capsys.readouterr().out.strip(), b"one")
    assert hash_password() == 1
    assert "differ" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "\n", "x" * 513])
def test_nothing_and_too_much_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert hash_password() == 1
