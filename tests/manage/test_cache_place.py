"""Where a door keeps answers."""

import os
from pathlib import Path
from typing import Any

import pytest

from porch.config.load import load, load_mapping
from porch.manage import cache_place as module
from porch.manage.cache_place import CachePlace, cache_place, ready_cache


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has nothing of the system's."""
    for name in ("CACHE_DIRECTORY", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "SYSTEM", tmp_path / "system")
    user = os.geteuid() or 65534
    monkeypatch.setattr(os, "geteuid", lambda: user)


def place(**words: Any) -> CachePlace:
    return cache_place(load_mapping({"routes": {"a.test": ":1"}} | words))


def folder(**words: Any) -> Path:
    found = place(**words).folder
    assert found is not None
    return found


def test_what_is_said_is_done(tmp_path: Path) -> None:
    store = {"path": str(tmp_path), "size": "2MB"}
    assert place(cache_store=store) == CachePlace(folder=tmp_path, size=2 << 20)
    assert place(cache_store={"memory": True}) == CachePlace(folder=None, size=1 << 30)


def test_a_path_is_relative_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "porch.toml"
    file.write_text('cache_store = { path = "kept" }\nroutes = { "a.test" = ":1" }\n')
    assert cache_place(load(file)).folder == tmp_path / "kept"


def test_a_unit_a_user_and_root_each_have_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder().parent == tmp_path / "home/.cache/porch"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert folder().parent == tmp_path / "home/.cache/porch"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert folder().parent == tmp_path / "xdg/porch"
    assert folder(user="nobody").parent == tmp_path / "system"
    monkeypatch.setenv("CACHE_DIRECTORY", f"{tmp_path / 'unit'}:/other")
    assert folder().parent == tmp_path / "unit"
    monkeypatch.delenv("CACHE_DIRECTORY")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert folder().parent == tmp_path / "system"


def test_two_doors_have_two_folders_and_one_has_the_same_again(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    for file in (one, two):
        file.write_text('routes = { "a.test" = ":1" }\n')
    link = tmp_path / "link.toml"
    link.symlink_to(one)
    assert cache_place(load(one)) == cache_place(load(one)) == cache_place(load(link))
    assert cache_place(load(one)) != cache_place(load(two))
    assert folder(listen=":8080") == folder(listen=":8080") != folder(listen=":8081")


def test_it_is_made_for_its_user_alone_or_the_reason_is_told(tmp_path: Path) -> None:
    kept = tmp_path / "a/b"
    assert ready_cache(kept, None) == ""
    assert kept.stat().st_mode & 0o777 == 0o700
    assert ready_cache(kept, None) == ""
    (tmp_path / "file").touch()
    found = ready_cache(tmp_path / "file/kept", None)
    assert found == f"nothing is kept by the cache: {tmp_path / 'file/kept'}: Not a directory"
