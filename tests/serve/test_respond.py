"""Answers that a route gives by itself."""

import pytest

from porch.errors import NoRoute, NoSite
from porch.serve.respond import FailWith, Options, Respond, options
from tests.support.hooks import FakeExchange, seen


def test_every_request_is_answered_the_same_way() -> None:
    answer = Respond(503).on_request(seen(FakeExchange()))
    assert (answer.status, list(answer.fields), answer.body) == (503, [], b"")


def test_a_body_says_what_it_is_unless_told() -> None:
    text = Respond(200, b"hi").on_request(seen(FakeExchange()))
    assert list(text.fields) == [(b"content-type", b"text/plain; charset=utf-8")]
    html = Respond(200, b"hi", [(b"content-type", b"text/html")]).on_request(seen(FakeExchange()))
    assert list(html.fields) == [(b"content-type", b"text/html")]


def test_what_no_route_takes_fails_by_the_name_of_its_host() -> None:
    with pytest.raises(NoSite, match=r"b\.test") as caught:
        FailWith(NoSite).on_request(seen(FakeExchange(authority=b"b.test")))
    assert caught.value.status == 404
    with pytest.raises(NoRoute, match="without Host"):
        FailWith(NoRoute).on_request(seen(FakeExchange(authority=b"")))


def test_options_about_the_door_are_answered_here() -> None:
    """RFC 9110 9.3.7."""
    fake = FakeExchange(method=b"OPTIONS", target=b"*")
    answer = Options().on_request(seen(fake))
    assert answer is not None
    assert answer.status == 204
    assert b"TRACE" not in dict(answer.fields)[b"allow"]
    assert Options().on_request(seen(FakeExchange(method=b"OPTIONS", target=b"/"))) is None


def forwards(value: bytes, method: bytes = b"OPTIONS") -> FakeExchange:
    return FakeExchange(method=method, fields=[(b"x", b"y"), (b"max-forwards", value)])


def test_the_last_hop_answers() -> None:
    """RFC 9110 7.6.2."""
    answer = Options().on_request(seen(forwards(b"0")))
    assert answer is not None
    assert answer.fields == options().fields


@pytest.mark.parametrize(("value", "sent"), [(b"1", b"0"), (b"10", b"9"), (b"007", b"6")])
def test_another_hop_counts_down(value: bytes, sent: bytes) -> None:
    fake = forwards(value)
    assert Options().on_request(seen(fake)) is None
    assert fake.request.fields == [(b"x", b"y"), (b"max-forwards", sent)]


@pytest.mark.parametrize(
    ("value", "method"),
    [(b"0", b"GET"), (b"-1", b"OPTIONS"), (b"", b"OPTIONS"), (b"x", b"OPTIONS")],
)
def test_max_forwards_means_nothing_elsewhere(value: bytes, method: bytes) -> None:
    fake = forwards(value, method)
    assert Options().on_request(seen(fake)) is None
    assert (b"max-forwards", value) in fake.request.fields


def test_a_request_without_the_field_goes_on() -> None:
    assert Options().on_request(seen(FakeExchange(method=b"OPTIONS"))) is None
