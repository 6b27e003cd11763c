"""How many requests one client may have at once, over all its connections and all workers."""

from porch.crowd import Crowd
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.shield.limit_keys import by_client

__all__ = ["ClientAdmission", "TooManyAtOnce"]

_MARK = b"r"
"""Before the address: the same crowd counts connections too."""


class TooManyAtOnce(PorchError):
    """A client has more requests at once than it may (RFC 6585 4). retry_after: a guess."""

    word = "http_request_denied"
    status = 429
    source = "client"
    sentence = (
        "This client has too many requests at once; connections.requests_per_client says how many."
    )
    retry_after = 1.0


class ClientAdmission(Filter):
    """Of all routes. crowd: where it is counted. most: at once."""

    __slots__ = ("_crowd", "_running", "most")

    def __init__(self, crowd: Crowd, most: int) -> None:
        self._crowd = crowd
        self.most = most
        self._running: dict[Exchange, bytes] = {}

    def __repr__(self) -> str:
        return f"<ClientAdmission {self.most} at once>"

    def on_request(self, exchange: Exchange) -> None:
        """See Filter. Raises TooManyAtOnce."""
        client = _MARK + by_client(exchange)
        if self._crowd.here(client) >= self.most:
            raise TooManyAtOnce(f"{self.most} requests of {exchange.client_ip.decode()} run")
        self._crowd.enter(client)
        self._running[exchange] = client

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        client = self._running.pop(exchange, None)
        if client is not None:
            self._crowd.leave(client)
