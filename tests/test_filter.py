"""What a filter is before it does anything."""

import pytest

from porch.errors import IncompleteResponse
from porch.filter import SUSPEND, Filter, Response, Suspend
from porch.http.message import Trailers
from tests.support.hooks import FakeExchange, seen

PHASES = [
    *("on_begin", "on_request", "on_upstream_request", "on_upstream_response", "on_upstream_done"),
    *("on_response", "on_damaged", "on_end"),
]


@pytest.mark.parametrize("phase", PHASES)
def test_a_filter_does_nothing_of_its_own(phase: str) -> None:
    assert getattr(Filter(), phase)(seen(FakeExchange())) is None


def test_a_filter_leaves_what_stands_behind_a_body() -> None:
    behind = Trailers([(b"x-sum", b"7")])
    assert Filter().on_request_trailers(seen(FakeExchange()), behind) is None
    assert behind.fields == [(b"x-sum", b"7")]


def test_a_filter_has_no_word_for_an_answer_that_is_cut_short() -> None:
    assert Filter().on_cut(seen(FakeExchange()), IncompleteResponse()) is None


def test_a_filter_passes_data_on_as_it_is() -> None:
    data = b"data"
    assert Filter().on_request_data(seen(FakeExchange()), data) is data


def test_the_phases_are_these() -> None:
    public = {name for name in vars(Filter) if not name.startswith("_")}
    assert public == {*PHASES, "on_request_data", "on_request_trailers", "on_cut"}


def test_an_answer_is_empty_unless_said() -> None:
    answer = Response(204)
    assert (answer.status, tuple(answer.fields), answer.body) == (204, (), b"")


def test_there_is_one_way_to_suspend() -> None:
    assert isinstance(SUSPEND, Suspend)
    assert not isinstance(SUSPEND, Response)
