"""What is said of words about browsers that do not go together."""

from typing import Any

import pytest

from porch.config.load import load_mapping


def said(**words: Any) -> list[str]:
    loaded = load_mapping({"routes": {"a.test": {"to": ":1", **words}}}, "porch.toml")
    return [f"{each.severity}: {each.text}" for each in loaded.problems]


@pytest.mark.parametrize(
    ("cors", "severity", "why"),
    [
        ({"origins": "*", "credentials": True}, "error", "name the origins"),
        ({"origins": "null", "credentials": True}, "error", "not with credentials"),
        ({"origins": ["*", "https://b.test"]}, "warning", 'or "*"'),
        ({"origins": "*", "websocket": True}, "warning", "every origin"),
        ({"origins": "http://b.test", "credentials": True}, "warning", "write https://"),
    ],
)
def test_cors_that_opens_more_than_it_looks_is_told(
    cors: dict[str, Any], severity: str, why: str
) -> None:
    (text,) = said(cors=cors)
    assert text.startswith(severity)
    assert why in text


@pytest.mark.parametrize(
    "cors",
    [
        "*",
        ["https://b.test"],
        {"origins": ["https://b.test", "http://localhost:*"], "credentials": True},
        {"origins": "http://b.test"},
        "null",
    ],
)
def test_usual_cors_is_not(cors: Any) -> None:
    assert said(cors=cors) == []


def test_a_field_that_cors_says_is_not_said_by_headers_too() -> None:
    field = {"Access-Control-Allow-Origin": "*"}
    (text,) = said(cors="*", headers=field)
    assert "keep one" in text
    assert said(headers=field) == []


@pytest.mark.parametrize(
    ("csp", "why"),
    [
        ("defalt-src 'self'", "did you mean 'default-src'"),
        ("script-src 'self' 'unsafe-inline'", "hashes"),
        ("default-src * 'unsafe-inline'", "hashes"),
    ],
)
def test_a_policy_that_keeps_nothing_out_is_told(csp: str, why: str) -> None:
    (text,) = said(csp=csp)
    assert text.startswith("warning")
    assert why in text


def test_a_usual_policy_is_not() -> None:
    assert said(csp="default-src 'self'; style-src 'self' 'unsafe-inline'") == []
    assert said(csp="script-src 'unsafe-inline' 'sha256-abc='") == []
    assert said(csp="upgrade-insecure-requests") == []


def test_sites_and_the_top_are_looked_at_too() -> None:
    words = {"cors": {"origins": "*", "credentials": True}}
    loaded = load_mapping({"routes": {"a.test": ":1"}, "site": {"a.test": words}}, "porch.toml")
    assert not loaded.ok
    assert not load_mapping({"routes": {"a.test": ":1"}, **words}, "porch.toml").ok
