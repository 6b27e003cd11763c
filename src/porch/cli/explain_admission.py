"""What `porch explain` says of how many requests one client may have at once."""

from collections.abc import Iterator

from porch.route.route import Route
from porch.shield.admission_client import ClientAdmission

__all__ = ["admission_lines"]


def admission_lines(route: Route | None) -> Iterator[str]:
    """A line, where they are bounded."""
    for hook in route.plan.on_request if route is not None else ():
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, ClientAdmission):
            yield f"at once   {owner.most} requests of one client (connections.requests_per_client)"
