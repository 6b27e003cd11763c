"""Files: read, and merged with what they include."""

from pathlib import Path

import pytest

from porch.config.loaded import Loaded
from porch.config.source import read


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**texts: str) -> None:
    for name, text in texts.items():
        Path(f"{name}.toml").write_text(text, encoding="utf-8")


def reading(name: str = "porch.toml") -> tuple[Loaded, object]:
    loaded = Loaded()
    return loaded, read(loaded, Path(name))


@pytest.mark.usefixtures("folder")
def test_included_files_are_merged_in_order():
    write(
        porch='include = ["b*.toml", "a.toml", "./a.toml"]\n[routes]\n"a" = "a:1"\n',
        a='grace = "1s"\n[routes]\n"b" = "b:1"\n[pool.p]\nservers = "c:1"\n',
        b1='[[expect]]\nget = "one"\n',
        b2='[[expect]]\nget = "two"\n[[expect]]\nget = "three"\n',
    )
    loaded, data = reading()
    assert loaded.problems == []
    assert data == {
        "include": ["b*.toml", "a.toml", "./a.toml"],
        "grace": "1s",
        "routes": {"a": "a:1", "b": "b:1"},
        "pool": {"p": {"servers": "c:1"}},
        "expect": [{"get": "one"}, {"get": "two"}, {"get": "three"}],
    }
    assert loaded.files == [Path(each) for each in ("porch.toml", "b1.toml", "b2.toml", "a.toml")]


@pytest.mark.usefixtures("folder")
def test_each_word_is_placed_in_its_own_file():
    write(
        porch='include = "a.toml"\n[routes]\n"a" = "a:1"\n[[expect]]\nget = "one"\n',
        a='[routes]\n"b" = "b:1"\n[[expect]]\nget = "two"\n',
    )
    loaded, _ = reading()
    assert loaded.where(("routes",)) == "porch.toml:2"
    assert loaded.where(("routes", "a")) == "porch.toml:3"
    assert loaded.where(("routes", "b")) == "a.toml:2"
    assert loaded.where(("expect", 0, "get")) == "porch.toml:5"
    assert loaded.where(("expect", 1, "get")) == "a.toml:4"


@pytest.mark.usefixtures("folder")
def test_a_file_that_its_own_pattern_matches_is_not_read_twice():
    write(porch='include = "*.toml"\n', a='grace = "1s"\n')
    loaded, data = reading()
    assert loaded.problems == []
    assert data == {"include": "*.toml", "grace": "1s"}


def test_includes_are_relative_to_the_first_file(tmp_path):
    (tmp_path / "sites").mkdir()
    (tmp_path / "porch.toml").write_text('include = "sites/**/*.toml"\n', encoding="utf-8")
    (tmp_path / "sites" / "a.toml").write_text('[routes]\n"a" = "a:1"\n', encoding="utf-8")
    loaded = Loaded()
    data = read(loaded, tmp_path / "porch.toml")
    assert data is not None
    assert data["routes"] == {"a": "a:1"}


@pytest.mark.usefixtures("folder")
def test_an_error_of_syntax_gives_no_data_at_all():
    write(porch='include = "a.toml"\n', a="[routes\n")
    loaded, data = reading()
    assert data is None
    assert [(each.file, each.line) for each in loaded.problems] == [("a.toml", 1)]


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_not_there_is_told_with_the_way_out():
    loaded, data = reading()
    assert data is None
    assert loaded.report() == (
        "porch.toml  error  the file does not exist; name another: porch run FILE\n"
        "1 problem; nothing was changed."
    )
    loaded, _ = reading("other.toml")
    assert loaded.problems[0].text == "the file does not exist"


@pytest.mark.usefixtures("folder")
def test_a_folder_and_bytes_that_are_no_text_are_told():
    Path("folder.toml").mkdir()
    Path("bytes.toml").write_bytes(b'b = 1\na = "\xff"\n')
    assert "cannot be read: Is a directory" in reading("folder.toml")[0].problems[0].text
    problem = reading("bytes.toml")[0].problems[0]
    assert problem.text == "the file is not UTF-8: byte 12 is not; save it as UTF-8"
    assert problem.place == "bytes.toml:2:6"
    Path("wide.toml").write_bytes('a = "b"\n'.encode("utf-16"))
    why = "the file is not UTF-8: it is UTF-16; save it as UTF-8"
    assert reading("wide.toml")[0].problems[0].text == why


@pytest.mark.usefixtures("folder")
def test_a_mark_of_byte_order_and_line_ends_of_windows_are_read():
    Path("porch.toml").write_bytes(b'\xef\xbb\xbfa = 1\r\nb = "x\r\n')
    loaded, _ = reading()
    assert (loaded.problems[0].line, loaded.problems[0].column) == (2, 7)


@pytest.mark.usefixtures("folder")
def test_tables_within_tables_without_end_are_refused():
    write(porch="a = " + "[" * 5000 + "]" * 5000)
    loaded, data = reading()
    assert data is None
    assert "without end" in loaded.problems[0].text


@pytest.mark.parametrize("include", ["5", "[5]", "{ a = 1 }", "true"])
@pytest.mark.usefixtures("folder")
def test_an_include_that_is_no_list_of_texts_is_left_to_the_schema(include):
    write(porch=f"include = {include}\n")
    loaded, data = reading()
    assert loaded.problems == []
    assert data is not None
