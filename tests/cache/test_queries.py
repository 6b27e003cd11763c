"""Answers to QUERY are found by what was asked, until their URL is changed."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.cache.memory_store import MemoryStore
from porch.cache.queries import body_of_query, mark, marked
from porch.http.message import RequestHead

URL = b"u" * 16
ASKED = RequestHead(b"QUERY", b"/x", b"a.test", b"https", [], 3)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(1 << 20)


def test_a_mark_stays_until_it_is_forgotten(store: MemoryStore) -> None:
    first = mark(store, URL, ASKED)
    assert first == mark(store, URL, ASKED) != mark(store, b"v" * 16, ASKED)
    store.forget(marked(URL))
    second = mark(store, URL, ASKED)
    assert second != first
    assert second == mark(store, URL, ASKED)


@pytest.mark.parametrize("soft", [True, False])
def test_a_purge_of_the_url_is_one_of_its_queries(store: MemoryStore, soft: bool) -> None:
    first = mark(store, URL, ASKED)
    store.purge("url", b"https://a.test/x", soft=soft)
    assert mark(store, URL, ASKED) != first


def test_where_nothing_can_be_stored_no_two_are_asked_alike() -> None:
    full: Any = MemoryStore(1)
    assert mark(full, URL, ASKED) != mark(full, URL, ASKED)


@pytest.mark.parametrize(
    ("method", "done", "held", "expected"),
    [
        (b"QUERY", True, b"abc", b"abc"),
        (b"QUERY", True, b"", b""),
        (b"QUERY", False, b"ab", None),
        (b"QUERY", True, None, None),
        (b"GET", True, b"", None),
        (b"POST", True, b"abc", None),
    ],
)
def test_a_query_asks_what_its_whole_body_says(
    method: bytes, done: bool, held: bytes | None, expected: bytes | None
) -> None:
    request = RequestHead(method, b"/x", b"a.test", b"https", [])
    exchange: Any = SimpleNamespace(request=request, request_done=done, held=held)
    assert body_of_query(exchange) == expected
