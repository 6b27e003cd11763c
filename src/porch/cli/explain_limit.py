"""What `porch explain` says of limits: in which ones a request counts."""

from collections.abc import Iterator

from porch.route.route import Route
from porch.shield.limit import Limit, Limiting
from porch.shield.limit_keys import by_client, network

__all__ = ["limit_lines"]


def limit_lines(route: Route | None, client_ip: bytes) -> Iterator[str]:
    """A line each, in the order in which they are asked."""
    if route is None:
        return
    for hook in route.plan.on_request:
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, Limiting):
            for limit in owner.limits:
                yield f"limit     {''.join(_words(limit, client_ip))}"


def _words(limit: Limit, client_ip: bytes) -> Iterator[str]:
    yield f"{limit.text}, counted for {limit.where}"
    if limit.key is by_client and b":" in client_ip and network(client_ip) != client_ip:
        yield "; of this client all of its /64 counts together"
    if limit.cost is not None:
        yield "; charged when the request is over"
    if limit.dry_run:
        yield "; it only looks on (dry_run)"
