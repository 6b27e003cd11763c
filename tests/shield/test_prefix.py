"""The stripped prefix in answers. What is put back where: route/rewrite.py."""

from typing import Any

from porch.http.message import RequestHead, ResponseHead
from porch.shield.prefix import PutBack


class Exchange:
    def __init__(self, fields: list[tuple[bytes, bytes]]) -> None:
        self.request = RequestHead(b"GET", b"/api/x", b"a.test", b"http", [])
        self.response = ResponseHead(302, fields)


def put_back(*fields: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    exchange: Any = Exchange(list(fields))
    PutBack(b"/api").on_upstream_response(exchange)
    found: list[tuple[bytes, bytes]] = exchange.response.fields
    return found


def test_the_prefix_is_put_back_into_location_and_cookies() -> None:
    assert put_back((b"location", b"/login"), (b"set-cookie", b"id=1; Path=/x")) == [
        (b"location", b"/api/login"),
        (b"set-cookie", b"id=1; Path=/api/x"),
    ]


def test_a_location_on_the_host_that_was_asked_is_ours() -> None:
    assert put_back((b"location", b"http://a.test/x")) == [(b"location", b"http://a.test/api/x")]
    assert put_back((b"location", b"http://b.test/x")) == [(b"location", b"http://b.test/x")]


def test_other_fields_stay_as_they_are() -> None:
    fields = ((b"link", b"</x>"), (b"content-location", b"/x"))
    assert put_back(*fields) == list(fields)
