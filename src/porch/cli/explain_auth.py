"""What `porch explain` says of who may come in."""

from collections.abc import Iterator

from porch.route.route import Route
from porch.shield.auth import Authenticate

__all__ = ["auth_lines"]


def auth_lines(route: Route | None) -> Iterator[str]:
    """None of a route where everybody may come."""
    for hook in route.plan.on_request if route is not None else ():
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, Authenticate):
            ways = [each for each in owner.described if not each.startswith("needs ")]
            needs = [each for each in owner.described if each.startswith("needs ")]
            yield f"auth      {', or '.join(ways)}" + "".join(f"; {each}" for each in needs)
