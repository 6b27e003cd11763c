"""Paths of a document: which of them a path is."""

import time

import pytest

from porch.shield.openapi_paths import Paths

TEMPLATES = (
    "/",
    "/pets",
    "/pets/",
    "/pets/mine",
    "/pets/{id}",
    "/pets/{id}/toys/{toy}",
    "/pets/mine/toys",
    "/files/{name}.{kind}",
    "/files/{name}",
    "/from/{a}-{b}/x",
    "/{any}/deep/{way}",
    "/café/%7e",
)


@pytest.fixture
def paths() -> Paths[str]:
    made: Paths[str] = Paths()
    for each in TEMPLATES:
        made.add(each, each)
    return made


@pytest.mark.parametrize(
    ("path", "template", "values"),
    [
        (b"/", "/", {}),
        (b"/pets", "/pets", {}),
        (b"/pets/", "/pets/", {}),
        (b"/%70ets", "/pets", {}),
        (b"/pets/mine", "/pets/mine", {}),
        (b"/pets/min%65", "/pets/mine", {}),
        (b"/pets/7", "/pets/{id}", {"id": b"7"}),
        (b"/pets/a%2Fb", "/pets/{id}", {"id": b"a%2Fb"}),
        (b"/pets/mine/toys", "/pets/mine/toys", {}),
        (b"/pets/mine/toys/3", "/pets/{id}/toys/{toy}", {"id": b"mine", "toy": b"3"}),
        (b"/files/a.b.c", "/files/{name}.{kind}", {"name": b"a.b", "kind": b"c"}),
        (b"/files/abc", "/files/{name}", {"name": b"abc"}),
        (b"/files/.c", "/files/{name}", {"name": b".c"}),
        (b"/from/1-2/x", "/from/{a}-{b}/x", {"a": b"1", "b": b"2"}),
        (b"/pets/deep/9", "/{any}/deep/{way}", {"any": b"pets", "way": b"9"}),
        (b"/caf%c3%a9/~", "/café/%7e", {}),
    ],
)
def test_what_is_written_out_goes_before_a_name(
    paths: Paths[str], path: bytes, template: str, values: dict[str, bytes]
) -> None:
    assert paths.find(path) == (template, template, values)


@pytest.mark.parametrize(
    "path",
    [
        b"/Pets",
        b"/pets/7/",
        b"/pets//",
        b"/pets/7/toys/",
        b"//",
        b"",
        b"*",
        b"/files/",
        b"/from/1/x",
    ],
)
def test_another_path_is_none_of_them(paths: Paths[str], path: bytes) -> None:
    assert paths.find(path) is None


@pytest.mark.parametrize(
    ("template", "part"),
    [
        ("pets", "begins with /"),
        ("/pets", "'/pets' is the same path"),
        ("/pets/{other}", "'/pets/{id}' is the same path"),
        ("/a/{b}/{b}", "a name stands twice"),
        ("/a{b", "brace"),
        ("/a/{}", "brace"),
        ("/a?b", "a ?"),
        ("/a b", "white space"),
        ("/a/%zz", "%"),
    ],
)
def test_what_is_no_path_is_told(paths: Paths[str], template: str, part: str) -> None:
    with pytest.raises(ValueError, match=part.replace("?", r"\?").replace("{", r"\{")):
        paths.add(template, "x")


def test_a_look_takes_no_longer_than_there_are_paths() -> None:
    made: Paths[int] = Paths()
    for number in range(2**8):  # each segment is written out or a name
        bits = f"{number:08b}"
        way = (f"/{{n{at}}}" if bit == "1" else "/a" for at, bit in enumerate(bits))
        made.add("".join(way) + "/end", number)
    began = time.thread_time()
    assert made.find(b"/a" * 8 + b"/none") is None
    assert made.find(b"/a" * 8 + b"/end") == (0, "/a" * 8 + "/end", {})
    assert time.thread_time() - began < 0.1
    hard: Paths[int] = Paths()
    hard.add("/{a}-{b}-{c}-{d}x", 1)
    assert hard.find(b"/" + b"-" * 60_000) is None
    assert time.thread_time() - began < 1
