"""A dictionary is read whole or not at all (RFC 9651)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.structured import Moment, Text, Token, dictionary, is_list


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (b"", {}),
        (b"  ", {}),
        (b"max-age=3600", {b"max-age": 3600}),
        (b"no-store", {b"no-store": True}),
        (b"foobar, max-age=3600", {b"foobar": True, b"max-age": 3600}),
        (b"a=1 \t,\t b=-2", {b"a": 1, b"b": -2}),
        (b"a=1, a=2", {b"a": 2}),
        (b"a=?0, b=?1", {b"a": False, b"b": True}),
        (b"a=1.5, b=-0.250", {b"a": 1.5, b"b": -0.25}),
        (b'a="x, \\"y\\" \\\\"', {b"a": Text(b'x, "y" \\')}),
        (b"a=to/k:en*", {b"a": Token(b"to/k:en*")}),
        (b"a=*", {b"a": Token(b"*")}),
        (b"a=:aGVsbG8=:, b=:aGVsbG8:", {b"a": b"hello", b"b": b"hello"}),
        (b"a=@1659578233", {b"a": Moment(1659578233)}),
        (b'a=%"f%c3%bc"', {b"a": Text("fü".encode())}),
        (b"a=(1 two  three), b=()", {b"a": (1, Token(b"two"), Token(b"three")), b"b": ()}),
        (b'a=( "x" );p;q=1', {b"a": (Text(b"x"),)}),
        (b'a;x=1, b=2; y="z" ;w, c=(1;p 2);q', None),
        (b'a;x=1, b=2; y="z";w, c=(1;p 2);q', {b"a": True, b"b": 2, b"c": (1, 2)}),
        (b"a=999999999999999", {b"a": 999999999999999}),
        (b"*a._-*=1", {b"*a._-*": 1}),
    ],
)
def test_dictionaries(value, members):
    assert dictionary(value) == members


@pytest.mark.parametrize(
    "value",
    [
        b"max-age=10000, &&&&&",
        b"max-age =100",
        b"max-age= 100",
        b"MaX-aGe=3600",
        b"a,",
        b"a,,b",
        b",a",
        b"a b",
        b"a=",
        b"a=1000000000000000",
        b"a=1.",
        b"a=1.1234",
        b"a=1234567890123.1",
        b"a=--1",
        b"a=-",
        b"a=?2",
        b"a=?",
        b"a=true;",
        b"a;=1",
        b"a;B",
        b'a="open',
        b'a="\\n"',
        b'a="\xc3\xbc"',
        b"a=(1 2",
        b'a=("x""y")',
        b"a=:a:b:",
        b"a=:a:",
        b"a=@1.5",
        b"a=@x",
        b'a=%"%C3%BC"',
        b'a=%"%ff"',
        b"a=\x00",
        b"1=2",
        b"a\tb",
    ],
)
def test_what_is_no_dictionary(value):
    assert dictionary(value) is None


@given(st.binary(max_size=40))
def test_nothing_raises(value):
    members = dictionary(value)
    assert members is None or isinstance(members, dict)


@given(
    st.dictionaries(
        st.from_regex(rb"[a-z*][a-z0-9_*.-]{0,5}", fullmatch=True),
        st.integers(-(10**15) + 1, 10**15 - 1),
    )
)
def test_integers_are_read_as_written(members):
    assert dictionary(b", ".join(b"%b=%d" % pair for pair in members.items())) == members


@pytest.mark.parametrize(
    "value",
    [b"a", b" a , b;x ", b'"a, b";x="(", (a "b");y=1\t,c', b'Porch; hit; ttl=-3; key="x\\"y"'],
)
def test_lists(value):
    assert is_list(value)


@pytest.mark.parametrize(
    "value", [b"", b"a,", b",a", b'"a', b"a b", b"a;", b"(a", b"\xe9", b'a;x="']
)
def test_what_is_no_list(value):
    assert not is_list(value)
