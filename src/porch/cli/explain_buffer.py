"""What `porch explain` says of bodies that wait at the door, and of how fast answers leave it."""

from collections.abc import Iterator

from porch.config.loaded import Loaded
from porch.config.settings import RouteSettings
from porch.config.units import spell_size
from porch.http.grpc import call_kind
from porch.http.message import RequestHead
from porch.route.route import Route

__all__ = ["buffer_lines"]


def buffer_lines(loaded: Loaded, route: Route | None, request: RequestHead) -> Iterator[str]:
    """None of a route that has none of the words, nor of a tunnel, which never waits."""
    if route is None or request.upgrade is not None:
        return
    places = (each for each in loaded.routes if (each.key, each.where) == (route.key, route.where))
    entry = next(places, None)
    if entry is None or entry.pattern is None:
        return
    words = RouteSettings.of(loaded, entry, entry.pattern.host.decode())
    if route.destination is not None and words.buffer_request is not None:
        if request.method == b"POST" and call_kind(request.get(b"content-type")):
            yield "buffers   nothing of the request: it is a call of gRPC"
        else:
            most = spell_size(words.buffer_request)
            yield f"buffers   the request until it is whole; 413 to more than {most}"
    if route.destination is not None and words.buffer_response is not None:
        most = spell_size(words.buffer_response)
        yield f"buffers   up to {most} of the answer, ahead of a slow client"
    if words.bandwidth is not None:
        whose = "each client" if words.bandwidth.per == "client" else "all clients"
        yield f"paces     the answers of {whose} at {spell_size(words.bandwidth.rate)} a second"
