"""What a request is told from others by: the keys of consistent hashing."""

from collections.abc import Callable

from porch.balance.consistent_hash import Key
from porch.exchange import Exchange
from porch.route.condition import READERS, Source

__all__ = ["by_client", "by_function", "by_path", "by_value"]


def by_client(exchange: Exchange) -> bytes | None:
    """The client's address, after `trust` was applied."""
    return exchange.client_ip


def by_path(exchange: Exchange) -> bytes | None:
    """The path as it came, without the query."""
    return exchange.request.target.partition(b"?")[0]


def by_value(source: Source, name: bytes) -> Key:
    """A header, a cookie or a parameter of the query; see condition.ValueCondition."""
    read = READERS[source]

    def key(exchange: Exchange) -> bytes | None:
        return read(exchange.request, name)

    return key


def by_function(function: Callable[[Exchange], object]) -> Key:
    """The operator's own: it returns bytes, a text, or None where there is no key. What it raises
    is for who calls it; TypeError is for what is none of these."""

    def key(exchange: Exchange) -> bytes | None:
        found = function(exchange)
        if isinstance(found, str):
            return found.encode()
        if found is None or isinstance(found, bytes):
            return found
        raise TypeError(f"the key of a request is {found!r:.60}, which is neither bytes nor a text")

    return key
