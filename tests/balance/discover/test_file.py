"""A file is read when it has changed, and only then."""

import os

import pytest

from porch.balance.discover.file import LOOK, ListFile
from porch.balance.discover.found import Found


def test_it_is_read_again_when_it_has_changed(looks, tmp_path, monkeypatch):
    file = tmp_path / "list.json"
    file.write_text('["a:1"]')
    lists = ListFile(file)
    reads = []
    read = lists._read
    monkeypatch.setattr(ListFile, "_read", lambda self: reads.append(1) or read())
    seen = []

    async def two():
        number = 0
        async for each in lists.endpoints():
            seen.append(each)
            number += 1
            if number == 2:
                file.write_text('["a:1", "b:2"]')
            if number == 4:
                return

    import asyncio

    asyncio.run(two())
    one, both = [Found("a:1")], [Found("a:1"), Found("b:2")]
    assert seen == [one, one, both, both]
    assert len(reads) == 2
    assert looks.waits == [LOOK] * 3


def test_toml_is_told_by_its_name(looks, tmp_path):
    file = tmp_path / "list.toml"
    file.write_text('endpoints = ["a:1"]')
    assert looks.first(1, ListFile(file).endpoints()) == [[Found("a:1")]]


def test_a_file_that_is_not_there_is_an_error(looks, tmp_path):
    with pytest.raises(FileNotFoundError):
        looks.first(1, ListFile(tmp_path / "none.json").endpoints())


def test_a_pipe_keeps_nobody_waiting(looks, tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(ValueError, match="no JSON"):
        looks.first(1, ListFile(tmp_path / "pipe.json").endpoints())
