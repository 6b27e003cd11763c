"""The filters of gRPC, for those routes that may carry it."""

from porch.config.loaded import Loaded
from porch.config.target import Target
from porch.filter import Filter
from porch.grpc.calls import Calls
from porch.grpc.web import GrpcWeb
from porch.route.route import Timeouts

__all__ = ["NO_CALLS", "Calling", "may_take_calls"]

NO_CALLS = "there is no gRPC over HTTP/1.1; write h2c:// or https:// in `to`"
"""Of `grpc_web` where no endpoint may speak HTTP/2."""

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
        self._has_web = False

    def filters(self, timeouts: Timeouts, *, web: bool) -> list[Filter]:
        """In front of all others. web: whether calls of browsers are taken too."""
        calls = self._calls.setdefault(timeouts, Calls(timeouts))
        self._has_web = self._has_web or web
        return [calls, self._web] if web else [calls]

    def review(self, loaded: Loaded) -> None:
        """Warn of a `grpc_web` of all routes, or of a site's, that holds for none of them."""
        if self._has_web:
            return
        sites = [(loaded.site_paths[host], site) for host, site in loaded.sites.items()]
        for path, words in ((), loaded.config), *sites:
            if words.grpc_web:
                loaded.add((*path, "grpc_web"), NO_CALLS, warning=True)
