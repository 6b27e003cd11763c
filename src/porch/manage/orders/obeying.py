"""Obeying: what operators have ordered, in one worker.

Orders change what runs in place: the weight of an endpoint, the plan of a route, whether a canary
is back. A configuration that comes into force has them from its first request.
"""

from porch import clock
from porch.balance.canary import Canary
from porch.balance.endpoint import Out
from porch.config.build import Built
from porch.config.changing import networks
from porch.config.orders import Closed, Order
from porch.config.state import State
from porch.route.plan import Plan
from porch.route.route import Route
from porch.serve.maintenance import Maintenance

__all__ = ["BY_COMMAND", "Obeying"]

BY_COMMAND = "by porch drain"
"""Why an endpoint is drained, as status shows it."""


class Obeying:
    """state: of the worker; its `orders` are those that hold."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._built: Built | None = None
        self._open: dict[Route, Plan] = {}

    def take(self, built: Built) -> None:
        """This configuration is in force from now on."""
        self._built = built
        self._open = {}
        orders = self._state.orders
        if orders.closed or orders.back:
            for entry in built.entries:
                self._arrange(entry.route)

    def obey(self, order: Order) -> None:
        """It holds from now on, or no more."""
        self._state.orders.note(order)
        if order.kind == "drained":
            why = None if order.value is None else Out(BY_COMMAND, order.value)
            assert isinstance(order.name, tuple)
            self._state.on_told((order.name, "drained", why))
        elif order.kind == "weight":
            assert isinstance(order.name, tuple)
            self._state.weigh(order.name)
        elif self._built is not None:
            for entry in self._built.entries:
                self._arrange(entry.route)

    def _arrange(self, route: Route) -> None:
        orders = self._state.orders
        route.plan = self._open.pop(route, route.plan)
        closed = orders.closed.get(route.key)
        if closed is not None:
            self._open[route] = route.plan
            route.plan = _closed(route.plan, closed)
        if isinstance(route.destination, Canary):
            canary = route.destination
            canary.is_back = orders.is_back(canary.name, canary.words)


def _closed(plan: Plan, closed: Closed) -> Plan:
    """The same plan behind a closed door. What runs in it ends as in the open one."""
    door = Maintenance(lambda: closed.left(clock.monotonic()), closed.page, networks(closed.allow))
    made = Plan()
    for phase in Plan.__slots__:
        setattr(made, phase, getattr(plan, phase))
    made.on_request = (door.on_request, *plan.on_request)
    return made
