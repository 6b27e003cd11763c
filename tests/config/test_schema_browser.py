"""The words about browsers: how they are written, and what is refused."""

from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.config.schema_browser import CookiesModel, CorsModel, CspModel, CsrfModel, read_policy


def read(**words: Any) -> Any:
    """The model of a route with these words."""
    loaded = load_mapping({"routes": {"a.test": {"to": ":1", **words}}}, "porch.toml")
    assert loaded.ok, loaded.report()
    return loaded.routes[0].model


def refusal(**words: Any) -> str:
    return load_mapping({"routes": {"a.test": {"to": ":1", **words}}}, "porch.toml").report()


def test_cors_is_origins_or_a_table() -> None:
    assert read(cors="*").cors == read(cors=["*"]).cors == CorsModel(origins=["*"])
    table = read(cors={"origins": "https://b.test", "max_age": "1h", "methods": "PUT"}).cors
    assert (table.origins, table.max_age, table.methods) == (["https://b.test"], 3600, ["PUT"])
    assert read(cors=False).cors is False


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "empty"),
        ("b.test", '"https://b.test"'),
        (["https://b.test/x"], '"https://b.test"'),
        (True, "origins"),
        ({}, "origins"),
        ({"origins": "*", "methods": ["put"]}, '"PUT"'),
        ({"origins": "*", "methods": ["a b"]}, "not a method"),
        ({"origins": "*", "headers": ["a b"]}, "name of a field"),
        ({"origins": "*", "expose": "a,b"}, "name of a field"),
        ({"origins": "*", "max_age": "2d"}, '"1d"'),
        ({"origins": "*", "credential": True}, "did you mean 'credentials'"),
    ],
)
def test_what_cors_cannot_be_is_told(value: object, why: str) -> None:
    assert why in refusal(cors=value)


def test_csrf_is_true_or_whom_to_trust() -> None:
    assert read(csrf=True).csrf == CsrfModel()
    assert read(csrf=["https://b.test"]).csrf == CsrfModel(trusted=["https://b.test"])
    assert read(csrf={"websocket": False}).csrf == CsrfModel(websocket=False)
    assert read(csrf=False).csrf is False
    for value, why in (("*", "every page"), ("null", "every page"), ("b.test", "https://b.test")):
        assert why in refusal(csrf=value)


def test_cookies_are_hardened_by_one_word_or_a_table() -> None:
    assert read(cookies="harden").cookies == read(cookies={}).cookies == CookiesModel()
    assert read(cookies={"same_site": False, "readable": "a"}).cookies.readable == ["a"]
    assert read(cookies=False).cookies is False
    for value in ("hard", True, {"same_site": "none"}, {"names": "a"}):
        assert "cookies" in refusal(cookies=value)


def test_a_policy_is_a_text_or_a_table_of_directives() -> None:
    text = read(csp="default-src 'self'; img-src 'self' data:;").csp
    table = read(csp={"default-src": "'self'", "img-src": ["'self'", "data:"]}).csp
    assert text == table
    assert text.text == "default-src 'self'; img-src 'self' data:"
    found = read(csp={"upgrade-insecure-requests": True, "report_only": True}).csp
    assert found == CspModel(directives={"upgrade-insecure-requests": ""}, report_only=True)
    assert found.text == "upgrade-insecure-requests"
    assert read(csp=False).csp is False


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "says nothing"),
        ({"report_only": True}, "says nothing"),
        ("default-src self", "'self'"),
        ({"script-src": "nonce-abc"}, "'nonce-abc'"),
        ({"script-src": "'self', b.test"}, "no comma"),
        ({"script-src": "'self'; img-src *"}, "no comma"),
        ({"script-src": "'self'\r\nx: y"}, "no comma"),
        ({"script-src": 5}, "text"),
        ({"script-src": False}, "text"),
        ("img-src a; IMG-SRC b", "twice"),
        ({"scr pt": "x"}, "not the name"),
        (True, "policy"),
    ],
)
def test_what_a_policy_cannot_be_is_told(value: object, why: str) -> None:
    assert why in refusal(csp=value)


def test_the_first_word_of_each_part_is_its_directive() -> None:
    assert read_policy(" a b c ;; D e;f") == {"a": "b c", "d": "e", "f": ""}
