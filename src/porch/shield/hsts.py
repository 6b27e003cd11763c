"""Strict-Transport-Security (RFC 6797): browsers shall come by HTTPS alone."""

from porch.exchange import Exchange
from porch.filter import Filter
from porch.route.scheme import Trusts, client_scheme

__all__ = ["YEAR", "StrictTransport"]

YEAR = 31_536_000
"""Seconds that a list of preloaded hosts wants at least."""


class StrictTransport(Filter):
    """Says so with each answer to who came by HTTPS (7.2: never over plain HTTP). What an origin
    says of it is replaced: the door answers for the host."""

    __slots__ = ("_field", "_trusts")

    def __init__(
        self, max_age: float, subdomains: bool, preload: bool, trusts: Trusts = None
    ) -> None:
        """max_age: seconds; 0 has browsers forget it. trusts: see client_scheme."""
        self._trusts = trusts
        value = f"max-age={max_age:.0f}"
        value += "; includeSubDomains" * subdomains + "; preload" * preload
        self._field = (b"strict-transport-security", value.encode())

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response = exchange.response
        scheme = client_scheme(exchange.request, exchange.client.peer, self._trusts)
        if scheme == b"https" and response is not None:
            name = self._field[0]
            response.fields = [each for each in response.fields if each[0] != name]
            response.fields.append(self._field)
