"""A comma in a quoted string ends no member, and a quote that nothing ends hides no comma."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.lists import pieces


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"", [b""]),
        (b"a", [b"a"]),
        (b" a ,\tb,c ", [b"a", b"b", b"c"]),
        (b",a,,", [b"", b"a", b"", b""]),
        (b'a="x, y" , b', [b'a="x, y"', b"b"]),
        (b'"a\\", b", c', [b'"a\\", b"', b"c"]),
        (b'"a, b', [b'"a', b"b"]),
        (b'"a", "b, c', [b'"a"', b'"b', b"c"]),
    ],
)
def test_pieces(value, found):
    assert pieces(value) == found


def test_quotes_cost_no_more_than_their_length():
    before = perf_counter()
    assert len(pieces(b'"' + b'\\"' * 50_000)) == 1
    assert perf_counter() - before < 2  # the square of it would take minutes


@given(st.lists(st.sampled_from([b"a", b'"b, c"', b'd="\\""', b"", b"\xff"]), min_size=1))
def test_what_is_joined_is_parted(members):
    assert pieces(b" , ".join(members)) == members
