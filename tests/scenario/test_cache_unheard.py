"""A change of which no answer is heard: what is kept of its URL is not given any more."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.cached import Cached

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx"
OK = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 1\r\n\r\n%b"

Make = Callable[..., Cached]


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cached]:
    """A door that has the page."""
    made = Cached(monkeypatch)
    made.client(GET).upstream_gets(b"GET /a").upstream(OK % b"1").client_gets(200, b"1")
    made.client(GET).client_gets(200, b"1").upstream_gets_nothing()
    yield made
    made.finish()


def _is_asked_for(story: Cached) -> None:
    story.connects().client(GET).upstream_gets(b"GET /a").upstream(OK % b"2")
    story.client_gets(200, b"2")


def test_a_client_that_leaves_during_a_post_leaves_no_old_page(story: Cached) -> None:
    story.client(POST).upstream_gets(b"POST /a", body=b"x").client_leaves()
    _is_asked_for(story)


def test_nor_does_an_origin_that_takes_too_long(story: Cached) -> None:
    story.client(POST).upstream_gets(b"POST /a", body=b"x").advance(120.0)
    story.client_gets(504)
    _is_asked_for(story)


def test_nor_one_that_breaks_off(story: Cached) -> None:
    story.client(POST).upstream_gets(b"POST /a", body=b"x").upstream_resets()
    story.client_gets(502)
    _is_asked_for(story)


def test_what_the_origin_has_refused_takes_nothing_out(story: Cached) -> None:
    story.client(POST).upstream_gets(b"POST /a", body=b"x")
    story.upstream(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n").client_gets(403)
    story.client(GET).client_gets(200, b"1").upstream_gets_nothing()
