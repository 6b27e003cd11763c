"""The models: what each word may be, and what it is read as."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from porch.config import schema
from porch.config.schema import (
    TOP_ONLY,
    ConfigModel,
    LimitsModel,
    RouteModel,
    RouteWords,
    SiteModel,
    TimeoutsModel,
)
from porch.route.route import Limits, Timeouts


def route(**words: Any) -> RouteModel:
    return RouteModel.model_validate({"to": "a:1", **words})


def config(**words: Any) -> ConfigModel:
    return ConfigModel.model_validate(words)


MODELS = [
    each for each in vars(schema).values() if isinstance(each, type) and issubclass(each, BaseModel)
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_word_is_described(model):
    assert model.__doc__
    assert all(field.description for field in model.model_fields.values())
    assert not any("Default" in (field.description or "") for field in model.model_fields.values())


def test_every_timeout_and_limit_of_a_route_is_a_word():
    assert set(TimeoutsModel.model_fields) == set(Timeouts.__dataclass_fields__)
    assert set(LimitsModel.model_fields) == set(Limits.__dataclass_fields__)
    assert set(TOP_ONLY["timeouts"]) < set(TimeoutsModel.model_fields)
    assert set(TOP_ONLY["limits"]) < set(LimitsModel.model_fields)


def test_words_of_a_route_stand_in_a_site_and_at_the_top_too():
    for model in (RouteModel, SiteModel, ConfigModel):
        assert issubclass(model, RouteWords)


@pytest.mark.parametrize(
    ("value", "count"), [(False, 0), (0, 0), (3, 3), ({"attempts": 2}, 2), ({"attempts": 0}, 0)]
)
def test_retry_is_a_number_false_or_a_table(value, count):
    assert route(retry=value).retry.attempts == count


@pytest.mark.parametrize(
    ("value", "protocols"),
    [(False, []), (True, ["websocket"]), ("foo/1", ["foo/1"]), (["a", "B"], ["a", "B"]), ([], [])],
)
def test_upgrade_is_a_list_a_text_or_false(value, protocols):
    assert route(upgrade=value).upgrade == protocols


@pytest.mark.parametrize("value", ["h2c", "H2C", "h2", ["websocket", "h3"], "a b", "", "a/b/c"])
def test_upgrade_takes_no_http_and_no_odd_names(value):
    with pytest.raises(ValidationError):
        route(upgrade=value)


@pytest.mark.parametrize(
    ("value", "request_fields", "response_fields", "secure"),
    [
        ("secure", {}, {}, True),
        ({"secure": True}, {}, {}, True),
        ({"X-A": "b"}, {}, {"X-A": "b"}, None),
        ({"X-A": False, "secure": False}, {}, {"X-A": False}, False),
        ({"secure": "text"}, {}, {"secure": "text"}, None),
        ({"request": {"X-A": ["b", "c"]}}, {"X-A": ["b", "c"]}, {}, None),
        ({"request": {}, "response": {"X-A": "b"}, "secure": True}, {}, {"X-A": "b"}, True),
        ({}, {}, {}, None),
    ],
)
def test_headers_are_a_word_a_flat_table_or_two_tables(
    value, request_fields, response_fields, secure
):
    headers = route(headers=value).headers
    assert headers is not None
    assert headers.request == request_fields
    assert headers.response == response_fields
    assert headers.secure is secure


@pytest.mark.parametrize(
    ("value", "logs"),
    [
        (True, [("stdout", None)]),
        (False, []),
        ("json", [("stdout", "json")]),
        ("stderr", [("stderr", None)]),
        ("file:/var/log/a", [("file:/var/log/a", None)]),
        ({"to": "file:/a", "format": "combined"}, [("file:/a", "combined")]),
        (["pretty", {"to": "file:/a"}], [("stdout", "pretty"), ("file:/a", None)]),
    ],
)
def test_log_has_many_forms(value, logs):
    assert [(each.to, each.format) for each in config(log=value).log] == logs


@pytest.mark.parametrize(
    "value", ["jsn", "file:", 5, [5], {"to": "stdot"}, {"format": "xml"}, ["json", "x"], {"x": 1}]
)
def test_log_has_no_other_form(value):
    with pytest.raises(ValidationError):
        config(log=value)


@pytest.mark.parametrize("value", ["porch", "Front door/1.0", True, False])
def test_a_name_in_a_field_is_plain(value):
    assert config(server=value).server == value
    assert route(via=value).via == value


@pytest.mark.parametrize("value", ["", " porch", "a\tb", "a\r\nX: y", "ä", 5])
def test_a_name_in_a_field_is_nothing_else(value):
    with pytest.raises(ValidationError):
        config(server=value)


@pytest.mark.parametrize("word", ["connect", "head", "response", "idle", "keep_alive", "tunnel"])
def test_a_timeout_of_nothing_is_refused(word):
    with pytest.raises(ValidationError, match="more than nothing"):
        route(timeouts={word: "0s"})


def test_nothing_is_fine_where_it_means_at_once():
    assert route(timeouts={"upstream_idle": "0s", "half_close": "0s"}).timeouts is not None
    assert config(grace="0s").grace == 0
    assert route(limits={"body": "0B"}).limits is not None


@pytest.mark.parametrize(
    "words",
    [
        {"watch": 1},
        {"debug": "true"},
        {"workers": True},
        {"workers": "1"},
        {"workers": 0},
        {"limits": {"fields": True}},
        {"grace": 30},
    ],
)
def test_nothing_is_taken_for_something_else(words):
    with pytest.raises(ValidationError):
        config(**words)


def test_a_model_cannot_be_changed():
    with pytest.raises(ValidationError):
        route().strip = True


def test_durations_and_sizes_are_read_as_seconds_and_bytes():
    found = route(timeouts={"idle": "5m"}, limits={"body": "1MB"})
    assert found.timeouts is not None
    assert found.timeouts.idle == 300
    assert found.limits is not None
    assert found.limits.body == 1 << 20
