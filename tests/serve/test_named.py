"""What a path names, and what it never does."""

from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.errors import BadRequest
from porch.route.paths import readings
from porch.serve.file_errors import NoFile
from porch.serve.named import can_be_asked, is_hidden, named


@pytest.mark.parametrize(
    ("path", "names", "is_folder"),
    [
        (b"/", (), True),
        (b"/a.css", (b"a.css",), False),
        (b"/a/b.css", (b"a", b"b.css"), False),
        (b"/a/", (b"a",), True),
        (b"/a/.", (b"a",), True),
        (b"/./a", (b"a",), False),
        (b"//a///b", (b"a", b"b"), False),
        (b"/%61%20b", (b"a b",), False),
        (b"/caf%C3%A9", b"caf\xc3\xa9", False),
        (b"/%2561", (b"%61",), False),
        (b"/a;b=c", (b"a;b=c",), False),
        (b"/a...", (b"a...",), False),
        (b"/100%", (b"100%",), False),
        (b"/%c0%ae%c0%ae/a", (b"\xc0\xae\xc0\xae", b"a"), False),
        (b"/.well-known/x", (b".well-known", b"x"), False),
    ],
)
def test_a_path_is_decoded_once(path: bytes, names: tuple[bytes, ...] | bytes, is_folder: bool):
    wanted = (names,) if isinstance(names, bytes) else names
    assert named(path) == (wanted, is_folder)


@pytest.mark.parametrize(
    "path",
    [
        *(b"/..", b"/a/../b", b"/%2e%2e/a", b"/.%2E/a", b"/..%2fa", b"/a%2F..%2f..", b"/..\\a"),
        *(b"/..%5ca", b"/..;/a", b"/a/..;x=y/b", b"/%2e%2e%5c%2e%2e", b"/a/%2e%2e"),
    ],
)
def test_whoever_climbs_is_refused(path: bytes):
    with pytest.raises(BadRequest):
        named(path, hidden=True)


@pytest.mark.parametrize("path", [b"/a%2fb", b"/a%2Fb", b"/a%5Cb", b"/a\\b", b"/a%00.css", b"/%00"])
def test_no_file_has_a_slash_or_zero_in_its_name(path: bytes):
    with pytest.raises(NoFile):
        named(path)


@pytest.mark.parametrize("path", [b"/.env", b"/.git/config", b"/a/.htpasswd", b"/%2eenv", b"/..."])
def test_names_with_a_dot_before_them_are_hidden(path: bytes):
    with pytest.raises(NoFile):
        named(path)
    assert named(path, hidden=True).names


PIECES = st.sampled_from(
    [
        b"/",
        b".",
        b"..",
        b"%2e",
        b"%2E",
        b"%2f",
        b"%5c",
        b"\\",
        b"a",
        b";",
        b"%00",
        b"%",
        b"%61",
        b" ",
    ]
)


@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_no_name_leads_anywhere_and_all_are_of_one_reading(rest: bytes):
    path = b"/" + rest
    try:
        names, is_folder = named(path, hidden=True)
    except (BadRequest, NoFile):
        return
    for each in names:
        assert each not in (b"", b".", b"..")
        assert not set(b"/\\\0") & set(each)
    quoted = b"/" + b"/".join(names) + (b"/" if is_folder and names else b"")
    assert quoted in [unquote_to_bytes(each) for each in readings(path)]


def test_hidden_is_what_has_a_dot_before_it_but_for_one_name() -> None:
    assert is_hidden([b"a", b".git", b"b"])
    assert not is_hidden([b"a.b", b".well-known"])
    assert not is_hidden([])


@pytest.mark.parametrize("name", [b"back\\slash", b"a", b"%", b"\xff", b"a?b#c"])
def test_what_can_be_asked_has_a_path(name: bytes) -> None:
    path = b"/" + quote(name).encode()
    if can_be_asked(name):
        assert named(path).names == (name,)
    else:
        with pytest.raises(NoFile):
            named(path)
