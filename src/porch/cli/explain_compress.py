"""What `porch explain` says of compression: whether the answer to a request would be coded, how,
and why not."""

from collections.abc import Iterator

from porch.compress.negotiate import asked, chosen
from porch.config.compressing import compressing
from porch.config.loaded import Loaded
from porch.config.settings import RouteSettings
from porch.config.units import spell_size
from porch.http.message import RequestHead
from porch.route.route import Route

__all__ = ["compress_lines"]


def compress_lines(loaded: Loaded, route: Route | None, request: RequestHead) -> Iterator[str]:
    """None of a route that codes nothing."""
    if route is None:
        return
    places = (each for each in loaded.routes if (each.key, each.where) == (route.key, route.where))
    entry = next(places, None)
    if entry is None or entry.pattern is None:
        return
    words = RouteSettings.of(loaded, entry, entry.pattern.host.decode()).compress
    if words is None:
        return
    rules = compressing(words)
    if rules is None:
        yield "coding    none: the route has secrets = true"
        return
    ours = ", ".join(each.decode() for each in rules.codings)
    accept = asked(request.fields)
    coding = chosen(accept, rules.codings)
    if request.upgrade is not None or request.method == b"CONNECT":
        yield "coding    none: it opens a tunnel"
    elif accept is None:
        yield f"coding    none: the request has no Accept-Encoding; {ours} are made here"
    elif coding is None:
        yield f"coding    none: its Accept-Encoding has none of {ours}"
    else:
        least = spell_size(rules.least)
        yield f"coding    {coding.decode()}, if the type is among `types`, from {least} on,"
        yield "          unless the origin has coded it or says no-transform"
