"""Lists as files and services say them."""

import pytest

from porch.balance.discover import document
from porch.balance.discover.document import read_document
from porch.balance.discover.found import Found

TWO = [Found("10.0.0.1:80"), Found("b:81", 3, 2)]


@pytest.mark.parametrize(
    ("text", "toml"),
    [
        ('["10.0.0.1:80", {"to": "b:81", "weight": 3, "priority": 2}]', False),
        ('{"endpoints": ["10.0.0.1:80", {"to": "b:81", "weight": 3, "priority": 2}]}', False),
        ('endpoints = ["10.0.0.1:80", { to = "b:81", weight = 3, priority = 2 }]', True),
    ],
)
def test_an_entry_is_an_address_or_a_table(text, toml):
    assert read_document(text.encode(), toml=toml) == TWO


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'"a:1"', "no list"),
        (b'{"servers": []}', "no list"),
        (b'{"endpoints": {}}', "no list"),
    ],
)
def test_what_is_no_list_is_refused_in_words(data, why):
    with pytest.raises(ValueError, match=why):
        read_document(data)


def test_a_list_has_a_bound(monkeypatch):
    monkeypatch.setattr(document, "LONGEST", 10)
    with pytest.raises(ValueError, match="more than"):
        read_document(b'["10.0.0.1:80"]')


def test_an_entry_of_other_words_is_left_to_who_looks_it_over():
    assert read_document(b'[{"too": "a:1"}, 7, null]') == [
        Found({"too": "a:1"}),  # type: ignore[arg-type]
        Found(7),  # type: ignore[arg-type]
        Found(None),  # type: ignore[arg-type]
    ]
