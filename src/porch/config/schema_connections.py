"""The words about connections: how many clients there may be, and how often they may come."""

from typing import Annotated, Literal

from pydantic import Field

from porch.config.model import Model, word
from porch.config.words import Bound, Form

__all__ = ["ConnectionWords", "ConnectionsModel", "MinRate"]

_Many = Annotated[int, Field(ge=1, le=10_000_000)]
MinRate = Annotated[Bound | Literal[False], Form('a size, such as "240B", or false')]
_Often = Annotated[int, Field(ge=1, le=65_000)]


class ConnectionsModel(Model):
    """Of all workers together; no bound where nothing is said. A client is an address, of IPv6 a
    /64. Peers in `trust` and `proxy_protocol` speak for many clients, and have no bound of their
    own but for `requests_per_client`, which counts by the client that they tell of.
    """

    most: _Many | None = word(
        "Connections at once. When there are so many, the longest idle are closed for others; "
        "where none is idle, who comes waits to be accepted. The limit of open files is one as "
        "well."
    )
    per_client: _Many | None = word("Connections of one client at once; further ones are closed.")
    new_per_second: _Often | None = word(
        "Connections accepted in any second; who comes then waits to be accepted."
    )
    new_per_client: _Often | None = word(
        "Connections of one client in any second; further ones are closed."
    )
    requests_per_client: _Many | None = word(
        "Requests of one client at once, over all its connections; further ones are answered 429."
    )


class ConnectionWords(Model):
    """Of the whole door."""

    connections: ConnectionsModel = Field(
        default_factory=ConnectionsModel,
        description="See [connections](#connections). No bounds if left out.",
        json_schema_extra={"default": {}},
    )
