"""A router of one route."""

from typing import Any

from porch.manage.one_route import OneRoute
from porch.route.route import Route


def test_whatever_is_asked_for_is_of_that_route() -> None:
    route = Route(key="x")
    request: Any = None
    assert OneRoute(route).find(request, b"", None) is route
