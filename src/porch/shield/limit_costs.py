"""What a request costs that is not counted as one: known only when it is over.

A limit by cost lets in as long as anything is left, and charges at the end. What is under way when
the last of it goes is let through, so that it can be exceeded by as much as that costs.
"""

from collections.abc import Callable
from math import ceil

from porch.exchange import Exchange

__all__ = ["Cost", "by_bytes", "by_field", "by_function", "by_time"]

Cost = Callable[[Exchange], int]
"""Of an exchange that is over; for `by_field`, whose final answer of the origin is there."""

_DIGITS = 12
_MOST = 1_000_000_000_000


def by_bytes(exchange: Exchange) -> int:
    """Of both bodies, as they came in and went out."""
    return exchange.bytes_in + exchange.bytes_out


def by_time(exchange: Exchange) -> int:
    """Milliseconds that the origin took until its answer began; as long as somebody waited for it,
    where none did."""
    if not exchange.connected or exchange.endpoint is None:
        return 0
    until = exchange.first_byte if exchange.first_byte > exchange.connected else exchange.ended
    return ceil((until - exchange.connected) * 1000)


def by_field(name: bytes) -> Cost:
    """The number that the origin says in this field, 1 where it says none that can be read: a whole
    one, or one with a fraction, which is rounded up."""

    def cost(exchange: Exchange) -> int:
        response = exchange.response
        value = (response.get(name) if response is not None else None) or b""
        whole, _, fraction = value.strip(b" \t").partition(b".")
        if not whole.isdigit() or (fraction and not fraction.isdigit()):
            return 1
        if len(whole) > _DIGITS:
            return _MOST
        return int(whole) + bool(fraction.strip(b"0"))

    return cost


def by_function(function: Callable[[Exchange], object]) -> Cost:
    """The operator's own: it returns a number, of which a fraction is rounded up. What it raises is
    told like a fault of a filter."""

    def cost(exchange: Exchange) -> int:
        found = function(exchange)
        if isinstance(found, int | float) and not isinstance(found, bool) and found >= 0:
            return ceil(min(found, _MOST))
        raise TypeError(f"the cost of a request is {found!r:.60}, which is no number from 0 on")

    return cost
