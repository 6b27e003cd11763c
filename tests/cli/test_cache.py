"""`porch cache` as a person sees it."""

import json
from pathlib import Path
from typing import Any

import pytest

from porch.cache import counts
from porch.cli.cache import FORWARDED, NOT_KEPT, lines, show_cache

STORE = dict.fromkeys(
    ("size", "max_size", "objects", "files", "growing", "purges", "evicted", "expired"), 0
) | {"damaged": 0, "refused": 0}
CACHE: dict[str, Any] = {
    "requests": 12_000,
    "ratio": 0.875,
    "byte_ratio": 0.5,
    "hits": 10_400,
    "stale": 100,
    "collapsed": 9,
    "validated": 50,
    "kept": 1400,
    "from_store": 3 << 20,
    "from_origin": 3 << 20,
    "forwarded": {"uri-miss": 1391, "stale": 100},
    "not_kept": {"too-large": 41},
    "folder": "/var/cache/porch/ab",
    "store": STORE | {"size": 5 << 20, "max_size": 1 << 30, "objects": 1200, "files": 3},
    "trouble": None,
    "top": [
        {"url": "https://a.test/", "served": 255},
        {"url": "https://a.test/\x1b[2J\xff", "served": 9},
    ],
}


def test_it_says_how_much_and_why_not_and_what() -> None:
    assert list(lines(CACHE)) == [
        "87.5% of 12,000 requests were answered from the store: 10,400 fresh, 100 stale",
        "50.0% of 6.0 MB of bodies came from it",
        "9 waited for the same request of somebody else",
        "50 were still good, as the origin said (304)",
        "1,400 answers were kept",
        "",
        "5.0 MB of 1.0 GB in /var/cache/porch/ab",
        "1,200 answers, 3 of them in files",
        "0 went for room, 0 were over",
        "",
        "asked of the origin  why",
        "1,391                uri-miss: Nothing was kept under its key.",
        "100                  stale: What was kept was no longer fresh.",
        "",
        "not kept  why",
        "41        too-large: The body is larger than `max_object`; set that higher.",
        "",
        "served of late  url",
        "255             https://a.test/",
        "9               https://a.test/\\x1b[2J\\xff",
    ]


def test_a_door_that_has_just_begun_says_so() -> None:
    begun = CACHE | {"requests": 0, "ratio": None, "byte_ratio": None, "forwarded": {}}
    begun |= {"not_kept": {}, "top": [], "store": STORE, "folder": None}
    assert list(lines(begun)) == [
        "no request of a route with 'cache' yet",
        "",
        "0 B of 0 B in memory, of all workers together",
        "0 answers, 0 of them in files",
        "0 went for room, 0 were over",
    ]


def test_trouble_is_told() -> None:
    assert "trouble: no store" in list(lines(CACHE | {"trouble": "no store", "store": None}))
    text = "\n".join(lines(CACHE | {"store": STORE | {"damaged": 2, "refused": 3, "growing": 1}}))
    for said in ("2 were found damaged", "3 found no room", "1 on their way"):
        assert said in text


def test_every_reason_that_is_counted_has_a_sentence() -> None:
    assert {*FORWARDED} == {*counts.FORWARDED}
    assert {*NOT_KEPT} == {*counts.NOT_KEPT, "other"}


def test_programs_have_it_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("porch.cli.ask.answer_of", lambda *_: CACHE)
    assert show_cache(Path("porch.toml"), as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == CACHE
    assert show_cache(Path("porch.toml"), as_json=False) == 0
    assert "12,000 requests" in capsys.readouterr().out
    monkeypatch.setattr("porch.cli.ask.answer_of", lambda *_: None)
    assert show_cache(Path("porch.toml"), as_json=False) == 1
