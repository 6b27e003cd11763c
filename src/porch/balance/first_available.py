"""First available: the one that is written first takes all while it is in rotation.

For a machine with its stand-by, and for pools of which as few machines as possible shall run.
"""

from collections.abc import Iterator, Sequence

from porch.balance.endpoint import Endpoint
from porch.exchange import Exchange

__all__ = ["FirstAvailable"]


class FirstAvailable:
    """See upstream.Balancer. Weights do not count, but for 0."""

    __slots__ = ("_endpoints",)

    def __init__(self) -> None:
        self._endpoints: Sequence[Endpoint] = ()

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """See upstream.Balancer."""
        self._endpoints = up

    def leading(self, exchange: Exchange) -> Sequence[Endpoint]:
        """See upstream.Balancer."""
        return self._endpoints[:1]

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See upstream.Balancer. As they are written."""
        return iter(self._endpoints)
