"""Heads, and what they look like when printed."""

import pytest

from porch.http.message import RequestHead, ResponseHead, Trailers

FIELDS = [(b"x", b"1"), (b"y", b"2"), (b"x", b"3")]


@pytest.mark.parametrize(
    "head",
    [RequestHead(b"GET", b"/", b"a.test", b"http", FIELDS), ResponseHead(200, FIELDS)],
)
def test_a_field_is_found_by_its_name_the_first_one_first(
    head: RequestHead | ResponseHead,
) -> None:
    assert head.get(b"x") == b"1"
    assert head.get(b"y") == b"2"
    assert head.get(b"z") is None
    assert head.get(b"X") is None


def test_a_request_has_no_body_unless_said() -> None:
    head = RequestHead(b"GET", b"/", b"a.test", b"http", [])
    assert (head.length, head.upgrade, head.expect, head.version) == (0, None, False, b"1.1")


def test_an_answer_lasts_until_its_end_unless_said() -> None:
    head = ResponseHead(200, [])
    assert (head.length, head.reason, head.upgrade) == (None, b"", None)


def test_heads_print_without_values_which_may_be_secret() -> None:
    secret = [(b"authorization", b"Basic c2VjcmV0")]
    request = RequestHead(b"GET", b"/a?\xfc", b"a.test", b"http", secret)
    assert repr(request) == "<GET /a?\xfc 1 fields>"
    assert repr(ResponseHead(404, secret)) == "<404 1 fields>"
    assert repr(Trailers(secret)) == "<trailers 1 fields>"


@pytest.mark.parametrize("kind", [RequestHead, ResponseHead, Trailers])
def test_heads_have_room_for_their_attributes_alone(kind: type) -> None:
    assert "__dict__" not in dir(kind)
