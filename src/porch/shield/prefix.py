"""What `strip` took off the path is put back into the answer: Location and cookie paths."""

from porch.exchange import Exchange
from porch.filter import Filter
from porch.route.rewrite import put_back

__all__ = ["PutBack"]


class PutBack(Filter):
    """Puts the stripped prefix back into the origin's answers."""

    __slots__ = ("_prefix",)

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response = exchange.response
        assert response is not None
        response.fields = put_back(response.fields, self._prefix, exchange.request.authority)
