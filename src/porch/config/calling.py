"""The filters of gRPC, for those routes that may carry it."""

from porch.config.target import Target
from porch.filter import Filter
from porch.grpc.calls import Calls
from porch.grpc.web import GrpcWeb
from porch.route.route import Timeouts

__all__ = ["Calling", "may_take_calls"]

_TWO = ("https", "h2", "h2c")


def may_take_calls(target: Target) -> bool:
    """Whether an endpoint of it may speak HTTP/2, without which there is no gRPC."""
    if target.source is not None:
        return target.source.may_be_secure
    return target.kind in _TWO


class Calling:
    """Makes them. Routes with the same timeouts share one."""

    def __init__(self) -> None:
        self._calls: dict[Timeouts, Calls] = {}
        self._web = GrpcWeb()

    def filters(self, timeouts: Timeouts, *, web: bool) -> list[Filter]:
        """In front of all others. web: whether calls of browsers are taken too."""
        calls = self._calls.setdefault(timeouts, Calls(timeouts))
        return [calls, self._web] if web else [calls]
