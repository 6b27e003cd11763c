"""A body over its limit is refused before it is sent, or as soon as it is over."""

import pytest

from porch.errors import BodyTooLarge
from porch.shield.body_limit import BodyLimit
from tests.support.hooks import FakeExchange, seen


@pytest.mark.parametrize("length", [0, 9, 10, None])
def test_a_body_up_to_the_limit_passes(length: int | None) -> None:
    BodyLimit(10).on_request(seen(FakeExchange(length=length)))


def test_an_announced_body_over_the_limit_never_starts() -> None:
    with pytest.raises(BodyTooLarge) as caught:
        BodyLimit(10).on_request(seen(FakeExchange(length=11)))
    assert caught.value.status == 413
    assert "10 bytes" in caught.value.detail


def test_a_limit_of_nothing_takes_no_body() -> None:
    BodyLimit(0).on_request(seen(FakeExchange(length=0)))
    with pytest.raises(BodyTooLarge):
        BodyLimit(0).on_request(seen(FakeExchange(length=1)))


def test_what_came_with_the_head_counts() -> None:
    fake = FakeExchange(length=None)
    fake.bytes_in = 11
    with pytest.raises(BodyTooLarge):
        BodyLimit(10).on_request(seen(fake))


def test_a_body_of_unknown_length_ends_where_it_is_over() -> None:
    fake = FakeExchange(length=None)
    fake.bytes_in = 10
    assert BodyLimit(10).on_request_data(seen(fake), b"0123456789") == b"0123456789"
    fake.bytes_in = 11
    with pytest.raises(BodyTooLarge):
        BodyLimit(10).on_request_data(seen(fake), b"!")


def test_a_tunnel_is_no_body() -> None:
    fake = FakeExchange()
    fake.bytes_in = 11
    fake.upgraded = True
    assert BodyLimit(10).on_request_data(seen(fake), b"!") == b"!"
