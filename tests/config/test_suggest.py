"""Suggestions: what was probably meant, and silence where nothing is near."""

import pytest

from porch.config.suggest import nearest, suggest

WORDS = ["health", "headers", "to", "timeouts", "upgrade", "keep_alive", "tls", "when"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("helth", "health"),
        ("Health", "health"),
        ("HEADERS", "headers"),
        ("header", "headers"),
        ("timeout", "timeouts"),
        ("keep-alive", "keep_alive"),
        ("tsl", "tls"),
        ("proxy_pass", "to"),
        ("backend", "to"),
        ("ssl", "tls"),
        ("websocket", "upgrade"),
    ],
)
def test_the_nearest_word_is_suggested(word, meant):
    assert nearest(word, WORDS) == meant
    assert suggest(word, WORDS) == f"; did you mean '{meant}'?"


@pytest.mark.parametrize("word", ["xyzzy", "", "qqqqqqqq"])
def test_nothing_is_suggested_where_nothing_is_near(word):
    assert nearest(word, WORDS) is None
    assert suggest(word, WORDS) == ""


def test_a_word_of_another_proxy_is_not_suggested_where_ours_does_not_stand():
    assert nearest("proxy_pass", ["listen", "workers"]) is None
