import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.codec import (
    answer_decoder,
    assert_split_anywhere,
    events,
    request_decoder,
)
from tests.support.messages import ANSWERS, REQUESTS


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_means_the_same_however_it_is_cut(name: str) -> None:
    assert_split_anywhere(request_decoder, *REQUESTS[name])


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_means_the_same_however_it_is_cut(name: str) -> None:
    assert_split_anywhere(answer_decoder, *ANSWERS[name])


def cuts(message: bytes) -> st.SearchStrategy[list[bytes]]:
    """A message in pieces of any sizes."""

    def cut(at: set[int]) -> list[bytes]:
        ends = [*sorted(at), len(message)]
        return [message[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]

    return st.sets(st.integers(1, len(message) - 1), max_size=12).map(cut)


@given(st.data())
def test_a_pipeline_means_the_same_in_any_pieces(draw: st.DataObject) -> None:
    names = draw.draw(st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=4))
    message = b"".join(REQUESTS[name][0] for name in names)
    expected = [event for name in names for event in REQUESTS[name][1]]
    assert events(request_decoder(), draw.draw(cuts(message))) == expected


@given(st.data())
def test_answers_mean_the_same_in_any_pieces(draw: st.DataObject) -> None:
    names = draw.draw(st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=4))
    message = b"".join(ANSWERS[name][0] for name in names)
    expected = [event for name in names for event in ANSWERS[name][1]]
    assert events(answer_decoder(), draw.draw(cuts(message))) == expected
