"""What `porch explain` says of a route's retries, and of those of this very request."""

from collections.abc import Iterator

from porch.balance.budget import FLOOR, SHARE
from porch.balance.upstream import Upstream
from porch.config.units import spell_size
from porch.exchange import HELD
from porch.http.message import RequestHead
from porch.route.retry import is_repeatable
from porch.route.route import Route

__all__ = ["retry_lines"]


def retry_lines(route: Route | None, request: RequestHead) -> Iterator[str]:
    """Facts without their word; none where nothing is forwarded."""
    if route is None or route.destination is None:
        return
    retry = route.retry
    yield retry.text
    if not retry.attempts:
        return
    yield (
        f"repetitions are at most {SHARE * 100:.0f} % more than came to the pool, and "
        f"{FLOOR:.0f} a second"
    )
    if isinstance(route.destination, Upstream) and len(route.destination.endpoints) == 1:
        yield "there is one endpoint: only a kept connection that had closed is replaced"
    held = spell_size(HELD)
    once = "sent once; another endpoint only where there was no connection"
    if not is_repeatable(request):
        yield f"{once}: {request.method.decode('latin-1')} without an Idempotency-Key"
    elif request.length is None:
        yield f"a body of unknown length is sent again up to {held} of it"
    elif request.length > HELD:
        yield f"{once}: a body of {request.length} bytes is not held, {held} are at most"
