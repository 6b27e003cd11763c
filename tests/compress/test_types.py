"""Which answers are coded at all."""

import pytest

from porch.compress.types import EVENTS, Types, media_type, why_not
from porch.http.message import Field, RequestHead, ResponseHead

GET = RequestHead(b"GET", b"/", b"a.test", b"http", [])


def why(
    *fields: Field,
    status: int = 200,
    length: int | None = 5000,
    request: RequestHead = GET,
    kind: bytes = b"text/html",
) -> str | None:
    head = ResponseHead(status, [(b"content-type", kind), *fields], length)
    return why_not(request, head, Types(), 1024)


@pytest.mark.parametrize(
    "kind",
    [
        *(b"text/html", b"text/HTML; charset=utf-8", b"application/json", b"image/svg+xml"),
        *(b"application/ld+json", b"application/atom+xml", b"application/javascript"),
        *(b"application/wasm", b"application/x-ndjson", b"font/ttf", b"text/csv;a=b"),
    ],
)
def test_text_is_worth_it(kind: bytes) -> None:
    assert why(kind=kind) is None


@pytest.mark.parametrize(
    "kind",
    [
        *(b"image/png", b"image/jpeg", b"video/mp4", b"audio/mpeg", b"font/woff2", b"font/woff"),
        *(b"application/zip", b"application/gzip", b"application/pdf", b"application/grpc"),
        *(b"application/grpc+json", b"application/grpc-web+json"),
        *(b"application/octet-stream", b"", b"text", b"text/", b"json", b"a/json", EVENTS),
    ],
)
def test_what_is_small_already_or_nobody_knows_is_not(kind: bytes) -> None:
    assert why(kind=kind) == "its type is not among `types`"


def test_events_are_coded_on_demand() -> None:
    assert not Types().has(b"text/event-stream")
    assert Types(events=True).has(b"text/event-stream; charset=utf-8")
    assert not Types(["text/html"], events=True).has(EVENTS)


def test_a_type_is_told_without_its_parameters() -> None:
    assert media_type(b" Text/HTML ; charset=x") == b"text/html"


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ((b"content-encoding", b"br"), "it is in a coding already: br"),
        ((b"content-range", b"bytes 0-5/10"), "it is a part"),
        ((b"cache-control", b"max-age=1, No-Transform"), "its Cache-Control says no-transform"),
    ],
)
def test_a_field_forbids_it(field: Field, reason: str) -> None:
    assert why(field) == reason


def test_a_coding_that_is_none_is_not_in_the_way() -> None:
    assert why((b"content-encoding", b"identity"), (b"cache-control", b"private")) is None


@pytest.mark.parametrize("status", [204, 205, 206, 304])
def test_what_has_no_whole_body_is_left_alone(status: int) -> None:
    assert why(status=status) == f"a {status} has no whole body"


def test_short_answers_are_left_alone_and_unknown_lengths_are_not() -> None:
    assert why(length=1023) == "it is shorter than `min_size`"
    assert why(length=1024) is None
    assert why(length=None) is None


def test_tunnels_are_left_alone() -> None:
    upgrade = RequestHead(b"GET", b"/", b"a.test", b"http", [], upgrade=b"websocket")
    connect = RequestHead(b"CONNECT", b"/", b"a.test", b"http", [])
    assert why(request=upgrade) == why(request=connect) == why(status=101)
    assert why(request=upgrade) == "it opens a tunnel"


def test_an_answer_without_a_type_is_left_alone() -> None:
    head = ResponseHead(200, [], 5000)
    assert why_not(GET, head, Types(), 0) == "its type is not among `types`"
