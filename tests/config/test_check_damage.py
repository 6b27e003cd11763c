"""Damaged configurations: each is refused in words, in its place, and nothing ever raises."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.config.address import parse_listen
from porch.config.check import Report, check
from porch.config.load import load
from porch.listen.sockets import bind
from tests.support.damage import DAMAGES, TEXT, UNBINDABLE, Damage, good

FILE = Path("porch.toml")
PLACE = re.compile(r"^porch\.toml:(\d+):", re.MULTILINE)
FOREIGN = ("Traceback", "Input should", "Value error", "pydantic", "tomllib", "object at 0x")
"""What is not said to an operator."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PORCH_UNSET", raising=False)
    return tmp_path


def checked() -> Report:
    return check(load(FILE))


def changed_lines(text: str, damaged: str) -> set[int]:
    """The lines from the first that differs to the last, and where the file now ends."""
    old, new = text.split("\n"), damaged.split("\n")
    first = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    tail = zip(reversed(old[first:]), reversed(new[first:]), strict=False)
    same = next((at for at, (a, b) in enumerate(tail) if a != b), 0)
    return {*range(first + 1, max(first + 2, len(new) - same + 1)), len(damaged.split())}


@pytest.mark.usefixtures("folder")
def test_what_is_to_be_damaged_is_right(folder: Path) -> None:
    good(folder)
    assert checked() == Report(
        failed=False, text="8 routes, 1 expectation holds; nothing is wrong."
    )


def test_there_are_more_than_a_hundred_and_each_has_its_name() -> None:
    assert len(DAMAGES) >= 100
    assert len({each.name for each in (*DAMAGES, *UNBINDABLE)}) == len(DAMAGES) + len(UNBINDABLE)


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_each_damage_is_refused_in_words_and_in_its_place(folder: Path, damage: Damage) -> None:
    text = good(folder)
    damage.write(folder, text)
    report = checked()
    assert report.failed
    assert report.text.endswith("nothing was changed.")
    assert [word for word in damage.words if word not in report.text] == []
    assert not any(each in report.text for each in FOREIGN), report.text
    assert re.match(r"(porch|sites/\w+)\.toml(:\d+:\d+)? +(error|warning)  .", report.text)
    if damage.is_placed:
        damaged = FILE.read_bytes().decode("utf-8", "replace")
        found = {int(each) for each in PLACE.findall(report.text)}
        assert found & changed_lines(text, damaged), report.text


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_each_damage_is_undone_by_writing_the_file_again(folder: Path, damage: Damage) -> None:
    damage.write(folder, good(folder))
    damage.undo(folder)
    good(folder)
    assert not checked().failed


@pytest.mark.parametrize("damage", UNBINDABLE, ids=str)
def test_what_only_binding_shows_passes_the_check(folder: Path, damage: Damage) -> None:
    damage.write(folder, good(folder))
    loaded = load(FILE)
    assert not check(loaded).failed
    with pytest.raises(OSError, match=r"192\.0\.2\.1") as caught:
        bind(parse_listen(loaded.config.listen[0]))
    assert [word for word in damage.words if word not in str(caught.value)] == []


PIECES = st.binary(max_size=3) | st.sampled_from(
    [
        *(b'"', b"'", b"[", b"]", b"{", b"}", b"=", b",", b".", b"#", b"\n", b"\r", b"\\", b"\0"),
        *(b'"""', b"[[", b"]]", b"-1", b"9" * 30, b"1979-05-27", b"true", b"${", b"~(", b"*"),
        *(b"\xef\xbb\xbf", b"\xff", b"\xe2\x80\xae"),
    ]
)
GOOD = (TEXT % {"listen": "127.0.0.1:8080", "origin": "127.0.0.1:3000"}).encode()
EDIT = st.tuples(
    st.sampled_from(["delete", "double", "swap", "cut", "flip", "put"]),
    st.integers(0, len(GOOD) - 1),
    st.integers(0, 60),
    PIECES,
)


def edited(data: bytes, kind: str, at: int, length: int, piece: bytes) -> bytes:
    head, part, rest = data[:at], data[at : at + length], data[at + length :]
    return {
        "delete": head + rest,
        "double": head + part + part + rest,
        "swap": head + rest[:length] + part + rest[length:],
        "cut": head,
        "flip": head + bytes(each ^ (1 << length % 8) for each in part[:1]) + part[1:] + rest,
        "put": head + piece + rest,
    }[kind]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    good(folder)
    return folder


@given(edits=st.lists(EDIT, min_size=1, max_size=3))
def test_whatever_happens_to_a_file_is_answered_in_sentences(
    generated: Path, edits: list[tuple[str, int, int, bytes]]
) -> None:
    data = GOOD
    for kind, at, length, piece in edits:
        data = edited(data, kind, at, length, piece)
    (generated / "porch.toml").write_bytes(data)
    report = check(load(generated / "porch.toml"))
    assert not any(each in report.text for each in FOREIGN), report.text
    if report.failed:
        assert report.text.startswith(f"{generated}/")
        assert report.text.endswith("nothing was changed.")
