"""Answers whose content is not what their head says, and the cache that has them."""

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from porch.compress.filter import Compress
from porch.compress.rules import Rules
from porch.compress.types import Types
from porch.compress.workshop import Workshop
from porch.exchange import Exchange
from porch.filter import Filter
from tests.support.cached import Cached

TEXT = b"what is said again and again, " * 400
CODED = gzip.compress(TEXT)
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-encoding: gzip\r\n"
    b"cache-control: max-age=600\r\ncontent-length: %d\r\n\r\n"
)
Make = Callable[..., Cached]


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Cached] = []

    def make(*more: Filter, **settings: Any) -> Cached:
        filters = (*more, Compress(Rules(types=Types()), Workshop()))
        made.append(Cached(monkeypatch, filters=filters, **settings))
        return made[-1]

    yield make
    for each in made:
        each.finish()


def asks(method: bytes = b"GET", accept: bytes = b"", more: bytes = b"") -> bytes:
    return b"%b /a HTTP/1.1\r\nhost: x\r\naccept-encoding: %b\r\n%b\r\n" % (method, accept, more)


def whole(data: bytes) -> bytes:
    return HEAD % len(data) + data


def served_on(story: Cached) -> Cached:
    """The next, who takes no coding, is served from what the origin says now."""
    story.client(asks()).upstream_gets(b"GET /a").upstream(whole(CODED)).client_gets(200, TEXT)
    return story.client(asks()).client_gets(200, TEXT).upstream_gets_nothing()


@pytest.mark.parametrize(
    "data",
    [CODED[:-9], b"no gzip at all" * 100, CODED + b"and more"],
    ids=["cut off", "none", "more behind it"],
)
def test_what_is_damaged_is_asked_for_again_by_the_next(cached: Make, data: bytes) -> None:
    story = cached().client(asks()).upstream_gets(b"GET /a").upstream(whole(data))
    story.advance(0.1).ended(1, "http_response_content_coding")
    assert "gzip" in str(story.latest.error)
    assert story.store.stat().objects == 0
    story.clients[-1].transport.arrived.clear()
    served_on(story.connects())


def test_a_stored_answer_is_forgotten_once_it_is_found_damaged(cached: Make) -> None:
    story = cached().client(asks(accept=b"gzip")).upstream_gets(b"GET /a")
    story.upstream(whole(CODED)).client_gets(200, CODED)
    story.connects().client(asks()).upstream_gets(b"GET /a").client_leaves()
    story.upstream(whole(CODED[:-9])).ended(2, "client_gone").advance(0.1)
    assert story.store.stat().objects == 2
    story.connects().client(asks()).upstream_gets_nothing().advance(0.1)
    story.ended(3, "http_response_content_coding")
    story.clients[-1].transport.arrived.clear()
    served_on(story.connects())
    story.client(asks(accept=b"gzip")).client_gets(200, CODED).upstream_gets_nothing()


def test_an_answer_under_way_that_is_damaged_is_not_kept(cached: Make) -> None:
    data = b"this is no gzip, and never was" * 5000
    story = cached().client(asks()).upstream_gets(b"GET /a")
    story.upstream(whole(data)[:-50_000]).advance(0.1).ended(1, "http_response_content_coding")
    story.upstream(data[-50_000:]).advance(0.1)
    assert story.store.stat().objects == 0
    story.clients[-1].transport.arrived.clear()
    served_on(story.connects())


def test_an_answer_to_a_query_is_forgotten_too(cached: Make) -> None:
    story = cached()
    query = asks(b"QUERY", more=b"content-type: text/plain\r\ncontent-length: 2\r\n") + b"hi"
    story.client(query).upstream_gets(b"QUERY /a", b"hi").upstream(whole(CODED[:-9])).advance(0.1)
    story.clients[-1].transport.arrived.clear()
    story.connects().client(query).upstream_gets(b"QUERY /a", b"hi").upstream(whole(CODED))
    story.client_gets(200, TEXT)


def test_a_bomb_is_sound_and_its_origin_is_not_asked_again_and_again(cached: Make) -> None:
    bomb = gzip.compress(bytes(40 << 20))
    story = cached().client(asks()).upstream_gets(b"GET /a").upstream(whole(bomb))
    for count in (1, 2):
        story.advance(1.0, tick=0.01).ended(count).client_sees("closed")  # cut
        story.clients[-1].transport.arrived.clear()
        story.connects().client(asks()).upstream_gets_nothing()
    story.advance(1.0, tick=0.01).clients[-1].transport.arrived.clear()


def test_a_hook_that_fails_keeps_the_client_from_nothing(cached: Make) -> None:
    class Fails(Filter):
        def on_damaged(self, exchange: Exchange) -> None:
            raise ValueError("its own fault")

    story = cached(Fails()).client(asks()).upstream_gets(b"GET /a").upstream(whole(CODED[:-9]))
    story.advance(0.1).ended(1, "http_response_content_coding").reported(ValueError)
    story.clients[-1].transport.arrived.clear()
    served_on(story.connects())
