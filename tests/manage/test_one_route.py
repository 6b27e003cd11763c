"""A router of one route, and what a door of it holds to."""

from typing import Any

from porch.http.h1 import HeadLimits
from porch.listen.crowd_gate import Bounds
from porch.manage.one_route import OneRoute, one_route
from porch.observe.error_page import error_response
from porch.route.route import Route, Timeouts


def test_whatever_is_asked_for_is_of_that_route() -> None:
    route = Route(key="x")
    request: Any = None
    assert OneRoute(route).find(request, b"", None) is route


def test_a_door_of_it_trusts_nobody_and_has_the_bounds_and_times_that_it_is_given() -> None:
    route, malformed = Route(key="x", timeouts=Timeouts(head=7.0)), Route(key="-")
    bounds, limits = Bounds(most=3, are_fixed=True), HeadLimits(fields=5)
    reported: list[Any] = []
    held = one_route(
        route,
        malformed,
        limits=limits,
        streams=4,
        bounds=bounds,
        error_page=error_response,
        report=lambda exchange, error: reported.append(error),
    )
    request: Any = None
    assert held.router.find(request, b"", None) is route
    assert held.malformed is malformed
    assert (held.timeouts.head, held.limits, held.streams, held.bounds) == (7.0, limits, 4, bounds)
    assert (held.client_ip, held.announces, held.h2c) == (None, None, False)
    assert held.min_rate > 0
