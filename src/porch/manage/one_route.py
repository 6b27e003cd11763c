"""OneRoute: a router for what the observer serves: everything there is one route."""

from porch.http.message import RequestHead
from porch.keeper import Security
from porch.route.route import Route

__all__ = ["OneRoute"]


class OneRoute:
    """route: whatever is asked for."""

    def __init__(self, route: Route) -> None:
        self._route = route

    def find(self, request: RequestHead, client_ip: bytes, security: Security | None) -> Route:
        """See listen.door.Router."""
        return self._route
