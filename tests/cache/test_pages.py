"""The error page of a request that went past the cache says that it did, and why."""

from collections.abc import Callable
from typing import Any

import pytest

from porch.cache.pages import telling
from porch.cache.policy import Policy
from porch.route.when import parse_when
from tests.support.cached import Cached
from tests.support.scenario import error_page

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"
BROKEN = b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"

Make = Callable[..., Cached]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (POST, b"Porch; fwd=method"),
        (GET.replace(b"\r\n\r\n", b"\r\nx-pass: 1\r\n\r\n"), b"Porch; fwd=bypass"),
        (GET.replace(b"\r\n\r\n", b"\r\ncache-control: no-store\r\n\r\n"), b"Porch; fwd=request"),
        (GET.replace(b"/a", b"/x/../a"), b'Porch; fwd=uri-miss; detail="dot-segments"'),
        (GET.replace(b"GET", b"HEAD"), b"Porch; fwd=uri-miss"),
    ],
    ids=["method", "bypass", "no-store", "dot-segments", "head"],
)
def test_a_page_says_why_its_request_went_past(cached: Make, request_: bytes, says: bytes) -> None:
    passes = (parse_when({"header": {"x-pass": "1"}}),)
    story = cached(policy=Policy(bypass=passes))
    line = request_.partition(b" HTTP")[0]
    story.client(request_).upstream_gets(line).upstream(BROKEN)
    is_head = line.startswith(b"HEAD")
    story.client_gets(502, field=(b"cache-status", says), bodiless=is_head)


def test_what_an_attempt_before_has_not_answered_is_told_of_the_answer_alone(cached: Make) -> None:
    story = cached().client(POST).upstream_gets(b"POST /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
    story.client_gets(200, b"hi", field=(b"cache-status", b"Porch; fwd=method"))
    story.client(POST).upstream_gets(b"POST /a").upstream_eof()
    story.client_gets(502, field=(b"cache-status", b"Porch; fwd=method"))


def test_a_page_of_nobody_that_the_cache_has_seen_is_as_it_was(cached: Make) -> None:
    story = cached()
    story.client(b"GET /a HTTP/1.1\r\n\r\n").client_gets(400, without=b"cache-status")
    page: Any = object()
    assert telling(page, None) is page
    assert telling(error_page, story.shelf) is not error_page
