"""Request heads as fields of HTTP/2."""

from porch.http.h2_encode import request_fields
from porch.http.message import RequestHead


def head(**more: object) -> RequestHead:
    made = RequestHead(b"GET", b"/a?b", b"x.test", b"https", [(b"accept", b"*/*")])
    for word, value in more.items():
        setattr(made, word, value)
    return made


def test_pseudo_fields_come_first_and_trailers_are_taken() -> None:
    assert request_fields(head(), b"http") == [
        (b":method", b"GET"),
        (b":scheme", b"http"),
        (b":authority", b"x.test"),
        (b":path", b"/a?b"),
        (b"accept", b"*/*"),
        (b"te", b"trailers"),
    ]


def test_a_head_without_authority_gets_one() -> None:
    assert (b":authority", b"localhost") in request_fields(head(authority=b""), b"http")


def test_an_expectation_is_a_field() -> None:
    assert request_fields(head(expect=True), b"http")[-1] == (b"expect", b"100-continue")


def test_an_upgrade_is_an_extended_connect_without_its_keys() -> None:
    fields = [(b"sec-websocket-key", b"k"), (b"sec-websocket-version", b"13")]
    assert request_fields(head(upgrade=b"websocket", fields=fields), b"https") == [
        (b":method", b"CONNECT"),
        (b":protocol", b"websocket"),
        (b":scheme", b"https"),
        (b":authority", b"x.test"),
        (b":path", b"/a?b"),
        (b"sec-websocket-version", b"13"),
    ]
