"""Heads that have come, as what is stored."""

from typing import Any

import pytest

from porch import clock
from porch.cache import refusal
from porch.cache.entry import Entry
from porch.cache.policy import Policy
from porch.cache.update import appraised, updated
from porch.http.message import RequestHead, ResponseHead

WALL = 1.7e9
HOST = b"192.0.2.1"
TAG = (b"etag", b'"1"')


class FakeCache:
    """What these functions ask of a cache."""

    def __init__(self) -> None:
        self.policy = Policy()
        self.shelf = self.store = self

    def now(self) -> float:
        return 7.0


@pytest.fixture
def cache() -> Any:
    return FakeCache()


def request(method: bytes = b"GET") -> RequestHead:
    return RequestHead(method, b"/a", b"x", b"http", [])


def test_a_new_answer_is_kept_by_the_clock_of_the_store(cache: Any) -> None:
    head = ResponseHead(200, [(b"cache-control", b"max-age=60")], 2)
    found = appraised(cache, request(), HOST, head, WALL, WALL)
    assert isinstance(found, Entry)
    assert (found.received, found.lifetime, found.url) == (7.0, 60.0, b"http://x/a")


def test_one_that_is_not_kept_says_why(cache: Any) -> None:
    head = ResponseHead(200, [(b"cache-control", b"private")], 2)
    assert appraised(cache, request(), HOST, head, WALL, WALL) is refusal.PRIVATE


def stored() -> Entry:
    fields = [TAG, (b"cache-control", b"max-age=1"), (b"x-a", b"old")]
    return Entry(200, fields, 2, 0.0, 0.0, 1.0, "max-age", url=b"http://x/a")


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"QUERY"])
def test_what_was_validated_is_fresh_from_now_on_and_keeps_its_length(
    cache: Any, method: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "date", b"Tue, 14 Nov 2023 22:13:20 GMT")
    head = ResponseHead(304, [TAG, (b"cache-control", b"max-age=60"), (b"x-a", b"new")], 0)
    asked = request(method)
    asked.length = 3 if method == b"QUERY" else 0
    found = updated(cache, asked, HOST, stored(), head, WALL, WALL)
    assert isinstance(found, Entry)
    assert (found.status, found.length, found.lifetime, found.received) == (200, 2, 60.0, 7.0)
    assert found.get(b"x-a") == b"new"


def test_what_is_not_to_be_kept_any_more_is_refused(cache: Any) -> None:
    head = ResponseHead(304, [TAG, (b"cache-control", b"no-store")], 0)
    assert updated(cache, request(), HOST, stored(), head, WALL, WALL) is refusal.NO_STORE


def test_of_one_that_is_held_in_parts_the_same_parts_are_held(cache: Any) -> None:
    kept = stored()
    kept.held = [(0, 1)]
    head = ResponseHead(304, [TAG, (b"cache-control", b"max-age=60")], 0)
    found = updated(cache, request(), HOST, kept, head, WALL, WALL)
    assert isinstance(found, Entry)
    assert found.held == [(0, 1)]
