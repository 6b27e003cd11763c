"""The words of retries. What is wrong with them in words: golden/retries."""

from typing import Any

import pytest
from pydantic import ValidationError

from porch.config.schema import RouteModel
from porch.config.schema_retry import RetryModel


def retry(value: object) -> RetryModel:
    found = RouteModel.model_validate({"to": "a:1", "retry": value}).retry
    assert found is not None
    return found


@pytest.mark.parametrize(("value", "attempts"), [(0, 0), (False, 0), (3, 3), ({}, 2)])
def test_a_number_is_that_of_attempts(value: object, attempts: int) -> None:
    assert retry(value) == RetryModel(attempts=attempts)


def test_durations_are_seconds() -> None:
    found = retry({"each": "2s", "total": "10s", "backoff": "50ms", "hedge": "200ms"})
    assert (found.each, found.total, found.backoff, found.hedge) == (2, 10, 0.05, 0.2)
    assert retry({"hedge": "p95"}).hedge == "p95"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"on": [200]}, "greater than or equal to 400"),
        ({"on": [600]}, "less than or equal to 599"),
        ({"hedge": "0s"}, "double the load"),
        ({"hedge": "p50"}, "a duration is"),
        ({"each": "0s"}, "more than nothing"),
        ({"attempts": 0, "each": "1s", "on": [503]}, "remove 'each', 'on'"),
        ({"each": "9s", "total": "9s"}, "'each' is not shorter than 'total'"),
        ({"hedge": "9s", "total": "1s"}, "'hedge' is not shorter than 'total'"),
    ],
)
def test_nonsense_is_refused(words: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        retry(words)
