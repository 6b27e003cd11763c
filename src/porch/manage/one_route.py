"""OneRoute: a router for what the observer serves: everything there is one route; and what a door
that serves it holds to, whatever the configuration of the sites says."""

from collections.abc import Callable

from porch.config.build import DoorSettings
from porch.exchange import Exchange
from porch.http.h1 import HeadLimits
from porch.http.message import RequestHead
from porch.keeper import Security
from porch.listen.crowd_gate import Bounds
from porch.listen.door import ErrorPage
from porch.route.route import Route

__all__ = ["OneRoute", "one_route"]

_LEAST = 240
"""Bytes a second, as `limits.min_rate` is if nothing is said."""


class OneRoute:
    """route: whatever is asked for."""

    def __init__(self, route: Route) -> None:
        self._route = route

    def find(self, request: RequestHead, client_ip: bytes, security: Security | None) -> Route:
        """See listen.door.Router."""
        return self._route


def one_route(
    route: Route,
    malformed: Route,
    *,
    limits: HeadLimits,
    streams: int,
    bounds: Bounds,
    error_page: ErrorPage,
    report: Callable[[Exchange, Exception], None],
) -> DoorSettings:
    """What a door of this one route holds to; see listen.door.Settings. Nobody is trusted there to
    speak for others, and HTTP/2 is spoken over TLS alone. route: has the timeouts too."""
    return DoorSettings(
        router=OneRoute(route),
        limits=limits,
        streams=streams,
        timeouts=route.timeouts,
        malformed=malformed,
        error_page=error_page,
        report=report,
        client_ip=None,
        announces=None,
        own_fields=((b"server", b"porch"),),
        bounds=bounds,
        min_rate=_LEAST,
        h2c=False,
    )
