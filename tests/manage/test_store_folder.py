"""The store: where it is, and made ready."""

import os
from pathlib import Path
from typing import Any

import pytest

from porch.certs.store import FileStore
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.manage import store_folder as module
from porch.manage.store_folder import SYSTEM, ready_store, store_folder
from porch.manage.user import identity

BASE = Path("/etc/porch")


def loaded(**words: Any) -> Loaded:
    found = load_mapping({"routes": {"a.example": "respond:204"}} | words, "porch.toml")
    assert found.ok, found.report()
    found.base = BASE
    return found


# --- where -----------------------------------------------------------------------------------


@pytest.fixture
def nobody_in_particular(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not root, and nothing in the environment."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for word in ("STATE_DIRECTORY", "XDG_DATA_HOME"):
        monkeypatch.delenv(word, raising=False)
    monkeypatch.setenv("HOME", "/srv/me")


@pytest.mark.usefixtures("nobody_in_particular")
def test_the_word_comes_first_and_lies_beside_the_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/x")
    assert store_folder(loaded(store="certs")) == BASE / "certs"
    assert store_folder(loaded(store="/srv/certs")) == Path("/srv/certs")


@pytest.mark.usefixtures("nobody_in_particular")
def test_systemd_comes_next_with_the_first_of_its_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/x:/var/lib/y")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert store_folder(loaded()) == Path("/var/lib/x")


@pytest.mark.usefixtures("nobody_in_particular")
def test_root_has_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data")
    assert store_folder(loaded()) == SYSTEM


@pytest.mark.usefixtures("nobody_in_particular")
def test_a_worker_that_is_no_longer_root_has_the_same() -> None:
    assert store_folder(loaded(user="www-data")) == SYSTEM


@pytest.mark.usefixtures("nobody_in_particular")
def test_anybody_else_has_one_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    assert store_folder(loaded()) == Path("/srv/me/.local/share/porch")
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/me/data")
    assert store_folder(loaded()) == Path("/srv/me/data/porch")


@pytest.mark.usefixtures("nobody_in_particular")
def test_who_has_no_home_has_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container with a user of its own number; a worker must not die of it."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert store_folder(loaded()) == SYSTEM


def test_who_owns_the_systems_folder_has_it_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`porch certs` as the unit's user, whom systemd gives no $STATE_DIRECTORY there."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    system = tmp_path / "system"
    monkeypatch.setattr(module, "SYSTEM", system)
    user = os.geteuid() or 65534
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert store_folder(loaded()) == tmp_path / "home/.local/share/porch"
    system.mkdir()
    if system.stat().st_uid != user:
        os.chown(system, user, -1)
    assert store_folder(loaded()) == system


# --- made ready ------------------------------------------------------------------------------


def test_it_is_made_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "store"
    assert ready_store(folder, None) == ""
    assert folder.stat().st_mode & 0o777 == 0o700
    assert ready_store(folder, None) == ""


def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = ready_store(tmp_path / "file" / "store", None)
    assert found.startswith("no certificates but those given: ")
    assert str(tmp_path) in found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_has_made_is_given_to_the_user_that_workers_turn_into(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    FileStore(folder).write("certificates/a.test", b"x")
    nobody = identity("nobody")
    assert ready_store(folder, nobody) == ""
    owners = {path.stat().st_uid for path in (folder, *folder.rglob("*"))}
    assert owners == {nobody.uid}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_folder_changes_hands_behind_all_that_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has a folder could put a link in place of one of its own, and root would follow it
    to somebody else's files."""
    folder = tmp_path / "store"
    FileStore(folder).write("certificates/a.test", b"x")
    given: list[Path] = []
    monkeypatch.setattr(os, "chown", lambda place, *_, **__: given.append(Path(place)))
    assert ready_store(folder, identity("nobody")) == ""
    assert {folder, folder / "certificates"} < {*given}
    for number, place in enumerate(given):
        assert not {*place.parents} & {*given[:number]}
