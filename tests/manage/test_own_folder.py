"""A folder that nobody else may write into."""

import os
from pathlib import Path

import pytest

from porch.manage.own_folder import make_own_folder, own_folder


def test_one_that_was_made_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_own_folder(folder)
    make_own_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    with own_folder(folder) as descriptor:
        assert os.fstat(descriptor).st_ino == folder.stat().st_ino


def test_one_that_is_not_ours_alone_is_refused(tmp_path: Path) -> None:
    folder, link = tmp_path / "a", tmp_path / "link"
    make_own_folder(folder)
    link.symlink_to(folder)
    with pytest.raises(OSError, match="is not the door's own; remove it"), own_folder(link):
        pass
    folder.chmod(0o770)
    with pytest.raises(OSError, match="is not the door's own; remove it"), own_folder(folder):
        pass
