"""From the words about waiting bodies to filters."""

from porch.buffer.bandwidth import Bandwidth
from porch.buffer.request import BufferRequest
from porch.buffer.response import BufferResponse
from porch.config.contents import Contents
from porch.config.limiting import row_of
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.shield.content import LookAtBody
from porch.shield.limit_keys import network
from porch.shield.limit_pace import Pace

__all__ = ["buffering", "pacing"]


def buffering(settings: RouteSettings, contents: Contents) -> list[Filter]:
    """What keeps bodies of a route that leads to a pool, and looks at those that are whole."""
    filters: list[Filter] = []
    content = contents.of(settings)
    if settings.buffer_request is not None or content is not None:
        gathered = BufferRequest(settings.buffer_request, content.wants if content else None)
        filters.append(gathered)
        if content is not None:
            filters.append(LookAtBody(content, gathered, contents.thread))
    if settings.buffer_response is not None:
        filters.append(BufferResponse(settings.buffer_response))
    return filters


def pacing(settings: RouteSettings, name: str, state: State) -> list[Filter]:
    """What slows the answers of a route down, the first of its filters: what changes answers does
    so before they are cut into steps. name: of the route, under which all workers count."""
    words = settings.bandwidth
    if words is None:
        return []
    key = network if words.per == "client" else _all
    return [Bandwidth(Pace(row_of(state), f"bandwidth of {name}", words.rate, key))]


def _all(address: bytes) -> bytes:
    """All clients have one rate together."""
    return b"*"
