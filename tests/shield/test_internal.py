"""Internal routes: where an origin sends, what is refused, and what never goes to a client."""

from collections.abc import Callable
from typing import Any

import pytest

from porch.errors import BadRequest, NoRoute
from porch.filter import Filter, Response
from porch.http.message import Field, RequestHead, ResponseHead
from porch.route.plan import Plan
from porch.route.route import Route
from porch.shield.inside import Inside
from porch.shield.internal import (
    MOST,
    Hidden,
    InternalLoop,
    SendInternal,
    StripInternal,
    file_target,
)
from tests.support.hooks import FakeExchange, seen
from tests.support.scenario import Scenario
from tests.test_exchange import Bench, FakeStream

Make = Callable[..., Scenario]
GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
SENDS = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n%b\r\nhi"
ROOTS = [(b"/srv/a/protected", b"/protected"), (b"/srv/a", b"/all")]


class Says(Filter):
    def __init__(self, response: Response) -> None:
        self._response = response

    def on_request(self, exchange: Any) -> Response:
        return self._response


class Inner:
    """The internal routes: everything below /in. asked: the targets."""

    def __init__(self, *more: Filter) -> None:
        plan = Plan([*more, Says(Response(200, ((b"x-in", b"1"),), b"inside"))])
        self.route = Route(key="in", plan=plan)
        self.asked: list[bytes] = []

    def find(self, head: RequestHead, client_ip: bytes, security: object) -> Route | None:
        self.asked.append(head.target)
        if head.target.startswith(b"/two"):
            raise BadRequest("two readings")
        return self.route if head.target.startswith((b"/in", b"/protected")) else None


def test_an_answer_from_inside_comes_in_place_of_the_origins(scenario: Make) -> None:
    inner = Inner()
    (
        scenario(filters=[SendInternal(inner.find)])
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(SENDS % b"x-accel-redirect: /in/x?y\r\nx-accel-charset: utf-8\r\n")
        .client_gets(200, b"inside", field=(b"x-in", b"1"), without=b"x-accel-charset")
        .client_sees("open")
        .ended(1, "")
    )
    assert inner.asked == [b"/in/x?y"]


def test_what_an_origin_answers_itself_goes_out_without_words_for_the_door(scenario: Make) -> None:
    (
        scenario(filters=[SendInternal(Inner().find)])
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(SENDS % b"x-accel-buffering: no\r\n")
        .client_gets(200, b"hi", without=b"x-accel-buffering")
    )


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (b"x-accel-redirect: /out", b"internal_redirect_unknown"),
        (b"x-accel-redirect: /two", b"internal_redirect_unknown"),
        (b"x-accel-redirect: /in/../x", b"internal_redirect_unknown"),
        (b"x-accel-redirect: /in/%2e%2e/x", b"internal_redirect_unknown"),
        (b"x-accel-redirect: /in/..%2fx", b"internal_redirect_unknown"),
        (b"x-accel-redirect: //in/x", b"internal_redirect_unknown"),
        (b"x-accel-redirect: in", b"internal_redirect_unknown"),
        (b"x-accel-redirect: http://x/in", b"internal_redirect_unknown"),
        (b"x-accel-redirect: ", b"internal_redirect_unknown"),
        (b"x-accel-redirect: /in\r\nx-accel-redirect: /in", b"internal_redirect_unknown"),
        (b"x-sendfile: /etc/passwd", b"internal_redirect_unknown"),
        (b"x-sendfile: /srv/a/../b", b"internal_redirect_unknown"),
        (b"x-sendfile: /srv/a/x\r\nx-sendfile: /srv/a/x", b"internal_redirect_unknown"),
    ],
)
def test_what_is_no_internal_route_is_an_error_of_the_origin(
    scenario: Make, field: bytes, why: bytes
) -> None:
    (
        scenario(filters=[SendInternal(Inner().find, ROOTS)])
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(SENDS % (field + b"\r\n"))
        .client_gets(502, why)
    )


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (b"/in/\xc3\xa4 x", b"/in/%C3%A4%20x"),
        (b"/in/%20", b"/in/%20"),
        (b"/in/a#b", b"/in/a%23b"),
        (b"/in/a\\b", b"/in/a%5Cb"),
    ],
)
def test_a_path_is_asked_for_as_a_client_would(scenario: Make, said: bytes, asked: bytes) -> None:
    inner = Inner()
    (
        scenario(filters=[SendInternal(inner.find)])
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(SENDS % (b"x-accel-redirect: " + said + b"\r\n"))
        .client_gets(200, b"inside")
    )
    assert inner.asked == [asked]


def test_those_that_send_on_to_one_another_come_to_an_end() -> None:
    exchange = Bench(FakeStream()).exchange
    filter_ = SendInternal(Inner().find)
    for _ in range(MOST):
        exchange.response = ResponseHead(200, [(b"x-accel-redirect", b"/in")], 0)
        assert filter_.on_upstream_response(exchange) is not None
        exchange = Inside(exchange, exchange.response, Route(key="in"), b"/in")._exchange
    exchange.response = ResponseHead(200, [(b"x-accel-redirect", b"/in")], 0)
    with pytest.raises(InternalLoop):
        filter_.on_upstream_response(exchange)


@pytest.mark.parametrize(
    ("file", "target"),
    [
        (b"/srv/a/protected/x.pdf", b"/protected/x.pdf"),
        (b"/srv/a/other/x y%.pdf", b"/all/other/x%20y%25.pdf"),
        (b"/srv/a/\xc3\xa4?#;", b"/all/%C3%A4%3F%23;"),
        (b"/srv/a", None),
        (b"/srv/ab/x", None),
        (b"/srv/a/../b", None),
        (b"srv/a/x", None),
        (b"", None),
    ],
)
def test_a_file_is_at_the_path_of_the_route_whose_folder_it_is_in(
    file: bytes, target: bytes | None
) -> None:
    assert file_target(file, ROOTS) == target


def test_no_word_for_the_door_goes_out() -> None:
    fields: list[Field] = [
        (b"x-accel-redirect", b"/in"),
        (b"x-accel-expires", b"1"),
        (b"x-sendfile", b"/srv"),
        (b"x-acceleration", b"9"),
    ]
    fake = FakeExchange(fields=fields)
    StripInternal().on_response(seen(fake))
    assert fake.response.fields == [(b"x-acceleration", b"9")]
    before = fake.response.fields
    StripInternal().on_response(seen(fake))
    assert fake.response.fields is before


def test_a_client_finds_what_it_finds_where_there_is_no_route() -> None:
    with pytest.raises(NoRoute):
        Hidden().on_request(seen(FakeExchange()))


def test_it_says_what_it_does() -> None:
    assert SendInternal(Inner().find).described()
