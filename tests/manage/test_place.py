"""The folder of certificates, made ready."""

import os
from pathlib import Path

import pytest

from porch.certs.store import FileStore
from porch.manage.place import ready_store
from porch.manage.user import identity


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
