"""gzip, read back by another's decoder."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from porch.compress.coder import FAST, HOT, SMALL, USUAL
from porch.compress.gzip import Gzip
from tests.compress.conftest import decoded

PIECES = st.lists(st.binary(max_size=5000) | st.just(b"a") | st.just(b"lines of text\n" * 99))


@given(PIECES, st.sampled_from((FAST, USUAL, SMALL)))
def test_any_body_in_any_pieces_comes_back(pieces: list[bytes], effort: int) -> None:
    stream = Gzip().stream(effort)
    coded = b"".join([*(stream.change(each, False) for each in pieces), stream.change(b"", True)])
    assert decoded(b"gzip", coded) == b"".join(pieces)


@given(st.binary(max_size=20000), st.sampled_from((FAST, USUAL, SMALL, HOT)))
def test_any_whole_body_comes_back(body: bytes, effort: int) -> None:
    assert decoded(b"gzip", Gzip().whole(body, effort)) == body


def test_memory_is_known_for_each_effort() -> None:
    assert Gzip().name == b"gzip"
    assert all(Gzip().memory(effort) > 100_000 for effort in (FAST, USUAL, SMALL))


def test_what_is_hot_is_smaller_than_what_is_coded_while_somebody_waits() -> None:
    words = Random(1).choices([b"%d" % each for each in range(0, 99999, 7)], k=9000)
    text = b" ".join(words)
    sizes = [len(Gzip().whole(text, effort)) for effort in (FAST, USUAL, SMALL, HOT)]
    assert min(sizes) == sizes[HOT]
