"""Routes that take JSON of a bounded shape, and no others unless they are let through."""

from collections.abc import Callable
from typing import Any

import pytest

from porch.buffer.request import BufferRequest
from porch.shield.content import LookAtBody, Watch
from porch.shield.json_content import JsonContent
from porch.shield.json_shape import Shape
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
JSON = b"content-type: application/json\r\n"


def post(body: bytes, extra: bytes = JSON) -> bytes:
    head = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n%b\r\n" % (len(body), extra)
    return head + body


@pytest.fixture
def shaped(scenario: Make) -> Make:
    def make(*, others: bool = False, **bounds: Any) -> Scenario:
        content = JsonContent(Shape(**bounds), 1000, None, others=others)
        buffered = BufferRequest(None, content.wants)
        look = LookAtBody(content, buffered, None)
        return scenario(filters=[content, buffered, look])

    return make


def test_json_within_its_bounds_goes_on(shaped: Make) -> None:
    story = shaped()
    for extra in (JSON, b"Content-Type: application/vnd.x+json;charset=utf-8\r\n"):
        story.client(post(b'{"a":[1]}', extra)).upstream_gets(b"POST /up", b'{"a":[1]}')
        story.upstream(OK).client_gets(200)


@pytest.mark.parametrize("body", [b"[[[]]]", b'{"a":1,"a":2}', b"NaN", b"x", b"\xff"])
def test_other_json_is_refused(shaped: Make, body: bytes) -> None:
    shaped(depth=2).client(post(body)).client_gets(400, b"http_request_denied").dialled(0)


@pytest.mark.parametrize(
    "extra", [b"", b"content-type: text/plain\r\n", b"content-type: application/grpc\r\n"]
)
def test_another_type_may_be_read_as_json_behind_us_and_is_refused(
    shaped: Make, extra: bytes
) -> None:
    shaped().client(post(b"{}", extra)).client_gets(415).dialled(0)


def test_unless_others_are_let_through(shaped: Make) -> None:
    story = shaped(others=True).client(post(b"NaN", b"content-type: text/plain\r\n"))
    story.upstream_gets(b"POST /up", b"NaN").upstream(OK).client_gets(200)
    story.client(post(b"NaN")).client_gets(400)


def test_a_request_without_a_body_has_no_type(shaped: Make) -> None:
    story = shaped().client(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").upstream_gets(b"GET /a")
    story.upstream(OK).client_gets(200)
    story.client(post(b"", b"")).upstream_gets(b"POST /up").upstream(OK).client_gets(200)
    story.client(post(b"")).upstream_gets(b"POST /up").upstream(OK).client_gets(200)


def test_nor_has_one_whose_end_tells_that_it_is_empty(shaped: Make) -> None:
    chunked = b"POST /up HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    story = shaped().client(chunked).dialled(0).client(b"0\r\n\r\n").upstream_gets(b"POST /up")
    story.upstream(OK).client_gets(200)
    story.client(chunked).client(b"2\r\n{}\r\n0\r\n\r\n").client_gets(415)


def test_a_tunnel_has_no_body(shaped: Make) -> None:
    upgrade = b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    shaped().client(upgrade).upstream_gets(b"GET /a").upstream(OK).client_gets(200)


def test_it_is_described() -> None:
    refuses = JsonContent(Shape(), 1000, None, others=False)
    (line,) = refuses.described()
    assert "1000 bytes, 32 deep, with 1000 members" in line
    assert "415 to others" in line
    assert repr(refuses) == "<JsonContent 1000 bytes>"
    (line,) = JsonContent(Shape(), 1000, Watch("x", print), others=True).described()
    assert "others pass unseen" in line
    assert "only looked at" in line
