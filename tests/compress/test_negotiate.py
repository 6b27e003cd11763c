"""Which coding a client is sent, over all that it may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.compress.negotiate import asked, chosen, takes
from porch.http.accept_encoding import LONGEST

OURS = (b"zstd", b"gzip", b"br")
PARTS = [b"gzip", b"br", b"zstd", b"*", b"identity", b";q=", b"0", b"1", b".5", b",", b" ", b";"]


@pytest.mark.parametrize(
    ("said", "coding"),
    [
        (None, None),
        (b"", None),
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"gzip, deflate, br", b"gzip"),
        (b"br", b"br"),
        (b"deflate, compress", None),
        (b"*", b"zstd"),
        (b"*;q=0", None),
        (b"zstd;q=0, *", b"gzip"),
        (b"gzip;q=0.5, br;q=0.8", b"br"),
        (b"gzip;q=0.001", b"gzip"),
        (b"gzip;q=0", None),
        (b"gzip;q=0.5, identity", None),
        (b"gzip;q=0.5, identity;q=0.5", b"gzip"),
        (b"identity;q=0, gzip", b"gzip"),
        (b"identity;q=0", None),
        (b"X-GZIP", b"gzip"),
        (b"gzip ; Q=0.7 , br ; q = 0.6", b"gzip"),
        (b"gzip;q=2, br;q=0.1", b"br"),
        (b"gzip;q=abc", None),
        (b"gzip, gzip;q=0", None),
        (b",,;;,gzip,", b"gzip"),
    ],
)
def test_the_coding_is_the_one_that_the_client_wants_and_we_like_best(
    said: bytes | None, coding: bytes | None
) -> None:
    assert chosen(said, OURS) == coding


def test_the_lines_of_a_field_are_one() -> None:
    fields = [(b"accept-encoding", b"gzip"), (b"a", b"b"), (b"accept-encoding", b"br;q=0")]
    assert asked(fields) == b"gzip,br;q=0"
    assert asked([(b"a", b"gzip")]) is None


def test_what_is_too_long_is_read_up_to_the_last_whole_member() -> None:
    long = b"br," + b"x," * LONGEST + b"zstd"
    assert chosen(long, OURS) == b"br"
    assert chosen(b"gzip" * LONGEST, OURS) is None


@pytest.mark.parametrize(
    ("said", "coding", "yes"),
    [
        (None, b"gzip", True),
        (b"", b"gzip", False),
        (b"", b"identity", True),
        (b"gzip", b"x-gzip", True),
        (b"*", b"br", True),
        (b"*;q=0", b"identity", False),
        (b"identity;q=0", b"identity", False),
        (b"br;q=0, *", b"br", False),
    ],
)
def test_whether_a_client_reads_a_coding(said: bytes | None, coding: bytes, yes: bool) -> None:
    assert takes(said, coding) == yes


@given(st.lists(st.sampled_from(PARTS)).map(b"".join) | st.binary(max_size=200))
def test_rubbish_raises_nothing_and_a_coding_that_is_refused_is_never_sent(said: bytes) -> None:
    coding = chosen(said, OURS)
    assert coding in (*OURS, None)
    if coding is not None:
        assert takes(said, coding)
