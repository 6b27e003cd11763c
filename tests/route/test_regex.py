"""Regular expressions: compiled over bytes, and told apart by how they begin."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.route.regex import compile_regex, literal_start, may_overlap


def test_a_regex_is_over_bytes() -> None:
    match = compile_regex(r"/users/(\d+)").match(b"/users/42")
    assert match is not None
    assert match[1] == b"42"


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "is empty"), ("(", "missing"), ("a{2,1}", "is not a regex: "), ("*", "repeat")],
)
def test_what_is_no_regex_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        compile_regex(text)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("/users/", "/users/"),
        ("^/users/", "/users/"),
        (r"/users/(\d+)", "/users/"),
        (r"/a\.b", "/a.b"),
        (r"/a\d", "/a"),
        ("/ab?", "/a"),
        ("/ab*c", "/a"),
        ("/ab+c", "/ab"),
        ("/ab{0,2}", "/a"),
        ("/a[bc]", "/a"),
        ("/a$", "/a"),
        ("/a|/b", ""),
        ("/a(b|c)", "/a"),
        (r"/a\|b", "/a|b"),
        ("/a[|]b", "/a"),
        ("/a[(]b|c", ""),
        (r"/a[]|(]b|c", ""),
        (r"/a\(b|c", ""),
        ("(?i)/a", ""),
        (".*", ""),
    ],
)
def test_the_literal_start_is_what_every_match_begins_with(text: str, start: str) -> None:
    assert literal_start(compile_regex(text)) == start


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        (r"/users/\d+", r"/posts/\d+", False),
        (r"/users/\d+", r"/users/[a-z]+", True),
        ("/a", "/ab", True),
        (".*", "/a", True),
        ("/a|/b", "/c", True),
    ],
)
def test_two_regexes_overlap_unless_they_begin_differently(one: str, other: str, may: bool) -> None:
    assert may_overlap(compile_regex(one), compile_regex(other)) is may
    assert may_overlap(compile_regex(other), compile_regex(one)) is may


PIECES = [
    "a",
    "b",
    "/",
    ".",
    "?",
    "*",
    "+",
    "|",
    "(",
    ")",
    "[ab]",
    "[(|]",
    "\\.",
    "^",
    "$",
    "(?:a)",
]
regexes = st.lists(st.sampled_from(PIECES), min_size=1).map("".join)


@given(regexes, st.text("ab/.|("))
def test_no_match_begins_otherwise(source: str, text: str) -> None:
    try:
        regex = compile_regex(source)
    except ValueError:
        return
    if regex.match(text.encode()) is not None:
        assert text.startswith(literal_start(regex))


def test_a_regex_is_not_anchored_at_its_end() -> None:
    assert compile_regex("/a").match(b"/ab") is not None
    assert compile_regex("/a$").match(b"/ab") is None
    assert isinstance(compile_regex("/a"), re.Pattern)
