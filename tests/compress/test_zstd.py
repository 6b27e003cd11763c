"""zstd, read back by another's decoder."""

import zstandard
from hypothesis import given
from hypothesis import strategies as st

from porch.compress.coder import FAST, HOT, SMALL, USUAL
from porch.compress.zstd import Zstd
from tests.compress.conftest import decoded

PIECES = st.lists(st.binary(max_size=5000) | st.just(b"a") | st.just(b"lines of text\n" * 99))


@given(PIECES, st.sampled_from((FAST, USUAL, SMALL)))
def test_any_body_in_any_pieces_comes_back(pieces: list[bytes], effort: int) -> None:
    stream = Zstd().stream(effort)
    coded = b"".join([*(stream.change(each, False) for each in pieces), stream.change(b"", True)])
    assert decoded(b"zstd", coded) == b"".join(pieces)


@given(st.binary(max_size=20000), st.sampled_from((FAST, USUAL, SMALL, HOT)))
def test_any_whole_body_comes_back(body: bytes, effort: int) -> None:
    assert decoded(b"zstd", Zstd().whole(body, effort)) == body


def test_memory_is_known_for_each_effort() -> None:
    assert Zstd().name == b"zstd"
    assert all(Zstd().memory(effort) > 100_000 for effort in (FAST, USUAL, SMALL))


def test_a_context_serves_again_when_its_stream_has_ended() -> None:
    coder = Zstd()
    one, other = coder.stream(USUAL), coder.stream(USUAL)
    pieces = [one.change(b"abc" * 9, False), other.change(b"xyz" * 9, False)]
    pieces = [pieces[0] + one.change(b"", True), pieces[1] + other.change(b"", True)]
    assert [decoded(b"zstd", each) for each in pieces] == [b"abc" * 9, b"xyz" * 9]
    again = coder.stream(USUAL)
    assert decoded(b"zstd", again.change(b"new", True)) == b"new"


def test_one_that_was_given_up_is_not_used_again() -> None:
    coder = Zstd()
    coder.stream(USUAL).change(b"secret", False)
    again = coder.stream(USUAL).change(b"new", True)
    assert decoded(b"zstd", again) == b"new"


def test_no_window_is_larger_than_browsers_have() -> None:
    """RFC 9659 3."""
    text = b"".join(b"%d" % each for each in range(2_000_000))
    for coded in (Zstd().whole(text, USUAL), Zstd().stream(SMALL).change(text, True)):
        assert zstandard.get_frame_parameters(coded).window_size <= 8 << 20
    assert HOT > SMALL > USUAL > FAST
