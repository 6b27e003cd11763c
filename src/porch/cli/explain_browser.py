"""What `porch explain` says of the words about browsers."""

from collections.abc import Iterator

from porch.route.route import Route
from porch.shield.cookies import HardenCookies
from porch.shield.cors import Cors
from porch.shield.csrf import CrossSite
from porch.shield.secure_content import ContentPolicy

__all__ = ["browser_lines"]

_WORDS = ((Cors, "cors"), (CrossSite, "csrf"), (HardenCookies, "cookies"), (ContentPolicy, "csp"))


def browser_lines(route: Route | None) -> Iterator[str]:
    """None of a route that has none of them."""
    if route is None:
        return
    hooks = (*route.plan.on_request, *route.plan.on_response)
    owners = dict.fromkeys(getattr(hook, "__self__", None) for hook in hooks)
    for owner in owners:
        for kind, word in _WORDS:
            if isinstance(owner, kind):
                yield from (f"{word:<10}{text}" for text in owner.described())
