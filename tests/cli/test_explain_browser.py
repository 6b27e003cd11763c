"""What explain says of what browsers are told."""

from typing import Any

from porch.cli.explain_browser import browser_lines
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.rehearse import request_of
from porch.config.state import State


def lines(**words: Any) -> list[str]:
    built = build(
        load_mapping({"routes": {"a.test": {"to": ":1", **words}}}, "porch.toml"), State()
    )
    assert built is not None
    route = built.settings.router.find(request_of("GET", "http://a.test/", []), b"192.0.2.1")
    return list(browser_lines(route))


def test_each_word_says_what_it_does_once() -> None:
    assert lines(cors="*", csrf=True, cookies="harden", csp="default-src 'self'") == [
        "cors      preflights are answered here: GET, HEAD, POST, PUT, PATCH, DELETE; any field; "
        "without cookies",
        "csrf      requests that change something are refused to pages of other sites",
        "cookies   cookies get Secure, HttpOnly, SameSite=Lax where it is missing",
        "csp       adds content-security-policy: default-src 'self'",
    ]


def test_what_is_behind_the_door_is_said_too() -> None:
    words = [line.split()[0] for line in lines(hide=True, accel=True)]
    assert words == ["accel", "hide", "hide"]


def test_a_route_without_them_says_nothing() -> None:
    assert lines() == []
    assert list(browser_lines(None)) == []
