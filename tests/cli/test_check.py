"""`porch check`: what is printed where, and the exit code. What is checked: config/check.py."""

from pathlib import Path

import pytest

from porch.cli.check import check_file


def test_a_file_in_order_is_said_on_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "porch.toml"
    file.write_text('[routes]\n"*" = ":3000"\n')
    assert check_file(file) == 0
    assert capsys.readouterr() == ("1 route; nothing is wrong.\n", "")


def test_what_is_wrong_is_said_on_stderr_with_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "porch.toml"
    file.write_text('[routes]\n"*" = ":x"\n')
    assert check_file(file) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{file}:2:1  error" in err


def test_a_file_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_file(tmp_path / "porch.toml") == 1
    assert "does not exist" in capsys.readouterr().err


def test_code_that_the_file_names_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "porch.toml"
    file.write_text('acme.dns = "py:no_such_module:Class"\n[routes]\n"*" = ":3000"\n')
    assert check_file(file) == 0
    out, err = capsys.readouterr()
    assert f"{file}:1:1  warning  py:no_such_module:Class cannot be loaded" in out
    assert err == ""
