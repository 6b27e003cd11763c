"""What a filter is before it does anything."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch import clock
from porch.errors import IncompleteResponse
from porch.filter import SUSPEND, Filter, Repeated, Response, Suspend
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


def test_a_repeated_answer_says_what_another_of_its_kind_says_and_tells_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fields, asked = [(b"etag", b'"1"')], seen(FakeExchange())
    keeper: Any = SimpleNamespace(own_fields=((b"server", b"porch"),))
    asked.keeper = keeper
    repeated = Repeated(200, fields, b"hello")
    for date in (b"Mon, 23 Nov 2026 20:00:00 GMT", b"Mon, 23 Nov 2026 20:00:01 GMT"):
        monkeypatch.setattr(clock, "date", date)
        once = Response(200, fields, b"hello").head(asked)
        for _ in range(2):
            head = repeated.head(asked)
            assert (head.status, head.fields, head.length) == (200, once.fields, 5)
            assert head.known is not None
            assert head.known.fields == head.fields
            assert (b"date", date) in head.fields
            head.fields.append((b"a", b"b"))  # it is this answer's own


def test_what_is_repeated_for_a_cache_and_for_a_client_has_the_fields_of_each() -> None:
    client, fill = seen(FakeExchange()), seen(FakeExchange())
    door: Any = SimpleNamespace(own_fields=((b"server", b"porch"),))
    cache: Any = SimpleNamespace(own_fields=())
    client.keeper, fill.keeper = door, cache
    repeated = Repeated(200, (), b"hello")
    for asked in (fill, client, fill, client):
        once = Response(200, (), b"hello").head(asked)
        assert repeated.head(asked).fields == once.fields


def test_there_is_one_way_to_suspend() -> None:
    assert isinstance(SUSPEND, Suspend)
    assert not isinstance(SUSPEND, Response)
