"""What `porch explain` says of canary, mirror and maintenance, and of what a running door was told.

The file is what is explained; orders are not in it: the door that runs has them.
"""

from collections.abc import Iterable, Iterator, Mapping

from porch.balance.canary import Canary
from porch.balance.mirror import Mirror
from porch.balance.sticky import Sticky
from porch.balance.upstream import Upstream
from porch.config.rehearse import Rehearsal
from porch.config.units import spell_share
from porch.manage.naming import spelled
from porch.route.route import Route
from porch.serve.maintenance import Maintenance

__all__ = ["changes", "ordered_for", "pools"]


def changes(rehearsal: Rehearsal, client_ip: bytes) -> Iterator[str]:
    """Lines about the words of the file."""
    route = rehearsal.route
    if route is None:
        return
    for hook in route.plan.on_request:
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, Maintenance):
            allowed = ", ".join(map(str, owner.allow))
            but = f", but for {allowed}" if allowed else ""
            yield f"closed    maintenance{but}"
    canary = route.destination
    if isinstance(canary, Canary):
        goes = (
            "this one does" if canary.takes(rehearsal.request, client_ip) else "this one does not"
        )
        if not canary.rule.sticky:
            goes += " this time"
        yield f"canary    {canary.rule} to {canary.target}; {goes}"
        if canary.abort is not None:
            yield f"abort     {canary.abort.text}, then nobody goes there"
    for hook in route.plan.on_end:
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, Mirror):
            target = owner.route.target
            yield f"mirror    {spell_share(owner.share)} are copied to {target}, answers dropped"


def ordered_for(orders: Iterable[Mapping[str, str]], route: Route | None) -> Iterator[str]:
    """Lines about what the door that runs was told and this route meets. orders: as its status has
    them."""
    if route is None:
        return
    names = {spelled((each.name, place.name)) for each in pools(route) for place in each.endpoints}
    names.add(route.key)
    if isinstance(route.destination, Canary):
        names.add(route.destination.name)
    for each in orders:
        if each["about"] in names:
            yield f"now       {each['order']} ({each['undo']} ends it)"


def pools(route: Route) -> list[Upstream | Sticky]:
    """Those that its requests may go to."""
    found = route.destination
    both = (found.stable, found.canary) if isinstance(found, Canary) else (found,)
    return [each for each in both if isinstance(each, Upstream | Sticky)]
