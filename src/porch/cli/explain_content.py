"""What `porch explain` says of what a request may say: the shape of its JSON, the document of an
API."""

from collections.abc import Iterator

from porch.http.message import RequestHead
from porch.route.route import Route
from porch.shield.json_content import JsonContent
from porch.shield.openapi import OpenApi

__all__ = ["content_lines"]


def content_lines(route: Route | None, request: RequestHead) -> Iterator[str]:
    """None of a route that looks at nothing."""
    for hook in route.plan.on_request if route is not None else ():
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, JsonContent):
            yield from (f"json      {each}" for each in owner.described())
        elif isinstance(owner, OpenApi):
            yield from (f"openapi   {each}" for each in owner.described(request))
