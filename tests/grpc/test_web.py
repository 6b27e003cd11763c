"""Calls of browsers through a door, to an origin that speaks gRPC."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from porch.grpc.calls import Calls
from porch.grpc.web import GrpcWeb
from porch.http.message import Field
from porch.observe.error_page import error_response
from porch.route.route import Timeouts
from tests.support.multiplexed import Multiplexed
from tests.support.scenario import Scenario

Make = Callable[[], Scenario]
WEB = b"application/grpc-web+proto"
TEXT = b"application/grpc-web-text+proto"
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc+proto\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST = b"0\r\ngrpc-status: 0\r\ngrpc-message: \r\n\r\n"
MESSAGE = b"\0\0\0\0\3abc"
LINES = b"grpc-status: 0\r\ngrpc-message: \r\n"
TRAILERS = b"\x80" + len(LINES).to_bytes(4, "big") + LINES


def post(kind: bytes, body: bytes, *more: bytes) -> bytes:
    fields = b"".join(b"%b\r\n" % each for each in more)
    return (
        b"POST /s/m HTTP/1.1\r\nhost: x\r\ncontent-type: %b\r\ncontent-length: %d\r\n%b\r\n%b"
        % (kind, len(body), fields, body)
    )


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Scenario] = []

    def make() -> Scenario:
        story = Scenario(monkeypatch, filters=[Calls(Timeouts()), GrpcWeb()])
        story.setup.error_page = error_response
        made.append(story)
        return story

    yield make
    for each in made:
        each.finish()


def state(story: Scenario) -> dict[Any, Any]:
    """What the filter knows."""
    found: dict[Any, Any] = story.setup.route.plan.on_cut[-1].__self__._calls  # type: ignore[attr-defined]
    return found


def test_a_call_goes_on_as_grpc_and_its_trailers_come_in_the_body(web: Make) -> None:
    story = web().client(post(WEB, MESSAGE))
    story.upstream_gets(b"POST /s/m", MESSAGE, field=(b"content-type", b"application/grpc+proto"))
    story.upstream(HEAD + chunk(MESSAGE)).client_gets(
        200, MESSAGE, field=(b"content-type", WEB), end=False
    )
    story.upstream(LAST).client_gets(body=TRAILERS).ended(1, "")
    assert state(story) == {}


def test_text_is_base64_both_ways(web: Make) -> None:
    story = web().client(post(TEXT, b64encode(MESSAGE)))
    story.upstream_gets(
        b"POST /s/m",
        MESSAGE,
        field=(b"content-type", b"application/grpc+proto"),
        without=b"content-length",
    )
    story.upstream(HEAD + chunk(MESSAGE)).client_gets(
        200, b64encode(MESSAGE), field=(b"content-type", TEXT), end=False
    )
    story.upstream(LAST).client_gets(body=b64encode(TRAILERS)).ended(1, "")


@pytest.mark.parametrize("size", range(1, 12))
def test_text_may_come_in_any_pieces(web: Make, size: int) -> None:
    text = b64encode(MESSAGE) + b64encode(MESSAGE + b"x") + b64encode(b"end")
    head, body = post(TEXT, text).split(b"\r\n\r\n", 1)
    story = web().client(head + b"\r\n\r\n")
    for place in range(0, len(body), size):
        story.client(body[place : place + size])
    story.upstream_gets(b"POST /s/m", MESSAGE * 2 + b"xend")
    story.upstream(HEAD + LAST).client_gets(200, b64encode(TRAILERS))


@pytest.mark.parametrize("text", [b"AAA*", b"A===", b"AA=A", b"====", b"AAAAA\r\nA"])
def test_text_that_is_none_is_refused(web: Make, text: bytes) -> None:
    story = web().client(post(TEXT, text))
    story.client_gets(200, b"", field=(b"grpc-status", b"13")).ended(1, "http_request_error")
    story.upstream_gets_nothing()
    assert state(story) == {}


@pytest.mark.parametrize("rest", [b"A", b"AA", b"AAA"])
def test_text_that_is_cut_off_is_refused(web: Make, rest: bytes) -> None:
    text = b64encode(MESSAGE) + rest
    story = web().client(post(TEXT, text))
    story.client_gets(200, b"", field=(b"grpc-status", b"13")).ended(1, "http_request_error")
    story.upstream_gets_nothing()
    assert state(story) == {}


def test_text_that_is_cut_off_at_its_end_is_never_a_whole_call(web: Make) -> None:
    head = b"POST /s/m HTTP/1.1\r\nhost: x\r\ncontent-type: %b\r\n" % TEXT
    story = web().client(head + b"transfer-encoding: chunked\r\n\r\n" + chunk(b"AAAAAAF4A"))
    story.upstream_gets(b"POST /s/m", b"\0\0\0\0\1x", end=False)
    story.client(b"0\r\n\r\n").upstream_sees("closed")
    story.client_gets(200, b"", field=(b"grpc-status", b"13")).ended(1, "http_request_error")


def test_an_answer_of_fields_alone_stays_one(web: Make) -> None:
    story = web().client(post(TEXT, b64encode(MESSAGE))).upstream_gets(b"POST /s/m", MESSAGE)
    story.upstream(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 5\r\n"
        b"content-length: 0\r\n\r\n"
    )
    story.client_gets(200, b"", field=(b"grpc-status", b"5"))


def test_an_error_of_the_door_is_one_too(web: Make) -> None:
    story = web().endpoint("refuses").client(post(WEB, MESSAGE))
    story.client_gets(200, b"", field=(b"grpc-status", b"14")).ended(1, "connection_refused")


def test_an_answer_without_a_status_does_not_look_whole(web: Make) -> None:
    story = web().client(post(WEB, MESSAGE)).upstream_gets(b"POST /s/m", MESSAGE)
    story.upstream(HEAD + chunk(MESSAGE)).upstream(b"0\r\n\r\n")
    story.client_gets(
        200,
        MESSAGE + b"\x80\0\0\0\x4c"
        b"grpc-status: 2\r\ngrpc-message: the origin ended its answer without a status\r\n",
    )


@pytest.mark.parametrize("kind", [WEB, TEXT])
def test_an_answer_that_breaks_off_says_so_in_its_last_frame(web: Make, kind: bytes) -> None:
    body = b64encode(MESSAGE) if kind == TEXT else MESSAGE
    story = web().client(post(kind, body)).upstream_gets(b"POST /s/m", MESSAGE)
    story.upstream(HEAD + chunk(MESSAGE)).client_gets(200, body, end=False)
    story.upstream_resets().ended(1, "http_response_incomplete")
    arrived = bytes(story.clients[-1].transport.arrived)
    story.clients[-1].transport.arrived.clear()
    size, _, rest = arrived.partition(b"\r\n")
    frame, end = rest[: int(size, 16)], rest[int(size, 16) :]
    assert end == b"\r\n0\r\n\r\n"
    frame = b64decode(frame) if kind == TEXT else frame
    assert re.match(rb"\x80\0\0\0.grpc-status: 14\r\ngrpc-message: http_resp", frame, re.S)


@pytest.mark.parametrize(
    "head",
    [
        b"POST /s/m HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc\r\n",
        b"POST /s/m HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n",
        b"PUT /s/m HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web-text\r\n",
        b"POST /s/m HTTP/1.1\r\nhost: x\r\n",
    ],
)
def test_all_others_pass_as_they_are(web: Make, head: bytes) -> None:
    story = web().client(head + b"content-length: 4\r\n\r\n*==*")
    story.upstream_gets(head.partition(b" HTTP")[0], b"*==*")
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ncontent-length: 2\r\n\r\nhi"
    story.upstream(answer).client_gets(200, b"hi", field=(b"content-type", b"application/grpc"))
    assert state(story) == {}


def test_what_is_no_answer_of_grpc_passes_as_it_is(web: Make) -> None:
    story = web().client(post(WEB, MESSAGE)).upstream_gets(b"POST /s/m", MESSAGE)
    story.upstream(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno").client_gets(404, b"no")


def test_a_client_of_http_2_gets_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Multiplexed(monkeypatch, filters=[Calls(Timeouts()), GrpcWeb()])
    kind: Field = (b"content-type", WEB)
    number = story.asks(b"/s/m", kind, method=b"POST", end=False)
    story.says(number, MESSAGE, end=True).upstream_gets(b"POST /s/m", MESSAGE)
    story.upstream(HEAD + chunk(MESSAGE) + LAST)
    assert story.answer(number, 200, MESSAGE + TRAILERS).trailers is None
    story.finish()
