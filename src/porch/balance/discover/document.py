"""Documents: a list of endpoints as JSON or TOML says it.

JSON is a list, or a table with `endpoints`; TOML has `endpoints`. An entry is an address in quotes
or a table { to, weight, priority }.
"""

import json
import tomllib
from typing import Any

from porch.balance.discover.found import Found

__all__ = ["LONGEST", "read_document"]

LONGEST = 2 << 20
"""Bytes of a document; 10,000 endpoints need half of it."""

_WORDS = {"to": "address", "weight": "weight", "priority": "priority"}


def read_document(data: bytes, *, toml: bool = False) -> list[Found]:
    """Its endpoints, as they stand there: whether each is one is seen later.

    Raises ValueError with a sentence.
    """
    if len(data) > LONGEST:
        raise ValueError(f"it has more than {LONGEST >> 20} MB")
    try:
        text = data.decode("utf-8")
        document: Any = tomllib.loads(text) if toml else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no {'TOML' if toml else 'JSON'}: {error}") from error
    if isinstance(document, dict):
        document = document.get("endpoints")
    if not isinstance(document, list):
        raise ValueError("it has no list of endpoints")
    return [_found(each) for each in document]


def _found(entry: Any) -> Found:
    if isinstance(entry, dict) and entry.keys() <= _WORDS.keys() and "to" in entry:
        return Found(**{_WORDS[word]: value for word, value in entry.items()})
    return Found(entry)
