"""Audited: what of a door a change may change, for the audit to compare before and behind it."""

from porch.manage.in_force import InForce
from porch.manage.orders.ordered import ordered

__all__ = ["audited"]


def audited(version: str, in_force: InForce) -> dict[str, object]:
    """As it is now, by its name: plain data, without secrets. version: of Porch."""
    running = in_force.history.running
    return {
        "version": version,
        "configuration": running.snapshot.short if running is not None else "",
        "orders": [each["order"] for each in ordered(in_force.orders)],
        "log_level": "debug" if in_force.debug_until else "normal",
        "capture": in_force.capture[0] if in_force.capture else None,
    }
