"""Loaded: problems find their places."""

from pathlib import Path

import pytest

from porch.config.loaded import Loaded


def placed() -> Loaded:
    loaded = Loaded()
    loaded.files = [Path("porch.toml"), Path("a.toml")]
    loaded.places = {
        ("routes",): ("porch.toml", (3, 1)),
        ("routes", "a.test"): ("porch.toml", (4, 1)),
        ("routes", "a.test", 1): ("porch.toml", (4, 20)),
        ("routes", "b.test"): ("a.toml", (2, 1)),
    }
    return loaded


def test_a_problem_stands_at_its_word_or_at_what_is_around_it():
    loaded = placed()
    assert loaded.where(("routes", "a.test")) == "porch.toml:4"
    assert loaded.where(("routes", "a.test", "to", 5)) == "porch.toml:4"
    assert loaded.where(("routes", "b.test", "strip")) == "a.toml:2"
    assert loaded.where(("listen",)) == "porch.toml"
    assert loaded.where(()) == "porch.toml"


def test_the_items_of_a_route_in_short_are_found():
    loaded = placed()
    loaded.short.add(("routes", "a.test"))
    loaded.add(("routes", "a.test", "to", 1), "wrong")
    assert (loaded.problems[0].line, loaded.problems[0].column) == (4, 20)


def test_a_report_goes_by_file_and_line():
    loaded = placed()
    for path in (("routes", "b.test"), ("routes", "a.test", 1), ("routes",), ()):
        loaded.add(path, "wrong")
    places = [line.split()[0] for line in loaded.report().splitlines()[:-1]]
    assert places == ["porch.toml", "porch.toml:3:1", "porch.toml:4:20", "a.toml:2:1"]


def test_warnings_alone_are_fine():
    loaded = placed()
    loaded.add(("routes",), "careful", warning=True)
    assert loaded.ok
    loaded.add(("routes",), "wrong")
    assert not loaded.ok
    assert loaded.report(running=True).endswith("the running configuration stays.")


def test_what_has_no_file_is_named_by_its_path():
    loaded = Loaded("the command line")
    loaded.add(("routes", "a.test/*", "to", 0), "wrong")
    loaded.add((), "nothing")
    assert [each.text for each in loaded.problems] == [
        'routes."a.test/*".to[0]: wrong',
        "nothing",
    ]
    assert loaded.problems[0].file == "the command line"


def test_a_file_is_read_once(tmp_path: Path) -> None:
    loaded = Loaded()
    file = tmp_path / "page.html"
    file.write_bytes(b"one")
    assert loaded.read(file) == b"one"
    file.write_bytes(b"two")
    assert loaded.read(file) == b"one"
    file.unlink()
    assert loaded.read(file) == b"one"
    assert loaded.contents == {file: b"one"}


def test_a_file_that_cannot_be_read_is_an_error_each_time(tmp_path: Path) -> None:
    loaded = Loaded()
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            loaded.read(tmp_path / "gone")
    with pytest.raises(IsADirectoryError):
        loaded.read(tmp_path)
    assert loaded.contents == {}
