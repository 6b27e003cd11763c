"""What a request is told from others by."""

import pytest

from porch.balance.hash_keys import by_client, by_function, by_path, by_value
from tests.support.pools import exchange_of


def test_by_the_clients_address() -> None:
    assert by_client(exchange_of(b"192.0.2.9")) == b"192.0.2.9"


def test_by_the_path_without_the_query() -> None:
    assert by_path(exchange_of(target=b"/a/b?c=1")) == b"/a/b"
    assert by_path(exchange_of(target=b"/a/b")) == b"/a/b"


def test_by_a_value_that_may_be_missing() -> None:
    exchange = exchange_of(
        target=b"/?user=a%20b", fields=[(b"x-tenant", b"t"), (b"cookie", b"a=1; sid=s")]
    )
    assert by_value("header", b"x-tenant")(exchange) == b"t"
    assert by_value("cookie", b"sid")(exchange) == b"s"
    assert by_value("query", b"user")(exchange) == b"a b"
    assert by_value("header", b"x-other")(exchange) is None


def test_by_a_function_of_the_operators() -> None:
    assert by_function(lambda exchange: "ä")(exchange_of()) == "ä".encode()
    assert by_function(lambda exchange: exchange.client_ip)(exchange_of(b"1")) == b"1"
    assert by_function(lambda exchange: None)(exchange_of()) is None
    with pytest.raises(TypeError, match="is 7, which is neither bytes nor a text"):
        by_function(lambda exchange: 7)(exchange_of())
