"""A file on its way."""

import os
from pathlib import Path

import pytest

from porch.errors import ClientGone
from porch.reader import Reader
from porch.serve.file_body import FileBody
from porch.serve.file_errors import FileChanged, FileUnreadable
from tests.support.folder import descriptors, write


def test_the_descriptor_closes_with_the_object(tmp_path: Path) -> None:
    before = descriptors()
    body = FileBody(os.open(write(tmp_path, "a", b"abc"), os.O_RDONLY), 3)
    assert (body.size(), body.is_whole(), body.read(1, 9)) == (3, True, b"bc")
    assert os.pread(body.file(0, 3), 3, 0) == b"abc"
    del body
    assert descriptors() == before


def test_it_closes_too_when_who_reads_is_done(tmp_path: Path) -> None:
    before = descriptors()
    body = FileBody(os.open(write(tmp_path, "a", b"abc"), os.O_RDONLY), 3)
    reader = Reader(body, [(0, 3)], body.on_moved)
    body.on_moved(reader)
    assert body.read(0, 3) == b"abc"
    for _ in range(2):
        reader.abort(ClientGone())
        assert descriptors() == before


def test_another_file_in_its_place_is_not_what_is_sent(tmp_path: Path) -> None:
    body = FileBody(os.open(write(tmp_path, "a", b"old"), os.O_RDONLY), 3)
    write(tmp_path, "b", b"new").rename(tmp_path / "a")
    assert body.read(0, 3) == b"old"


def test_a_file_that_became_shorter_is_said(tmp_path: Path) -> None:
    file = write(tmp_path, "a", b"abcdef")
    body = FileBody(os.open(file, os.O_RDONLY), 6)
    os.truncate(file, 2)
    assert body.all() == b"ab"
    assert body.read(0, 6) == b"ab"
    with pytest.raises(FileChanged, match="ends at byte 2 of 6"):
        body.read(2, 4)


def test_what_the_system_cannot_read_is_said(tmp_path: Path) -> None:
    body = FileBody(os.open(tmp_path, os.O_RDONLY), 6)
    for read in (body.all, lambda: body.read(0, 6)):
        with pytest.raises(FileUnreadable, match="byte 0 of 6: Is a directory"):
            read()


def test_it_closes_at_once_where_that_is_said(tmp_path: Path) -> None:
    before = descriptors()
    body = FileBody(os.open(write(tmp_path, "a"), os.O_RDONLY), 0)
    assert body.all() == b""
    for _ in range(2):
        body.close()
        assert descriptors() == before
