"""Cache-Control means the same in every spelling, and what is not understood never loosens it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.directives import FOREVER, LONGEST, NONE, REMEMBERED, _remembered, cache_control
from porch.cache.entry import IMMUTABLE, MUST_REVALIDATE, NO_CACHE


def said(*lines: bytes):
    return cache_control([(b"cache-control", line) for line in lines])


def test_what_is_not_said_is_not_there():
    assert cache_control([(b"pragma", b"no-cache")]) is NONE
    assert not NONE
    assert NONE.seconds(b"max-age") is None
    assert b"no-store" not in said(b"max-age=1")


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (b"max-age=3600", 3600),
        (b"MaX-aGe=3600", 3600),
        (b"foobar, max-age=3600", 3600),
        (b",, max-age=3600 ,", 3600),
        (b"max-age=003600", 3600),
        (b'max-age="3600"', 3600),
        (b"max-age=0", 0),
        (b"max-age=2147483647", 2147483647),
        (b"max-age=2147483648", FOREVER),
        (b"max-age=2147483649", FOREVER),
        (b"max-age=99999999999", FOREVER),
        (b"max-age=" + b"9" * 400, FOREVER),
        (b"max-age=" + b"0" * 400, 0),
    ],
)
def test_seconds_are_read(line, seconds):
    assert said(line).seconds(b"max-age") == seconds


@pytest.mark.parametrize(
    "argument",
    [
        *(b"-3600", b"3600.0", b"3600.5", b"a3600", b"3600a", b"'3600'", b"", b" 3600"),
        *(b'"3600', b'"', b'"36\\00"', b"0x10", b"1e3", b"+5", b"\xb2", b"36_00"),
    ],
)
def test_invalid_seconds_are_none_at_all(argument):
    assert said(b"max-age=" + argument).seconds(b"max-age") == 0


@pytest.mark.parametrize("line", [b"max-age =3600", b"max-age", b"max-age\t= 3600"])
def test_seconds_that_are_not_where_they_belong_do_not_count(line):
    assert said(line).seconds(b"max-age") == 0


def test_a_directive_without_argument_has_the_meaning_that_is_asked_for():
    assert said(b"max-stale").seconds(b"max-stale", bare=FOREVER) == FOREVER
    assert said(b"max-stale=5").seconds(b"max-stale", bare=FOREVER) == 5


@pytest.mark.parametrize(
    "lines",
    [
        (b"max-age=1800, max-age=1",),
        (b"max-age=1, max-age=1800",),
        (b"max-age=1800", b"max-age=1"),
        (b"max-age=1", b"max-age=1800"),
    ],
)
def test_of_several_the_shortest_counts(lines):
    assert said(*lines).seconds(b"max-age") == 1


def test_an_invalid_one_among_several_makes_it_stale():
    assert said(b"max-age=1800, max-age=x").seconds(b"max-age") == 0


@pytest.mark.parametrize(
    "line",
    [
        b'extension="max-age=3600", max-age=1',
        b'max-age=1, extension="max-age=3600"',
        b'extension="a\\", max-age=3600", max-age=1',
    ],
)
def test_what_stands_in_a_quoted_string_is_no_directive(line):
    assert said(line).seconds(b"max-age") == 1


def test_no_store_in_a_quoted_string_is_not_said():
    assert b"no-store" not in said(b'ext="a, no-store, b"')


@pytest.mark.parametrize("line", [b'ext="a, no-store', b'"", " "" , no-store', b'a="\\", no-store'])
def test_a_quote_that_nothing_ends_hides_nothing(line):
    assert b"no-store" in said(line)


@pytest.mark.parametrize("line", [b"No-StOrE", b"no-store=1", b"no-store =x", b" no-store ,x"])
def test_no_store_is_heard_however_it_is_said(line):
    assert b"no-store" in said(line)


def test_the_names_of_a_limited_directive_are_read():
    both = said(b'no-cache="Set-Cookie, X-Who", max-age=60', b"private=X-Mine")
    assert both.fields(b"no-cache") == {b"set-cookie", b"x-who"}
    assert both.fields(b"private") == {b"x-mine"}
    assert both.fields(b"public") == frozenset()


def test_names_of_several_lines_add_up():
    assert said(b'private="a"', b'private="b\\c"').fields(b"private") == {b"a", b"bc"}


@pytest.mark.parametrize(
    "line", [b"private", b'private, private="a"', b'private=""', b'private="a', b'private="a b"']
)
def test_a_directive_that_is_not_limited_to_names_counts_for_all(line):
    assert said(line).fields(b"private") == frozenset()
    assert b"private" in said(line)


def test_a_value_is_read_once():
    assert said(b"max-age=77, public") is said(b"max-age=77, public")


def test_what_is_remembered_is_bounded():
    for number in range(2 * REMEMBERED):
        said(b"max-age=%d" % number)
    long = b"x" * (LONGEST + 1)
    said(long)
    assert len(_remembered) <= REMEMBERED
    assert long not in _remembered


@given(st.binary(max_size=60))
def test_nothing_raises_and_nothing_is_beyond_the_bounds(value):
    directives = said(value)
    for name in (b"max-age", b"private"):
        assert 0 <= (directives.seconds(name) or 0) <= FOREVER
        assert isinstance(directives.fields(name), frozenset)


@given(
    st.lists(
        st.sampled_from([b"public", b"max-age=60", b'x="a, b"', b"y=\x80", b'z="\\""', b"", b'"q"'])
    ),
    st.integers(0, 9),
)
def test_no_store_between_well_formed_directives_is_always_heard(members, place):
    members.insert(place, b"no-store")
    assert b"no-store" in said(b", ".join(members))
    assert b"no-store" in said(*members)


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        (b"max-age=1", 0),
        (b"no-cache", NO_CACHE),
        (b"No-CaChE, max-age=1", NO_CACHE),
        (b'no-cache="a"', 0),
        (b'no-cache="a", no-cache', NO_CACHE),
        (b"no-cache=,", NO_CACHE),
        (b"must-revalidate", MUST_REVALIDATE),
        (b"proxy-revalidate", MUST_REVALIDATE),
        (b"s-maxage=2", MUST_REVALIDATE),
        (b"s-maxage=2, no-cache", MUST_REVALIDATE | NO_CACHE),
        (b"max-age=9, immutable", IMMUTABLE),
        (b"s-maxage=2, immutable", MUST_REVALIDATE | IMMUTABLE),
    ],
)
def test_what_an_answer_makes_a_must(line, flags):
    assert cache_control([(b"cache-control", line)]).must == flags
