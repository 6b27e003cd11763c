"""What tells one state of a file from another."""

import os
from pathlib import Path
from typing import cast

import pytest

from porch.serve.validators import is_dated, validators
from tests.support.folder import LONG_AGO, write


class Stat:
    """What the system tells of a file; a clock that is set lets no file system say just anything,
    but tmpfs does."""

    st_mtime_ns = LONG_AGO * 10**9
    st_ctime_ns = LONG_AGO * 10**9
    st_size = 3
    st_ino = 7

    def __init__(self, **other: int) -> None:
        vars(self).update(other)
        self.st_mtime = self.st_mtime_ns / 1e9


def of(**other: int) -> dict[bytes, bytes]:
    return dict(validators(cast("os.stat_result", Stat(**other))))


def test_a_file_has_a_tag_and_a_date(tmp_path: Path) -> None:
    found = dict(validators(os.stat(write(tmp_path, "a", b"abc"))))
    assert found[b"last-modified"] == b"Tue, 14 Nov 2023 22:13:20 GMT"
    assert found[b"etag"].startswith(b'"')
    assert found[b"etag"].endswith(b'"')


@pytest.mark.parametrize("name", ["st_mtime_ns", "st_ctime_ns", "st_size", "st_ino"])
def test_whatever_changes_the_tag_is_another(name: str) -> None:
    assert of(**{name: 5})[b"etag"] != of()[b"etag"]


def test_new_content_with_an_old_date_has_another_tag(tmp_path: Path) -> None:
    file = write(tmp_path, "a", b"old")
    before = dict(validators(os.stat(file)))
    at = os.stat(file).st_ctime_ns
    while os.stat(file).st_ctime_ns == at:  # a tick of the file system's clock
        write(tmp_path, "a", b"new")
    after = dict(validators(os.stat(file)))
    assert after[b"last-modified"] == before[b"last-modified"]
    assert after[b"etag"] != before[b"etag"]


@pytest.mark.parametrize("seconds", [-(10**11), -(10**14), 10**12, 10**17, 4 * 10**9])
def test_what_is_no_date_or_one_to_come_is_not_said(seconds: int) -> None:
    found = of(st_mtime_ns=seconds * 10**9)
    assert b"last-modified" not in found
    assert found[b"etag"]


def test_years_have_four_digits() -> None:
    assert is_dated(0)
    assert is_dated(-1000)
    assert not is_dated(-62_135_596_801)
    assert not is_dated(253_402_300_800)
