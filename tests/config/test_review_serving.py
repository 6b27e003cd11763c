"""Folders that are named to be served."""

from pathlib import Path

import pytest

from porch.config.load import load, load_mapping


def problems(folder: str) -> list[str]:
    loaded = load_mapping({"listen": ":80", "routes": {"*": f"file:{folder}"}}, "porch.toml")
    return [f"{each.severity}: {each.text}" for each in loaded.problems]


def test_a_folder_that_is_there_is_fine(tmp_path: Path) -> None:
    assert problems(str(tmp_path)) == []


def test_what_is_no_folder_is_said_with_the_way_out(tmp_path: Path) -> None:
    assert "does not exist; make that folder" in problems(f"{tmp_path}/none")[0]
    file = tmp_path / "a.html"
    file.touch()
    assert f'write "file:{tmp_path}"' in problems(str(file))[0]
    assert "cannot be served: Not a directory" in problems(f"{file}/x")[0]


def test_a_folder_that_everybody_writes_to_is_warned_of(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    [text] = problems(str(tmp_path))
    assert text.startswith("warning")
    assert f"chmod o-w {tmp_path}" in text


@pytest.mark.parametrize("name", ["/", "//", "/.", "/usr/.."])
def test_the_whole_machine_is_not_served(name: str) -> None:
    assert any("every file of this machine" in each for each in problems(name)) or name == "//"


def test_a_configuration_in_what_it_serves_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    file = tmp_path / "www" / "porch.toml"
    file.write_text('listen = ":80"\n[routes]\n"*" = "file:."\n')
    [problem] = load(file).problems
    assert (problem.severity, problem.line) == ("warning", 3)
    assert "lies below" in problem.text
    (tmp_path / "porch.toml").write_text('listen = ":80"\n[routes]\n"*" = "file:www"\n')
    file.unlink()
    assert not load(tmp_path / "porch.toml").problems
