"""What some origin takes for the name of another cookie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.cookies import folded


@pytest.mark.parametrize(
    "name",
    [
        *(b"role", b"ROLE", b"r%6fle", b"%20role", b"role%20", b"\trole", b"role\t"),
        *(b"+role", b"%2Brole", b'"role"', b"'role'", b"role[]", b"role[x]", b"role%5bx%5D"),
        *(b"role%00", b"role%00x", b"\xa0role", b"\xc2\xa0role", b"role\xe2\x80\x83"),
        *(b"\xe3\x80\x80role", b"\xef\xbb\xbfrole"),
    ],
)
def test_these_are_role(name: bytes) -> None:
    assert folded(name) == b"role"


@pytest.mark.parametrize(
    "name",
    [b"roles", b"rol", b"role_", b"role.", b"role[", b"a[role]", b"", b"\xc2role", b"ro\xa0le"],
)
def test_these_are_not(name: bytes) -> None:
    assert folded(name) != b"role"


@pytest.mark.parametrize(
    "name", [b"my.theme", b"my theme", b"my+theme", b"my[theme", b"my_theme", b"my%2etheme"]
)
def test_php_makes_one_name_of_these(name: bytes) -> None:
    assert folded(name) == b"my_theme"


def test_php_underscores_the_space_before_a_bracket() -> None:
    assert folded(b"role [x]") == b"role_"


@given(st.text("abcXYZ019_-", max_size=12).map(str.encode))
def test_a_usual_name_is_itself_in_small_letters(name: bytes) -> None:
    assert folded(name) == name.lower()
    assert folded(b" " + name) == name.lower()
