"""Which store a command looks into, and what is said if it cannot."""

import os
import pwd
from pathlib import Path

import pytest

from porch.cli import store as module
from porch.cli.store import loaded_of, open_store
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.manage.control.client import NotRunning

CONFIG = '[routes]\n"a.test" = ":1"\n'


def test_a_file_that_is_fine_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "porch.toml"
    file.write_text(CONFIG)
    loaded = loaded_of(file)
    assert loaded is not None
    assert loaded.ok


def test_what_is_wrong_with_a_file_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "porch.toml"
    file.write_text(CONFIG + 'helth = "x"\n')
    assert loaded_of(file) is None
    assert f"{file}:3:" in capsys.readouterr().err
    assert loaded_of(tmp_path / "none.toml") is None
    assert "none.toml" in capsys.readouterr().err


def wanting(folder: Path) -> Loaded:
    return load_mapping({"routes": {"a.test": ":1"}, "store": str(folder)})


def test_a_store_is_made_for_this_user_alone(tmp_path: Path) -> None:
    store = open_store(wanting(tmp_path / "store"))
    assert store is not None
    assert store.folder.stat().st_mode & 0o777 == 0o700


def test_a_store_that_cannot_be_used_is_said_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert open_store(wanting(tmp_path / "open")) is None
    assert f"chmod 700 {tmp_path}/open" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert open_store(wanting(tmp_path / "file")) is None
    err = capsys.readouterr().err
    assert err.startswith("porch: ")
    assert str(tmp_path / "file") in err


@pytest.mark.parametrize(
    ("has_system", "has_theirs"), [(False, True), (True, True), (False, False)]
)
def test_sudo_means_the_store_of_who_says_it_unless_root_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_system: bool, has_theirs: bool
) -> None:
    """`sudo porch trust` beside a door that a user runs must not make another authority."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    system, theirs = tmp_path / "system", tmp_path / "home/.local/share/porch"
    for folder, is_there in ((system, has_system), (theirs, has_theirs)):
        if is_there:
            folder.mkdir(parents=True, mode=0o700)
    user = pwd.struct_passwd(("ann", "x", os.getuid(), os.getgid(), "", f"{tmp_path}/home", ""))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: {"ann": user}[name])
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "SYSTEM", system)
    monkeypatch.setattr(module, "store_folder", lambda loaded: system)
    monkeypatch.setenv("SUDO_USER", "ann")
    store = open_store(wanting(tmp_path))
    assert store is not None
    assert store.folder == (theirs if has_theirs and not has_system else system)
    monkeypatch.setenv("SUDO_USER", "nobody knows")
    store = open_store(wanting(tmp_path))
    assert store is not None
    assert store.folder == system


def test_the_door_that_runs_says_which_store_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever its user has that, and whatever root has of its own."""
    system, theirs = tmp_path / "system", tmp_path / "data/porch"
    system.mkdir(mode=0o700)
    file = tmp_path / "porch.toml"
    file.write_text(CONFIG)
    user = pwd.struct_passwd(("ann", "x", 1234, 1234, "", f"{tmp_path}/home", ""))
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: user)  # the file is hers
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "SYSTEM", system)
    monkeypatch.setattr(module, "store_folder", lambda loaded: system)
    monkeypatch.delenv("SUDO_USER", raising=False)
    asked = []
    answers: list[dict[str, object]] = [{"configuration": {"store": str(theirs)}}, {}]

    def ask(config: Path, command: str, *, users: list[int]) -> dict[str, object]:
        asked.append((config, command, users))
        if not answers:
            raise NotRunning
        return answers.pop(0)

    monkeypatch.setattr(module, "ask", ask)
    for found in (theirs, system, system):  # it says so; one before an upgrade; none runs
        loaded = loaded_of(file)
        assert loaded is not None
        store = open_store(loaded)
        assert store is not None
        assert store.folder == found
    assert asked == [(file, "status", [1234])] * 3


def test_a_door_that_root_starts_for_a_user_has_the_systems_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "system"
    (tmp_path / "home/.local/share/porch").mkdir(parents=True)
    user = pwd.struct_passwd(("ann", "x", 1234, 1234, "", f"{tmp_path}/home", ""))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: user)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "SYSTEM", system)
    monkeypatch.setattr(module, "store_folder", lambda loaded: system)
    monkeypatch.setenv("SUDO_USER", "ann")
    store = open_store(load_mapping({"routes": {"a.test": ":1"}, "user": "ann"}))
    assert store is not None
    assert store.folder == system
