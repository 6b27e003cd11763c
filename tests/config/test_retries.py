"""What `retry` builds, and what it is called."""

import pytest

from porch.balance.hedge import Hedge, HedgedRetry
from porch.balance.patience import Patience
from porch.balance.refused_answers import RefusedAnswers
from porch.balance.roster import Roster
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.retries import retrying
from porch.config.schema_retry import RetryModel
from porch.config.state import State
from porch.route.retry import BACKOFF


def made(**words: object) -> tuple[object, list[type]]:
    retry, filters = retrying(RetryModel.model_validate(words), Roster("pool"))
    return retry, [type(each) for each in filters]


def test_what_is_not_said_costs_nothing() -> None:
    retry, filters = retrying(RetryModel(), Roster("pool"))
    assert filters == []
    assert (retry.attempts, retry.total, retry.backoff) == (2, float("inf"), BACKOFF)


def test_each_word_has_its_filter_and_refused_answers_come_first() -> None:
    assert made(on=[503])[1] == [RefusedAnswers]
    assert made(each="1s")[1] == made(total="1s")[1] == [Patience]
    retry, filters = made(on=[503], each="1s", hedge="p95")
    assert filters == [RefusedAnswers, Patience, Hedge]
    assert isinstance(retry, HedgedRetry)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({}, "up to 2 further endpoints"),
        ({"attempts": 0}, "none: one attempt is all"),
        ({"attempts": 1, "on": [503, 502]}, "up to 1 further endpoint, on 502, 503 too"),
        ({"each": "2s", "total": "10s"}, "up to 2 further endpoints, each 2s, all 10s"),
        (
            {"hedge": "200ms"},
            "up to 2 further endpoints, a second beside a first that takes 200ms",
        ),
        (
            {"hedge": "p95"},
            "up to 2 further endpoints, a second beside a first that is slower than 95 % of "
            "the latest",
        ),
    ],
)
def test_it_is_said_in_words(words: dict[str, object], text: str) -> None:
    assert retrying(RetryModel.model_validate(words), Roster("pool"))[0].text == text


def test_a_route_that_forwards_has_it_and_the_workers_share_the_floor() -> None:
    state = State()
    state.workers = 4
    table = {"a.test": {"to": ["a:1", "a:2"], "retry": {"on": [503]}}, "b.test": "respond:404"}
    built = build(load_mapping({"listen": ":80", "routes": table}), state)
    assert built is not None
    forwards, answers = (each.route for each in built.entries)
    assert forwards.retry.text == "up to 2 further endpoints, on 503 too"
    assert len(forwards.plan.on_upstream_response) == 1
    assert answers.plan.on_upstream_response == ()
    assert forwards.destination is not None
    assert forwards.destination.budget.workers == 4  # type: ignore[attr-defined]
