"""What `porch explain` says of the words about browsers, and about what is behind the door."""

from collections.abc import Iterator

from porch.route.route import Route
from porch.shield.cookies import HardenCookies
from porch.shield.cors import Cors
from porch.shield.csrf import CrossSite
from porch.shield.hide import Hide
from porch.shield.internal import SendInternal
from porch.shield.secure_content import ContentPolicy

__all__ = ["browser_lines"]

_WORDS = (
    (Cors, "cors"),
    (CrossSite, "csrf"),
    (HardenCookies, "cookies"),
    (ContentPolicy, "csp"),
    (SendInternal, "accel"),
    (Hide, "hide"),
)


def browser_lines(route: Route | None) -> Iterator[str]:
    """None of a route that has none of them."""
    if route is None:
        return
    plan = route.plan
    hooks = (*plan.on_request, *plan.on_upstream_response, *plan.on_response)
    owners = dict.fromkeys(getattr(hook, "__self__", None) for hook in hooks)
    for owner in owners:
        for kind, word in _WORDS:
            if isinstance(owner, kind):
                yield from (f"{word:<10}{text}" for text in owner.described())
