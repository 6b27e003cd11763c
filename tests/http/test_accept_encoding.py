"""Which codings a client takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.accept_encoding import LONGEST, in_order, weights

OURS = (b"br", b"zstd", b"gzip")


@pytest.mark.parametrize(
    ("accept", "order"),
    [
        (None, ()),
        (b"", ()),
        (b"gzip", (b"gzip",)),
        (b"gzip, deflate, br, zstd", OURS),
        (b"gzip;q=1.0, br;q=0.5", (b"gzip", b"br")),
        (b"br;q=0, *", (b"zstd", b"gzip")),
        (b"*", OURS),
        (b"*;q=0", ()),
        (b"identity", ()),
        (b"identity;q=0", ()),
        (b"identity, gzip", (b"gzip",)),
        (b"identity, gzip;q=0.5", ()),
        (b"GZIP;Q=0.3", (b"gzip",)),
        (b"x-gzip", (b"gzip",)),
        (b"gzip;q=2", ()),
        (b"gzip;q=", ()),
        (b"gzip;q=0.5555", ()),
        (b"gzip;q=0.001", (b"gzip",)),
        (b"br;q=1, br;q=0", ()),
        (b",;,gzip ; q = 0.5", (b"gzip",)),
    ],
)
def test_what_is_wanted_most_comes_first(accept: bytes | None, order: tuple[bytes, ...]):
    assert in_order(accept, OURS) == order


def test_what_is_said_is_read_to_a_bound_and_no_name_is_cut():
    assert b"gzip" not in weights(b"x" * LONGEST + b",gzip")
    assert list(weights(b"br," * 400 + b"gzip")) == [b"br"]
    assert weights(b"a" * (LONGEST - 2) + b",gzip") == {b"a" * (LONGEST - 2): 1000}


@given(st.binary(max_size=60))
def test_nothing_breaks_it(accept: bytes):
    found = in_order(accept, OURS)
    assert set(found) <= set(OURS)
    assert all(0 <= each <= 1000 for each in weights(accept).values())
