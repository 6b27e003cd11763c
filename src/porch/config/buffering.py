"""From the words about waiting bodies to filters."""

from porch.balance.standing import PACED
from porch.buffer.bandwidth import Bandwidth
from porch.buffer.request import BufferRequest
from porch.buffer.response import BufferResponse
from porch.config.contents import Contents
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.route.route import REQUESTS
from porch.shared import Cells
from porch.shield.content import LookAtBody
from porch.shield.limit_keys import network

__all__ = ["AllWorkers", "buffering", "pacing"]


class AllWorkers:
    """Bytes that left by all workers. See buffer.bandwidth.Counter."""

    __slots__ = ("_cells",)

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def add(self, size: int) -> None:
        """See Counter."""
        self._cells.own[REQUESTS] += size

    def total(self) -> int:
        """See Counter."""
        return self._cells.total(REQUESTS)


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
    if words.per == "client":
        return [Bandwidth(words.rate, network)]
    return [Bandwidth(words.rate, None, AllWorkers(state.counter((name, PACED))))]
