"""The words against bots: what may be written, and what is told of what may not."""

from typing import Any

import pytest
from pydantic import ValidationError

from porch.config.schema_bots import BotWords, pattern_of


def read(**words: Any) -> BotWords:
    return BotWords.model_validate(words)


def test_lists_and_rules_may_be_mixed_and_one_stands_alone() -> None:
    assert read(block="scanners") == read(block=["scanners"]) == read(block=[{"list": "scanners"}])
    found = read(block=["php", {"path": "/x/*", "method": "POST"}]).block
    assert found
    assert [each.list for each in found] == ["php", None]
    assert (found[1].path, found[1].method) == (["/x/*"], ["POST"])
    assert read(block=False).block is False


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ([], "empty"),
        (True, "what is blocked"),
        (["scanner"], "did you mean 'scanners'"),
        (["/private"], 'path = "/private"'),
        ([{}], "no condition"),
        ([{"status": 404}], "no condition"),
        ([{"path": "private"}], 'write "/private"'),
        ([{"path": "/a*b"}], "may end with"),
        ([{"path": ["/a", ""]}], "no path"),
        ([{"path": []}], "empty"),
        ([{"query": "re:"}], "empty"),
        ([{"path": "/a", "list": "php"}], "two rules"),
        ([{"path": "/a", "status": 200}], "403"),
        ([{"method": "GET POST"}], "no method"),
        ([{"header": {"a b": "x"}}], "name of a field"),
        ([{"header": {"a": ""}}], "wants a text"),
    ],
)
def test_what_cannot_be_meant_is_told(block: object, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        read(block=block)


def test_the_tarpit_has_a_size() -> None:
    assert read(tarpit=True).tarpit == 64
    assert read(tarpit=7).tarpit == 7
    assert read(tarpit=False).tarpit is False
    for wrong in (0, -1, 10_001):
        with pytest.raises(ValidationError, match="at a time"):
            read(tarpit=wrong)


def test_a_text_is_what_it_says_and_a_pattern_is_one() -> None:
    assert pattern_of("a.b") == r"a\.b"
    assert pattern_of("re:a.b") == "a.b"
    assert pattern_of("/a.b", is_path=True) == r"\A/a\.b/?\z"
    assert pattern_of("/a/*", is_path=True) == r"\A/a(?:/|\z)"
    assert pattern_of("/*", is_path=True) == r"\A(?:/|\z)"


def test_a_challenge_is_a_word_or_a_table() -> None:
    always, load = read(challenge=True).challenge, read(challenge="load").challenge
    assert always
    assert load
    assert (always.when, load.when) == ("always", "load")
    assert read(challenge="always") == read(challenge={})
    assert read(challenge=False).challenge is False
    found = read(challenge={"crawlers": "GoogleBot", "exempt": "/api/*", "lasts": "1h"}).challenge
    assert found
    assert (found.crawlers, found.exempt, found.lasts) == (["googlebot"], ["/api/*"], 3600)


@pytest.mark.parametrize(
    ("challenge", "why"),
    [
        ("suspicious", 'true, "load"'),
        ({"difficulty": 7}, "8 to 24"),
        ({"difficulty": 25}, "8 to 24"),
        ({"lasts": "1s"}, "a minute at least"),
        ({"exempt": "api"}, "no path"),
        ({"exempt": "/*"}, "let everybody in"),
        ({"exempt": "/a*"}, "no path"),
        ({"crawlers": ["gogglebot"]}, "did you mean 'googlebot'"),
    ],
)
def test_a_challenge_that_cannot_be_meant_is_told(challenge: object, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        read(challenge=challenge)
