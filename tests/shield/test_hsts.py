"""Strict-Transport-Security: with answers over HTTPS, and the door's word alone."""

import pytest

from porch.http.message import Field
from porch.shield.hsts import YEAR, StrictTransport
from tests.support.hooks import FakeExchange, seen

NAME = b"strict-transport-security"


def answered(
    by: StrictTransport, scheme: bytes = b"https", fields: list[Field] | None = None
) -> list[Field]:
    fake = FakeExchange(scheme=scheme, fields=fields)
    by.on_response(seen(fake))
    found: list[Field] = fake.response.fields
    return found


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ((YEAR, False, False), b"max-age=31536000"),
        ((300.0, True, False), b"max-age=300; includeSubDomains"),
        ((YEAR, True, True), b"max-age=31536000; includeSubDomains; preload"),
        ((0, False, False), b"max-age=0"),
        ((0.4, False, False), b"max-age=0"),
        ((1e15, False, False), b"max-age=1000000000000000"),
    ],
)
def test_the_value_is_as_rfc_6797_writes_it(words: tuple[float, bool, bool], value: bytes) -> None:
    assert answered(StrictTransport(*words)) == [(NAME, value)]


def test_plain_http_never_has_it() -> None:
    """RFC 6797 7.2; nor is what an origin says there touched, which browsers ignore (8.1)."""
    one = StrictTransport(60, False, False)
    assert answered(one, scheme=b"http") == []
    assert answered(one, b"http", [(NAME, b"max-age=1")]) == [(NAME, b"max-age=1")]


@pytest.mark.parametrize(("peer", "is_believed"), [(b"192.0.2.7", True), (b"10.0.0.1", False)])
def test_a_trusted_proxy_says_by_what_its_client_came(peer: bytes, is_believed: bool) -> None:
    rule = StrictTransport(60, False, False, peer.__eq__)
    for own, told in ((b"http", b"https"), (b"https", b"http")):
        fake = FakeExchange(scheme=own, fields=[(b"x-forwarded-proto", told)])
        fake.response.fields = []
        rule.on_response(seen(fake))
        came_by = told if is_believed else own
        assert fake.response.fields == [(NAME, b"max-age=60")] * (came_by == b"https")


def test_what_origins_say_of_it_is_replaced_and_nothing_else() -> None:
    came = [(NAME, b"max-age=1"), (b"a", b"1"), (NAME, b"max-age=2"), (b"b", b"2")]
    assert answered(StrictTransport(60, False, False), fields=came) == [
        (b"a", b"1"),
        (b"b", b"2"),
        (NAME, b"max-age=60"),
    ]


def test_an_exchange_that_has_no_answer_is_left() -> None:
    fake = FakeExchange(scheme=b"https")
    fake.response = None  # type: ignore[assignment]
    StrictTransport(60, False, False).on_response(seen(fake))
