"""Ordered: what operators have said to a door, each with the command that undoes it."""

import shlex
from collections.abc import Iterator

from porch.config.orders import Orders
from porch.config.units import spell_duration
from porch.manage.naming import spelled
from porch.observe.stamp import utc

__all__ = ["ordered"]

Told = dict[str, object]


def ordered(orders: Orders) -> list[Told]:
    """Of each: the name of what it is about; what it is, "drained api/10.0.0.1:8000"; since when,
    RFC 3339, None where that is not kept; and the command that ends it."""
    return [*_ordered(orders)]


def _ordered(orders: Orders) -> Iterator[Told]:
    for name, since in orders.drained.items():
        yield _told(f"drained {spelled(name)}", since, "undrain", spelled(name))
    for name, weight in orders.weights.items():
        text = f"weight {weight} for {spelled(name)}"
        yield _told(text, None, "weight", spelled(name), "file")
    for key, closed in orders.closed.items():
        allow = f", but for {', '.join(closed.allow)}" if closed.allow else ""
        until = ""
        if closed.until is not None:
            until = f" for {spell_duration(round(closed.until - closed.since))}"
        yield _told(f"maintenance of {key}{until}{allow}", closed.since, "maintenance", key, "off")
    for canary, back in orders.back.items():
        yield _told(f"canary of {canary} is back: {back.why}", back.since, "canary", canary, "on")


def _told(order: str, since: float | None, *command: str) -> Told:
    return {
        "about": command[1],
        "order": order,
        "since": None if since is None else utc(since),
        "undo": shlex.join(("porch", *command)),
    }
