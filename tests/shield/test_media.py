"""Media types of requests."""

import pytest

from porch.http.message import RequestHead
from porch.shield.content_errors import NotTaken
from porch.shield.media import is_json, media_type


def head(*values: bytes) -> RequestHead:
    fields = [(b"content-type", each) for each in values]
    return RequestHead(b"POST", b"/", b"a", b"http", [(b"x", b"y"), *fields])


@pytest.mark.parametrize(
    ("value", "media"),
    [
        (b"application/json", b"application/json"),
        (b"Application/JSON ; charset=UTF-8", b"application/json"),
        (b'application/json;charset="utf-8";x=y', b"application/json"),
        (b"application/vnd.api+json", b"application/vnd.api+json"),
        (b"text/plain;charset=latin1", b"text/plain"),
        (b"", b""),
    ],
)
def test_it_is_read_without_its_parameters(value: bytes, media: bytes) -> None:
    assert media_type(head(value)) == media


def test_where_none_is_said_it_is_empty() -> None:
    assert media_type(head()) == b""


@pytest.mark.parametrize(
    "values",
    [
        (b"application/json", b"text/plain"),
        (b"application/json, text/plain",),
        (b"json",),
        (b"application/json x",),
        (b"application/json;charset=utf-16",),
        (b"application/json;charset*=utf-16",),
        (b"application/json;charset=utf-8;CHARSET*=utf-8''utf-16",),
        (b"application/json; charset*0=utf; charset*1=-16",),
        (b"application/json; charset=utf-8; CHARSET = latin1",),
    ],
)
def test_what_could_be_read_in_two_ways_is_415(values: tuple[bytes, ...]) -> None:
    with pytest.raises(NotTaken) as caught:
        media_type(head(*values))
    assert caught.value.status == 415


def test_json_is_told_by_its_suffix_too() -> None:
    assert is_json(b"application/json")
    assert is_json(b"text/json")
    assert is_json(b"application/problem+json")
    assert not is_json(b"application/jsonp")
    assert not is_json(b"application/x-ndjson")
    assert not is_json(b"")
