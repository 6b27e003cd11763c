"""The words of changes that are made with care."""

from typing import Any

import pytest
from pydantic import ValidationError

from porch.config.schema import RouteModel


def route(**words: Any) -> RouteModel:
    return RouteModel.model_validate({"to": ":1"} | words)


def test_maintenance_is_true_false_or_a_table() -> None:
    assert route().maintenance is None
    assert route(maintenance=False).maintenance is False
    for written in (True, {}):
        made = route(maintenance=written).maintenance
        assert made
        assert (made.page, made.retry_after, made.allow) == (None, None, [])
    made = route(maintenance={"retry_after": "5m", "allow": "10.0.0.0/8"}).maintenance
    assert made
    assert (made.retry_after, made.allow) == (300, ["10.0.0.0/8"])


def test_a_canary_has_a_share_in_percent() -> None:
    made = route(canary={"to": "a:1", "share": "5%"}).canary
    assert made is not None
    assert (made.to, made.share, made.sticky) == (["a:1"], 0.05, True)
    assert route(mirror={"to": ["a:1", "a:2"]}).mirror.share == 1.0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "words",
    [
        {"maintenance": "on"},
        {"maintenance": {"retry_after": "0s"}},
        {"maintenance": {"retry": "5m"}},
        {"canary": "5%"},
        {"canary": {"share": "5%"}},
        {"canary": {"to": "a:1", "share": 5}},
        {"canary": {"to": "a:1", "share": "101%"}},
        {"canary": {"to": "a:1", "share": "-1%"}},
        {"canary": {"to": "a:1", "share": "5%", "abort_if": "errors"}},
        {"mirror": {"to": "a:1", "share": 0.1}},
    ],
)
def test_nonsense_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        route(**words)
