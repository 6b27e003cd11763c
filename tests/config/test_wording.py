"""pydantic's findings in our words; the golden files have the sentences of whole files."""

import datetime

import pytest
from pydantic import BaseModel, ValidationError

from porch.config.schema import (
    ConfigModel,
    ExpectModel,
    PoolModel,
    RouteModel,
    SiteModel,
)
from porch.config.wording import Finding, findings, shown


def found(kind: type[BaseModel], table: object) -> list[Finding]:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(table)
    return findings(caught.value, table, kind)


def texts(kind: type[BaseModel], table: object) -> list[str]:
    return [each.text for each in found(kind, table)]


@pytest.mark.parametrize(
    ("kind", "table", "sentence"),
    [
        (ConfigModel, {"lisen": 1}, "unknown option 'lisen' at the top; did you mean 'listen'?"),
        (RouteModel, {"to": "a", "helth": 1}, "unknown option 'helth' for a route; did you mean"),
        (SiteModel, {"crt": 1}, "unknown option 'crt' for a site; did you mean 'cert'?"),
        (PoolModel, {"servers": "a", "x": 1}, "unknown option 'x' for a pool"),
        (ExpectModel, {"sendz": 1}, "unknown option 'sendz' for an expect row; did you mean"),
        (RouteModel, {"to": {"to": "a", "wait": 1}}, "unknown option 'wait' for a target; did"),
        (RouteModel, {"to": "a", "tls": {"verfy": 1}}, "unknown option 'verfy' for tls; did you"),
        (RouteModel, {"to": "a", "listen": 1}, "'listen' stands at the top of the file"),
        (RouteModel, {"to": "a", "cert": 1}, "'cert' is a word of a site"),
        (SiteModel, {"strip": 1}, "'strip' is a word of a route"),
        (RouteModel, {"to": "a", "idle": 1}, "'idle' is a word of timeouts"),
        (RouteModel, {"to": "a", "timeouts": {"body": 1}}, "'body' is a word of limits"),
        (ConfigModel, {"a.test": {}}, '"a.test" is a key of [routes]; write it there'),
        (ConfigModel, {"*": "a:1"}, '"*" is a key of [routes]; write it there'),
        (RouteModel, {}, "'to' is missing: a route needs it"),
        (PoolModel, {}, "'servers' is missing: a pool needs it"),
        (RouteModel, {"to": [{"weight": 1}]}, "'to' is missing here"),
        (RouteModel, 5, "a route is a target in quotes, a list of them or a table, not 5"),
        (PoolModel, ["a:1"], "a pool is a table, not a list"),
        (RouteModel, {"to": "a", "strip": 1}, "'strip' is 1; it must be true or false"),
        (RouteModel, {"to": "a", "balance": "rr"}, '\'balance\' is "rr"; it must be "least-'),
        (RouteModel, {"to": "a", "timeouts": {"idle": 5}}, "'idle' is 5; a duration is a number"),
        (RouteModel, {"to": "a", "upgrade": ["h2c"]}, "'upgrade': h2c is never switched to"),
    ],
)
def test_each_mistake_has_one_sentence(kind, table, sentence):
    said = texts(kind, table)
    assert len(said) == 1
    assert said[0].startswith(sentence)


def test_a_word_that_was_meant_to_be_the_missing_one_is_one_mistake():
    assert texts(RouteModel, {"target": "a:1"}) == [
        "unknown option 'target' for a route; did you mean 'to'?"
    ]
    assert len(texts(RouteModel, {"xyzzy": "a:1"})) == 2


def test_several_mistakes_have_several_sentences_each_in_its_place():
    table = {
        "to": [{"to": 5, "wieght": 1}, 5],
        "timeouts": {"idle": 1, "conect": 1},
        "headers": {"request": {"a": 5}, "X-B": "b"},
    }
    assert {each.path for each in found(RouteModel, table)} == {
        ("to", 0, "to"),
        ("to", 0, "wieght"),
        ("to", 1),
        ("timeouts", "idle"),
        ("timeouts", "conect"),
        ("headers", "request", "a"),
        ("headers", "X-B"),
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (5, "5"),
        (0.5, "0.5"),
        ("x", '"x"'),
        ("x" * 100, f'"{"x" * 60}…"'),
        ({}, "a table"),
        ([], "a list"),
        (datetime.date(1979, 5, 27), "a date or time"),
        (datetime.time(7, 32), "a date or time"),
        (object(), "a Python object"),
        (None, "a Python NoneType"),
        (b"x", "a Python bytes"),
    ],
)
def test_a_value_is_shown_as_it_was_written(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    "auth",
    [
        {"basic": "ann:s3cret"},
        {"keys": "s3cret"},
        {"forward": "http://ann:s3cret@x/"},
        {"jwt": {"jwks": "x:/?token=s3cret"}},
    ],
)
def test_what_may_be_a_secret_is_not_repeated(auth: dict[str, object]) -> None:
    said = "\n".join(texts(RouteModel, {"to": "a", "auth": auth}))
    assert "': " in said
    assert "s3cret" not in said
