"""Pages: what becomes of the door's own error page of a request that went past the cache.

It says so, or what is stored stands in for it. No hook of the cache meets those pages: one more
would be a call for each hit, too.
"""

from collections.abc import Callable

from porch.cache.shelf import Shelf
from porch.cache.status_field import appended
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Response

__all__ = ["telling"]

_Page = Callable[[Exchange, PorchError], Response]


def telling(page: _Page, shelf: Shelf | None) -> _Page:
    """`page`, or what the caches of a shelf have to stand in for it; with Cache-Status where they
    have noted what it says. As it is where there is no shelf."""
    if shelf is None:
        return page
    notes, standings = shelf.notes, shelf.standing

    def told(exchange: Exchange, error: PorchError) -> Response:
        standing = standings.pop(exchange, None)
        if standing is not None and error.source != "client":
            stale = standing.stale(error, 0)
            if stale is not None:
                return stale
        made = page(exchange, error)
        note = notes.pop(exchange, None)
        if note is not None:
            made.fields = appended([*made.fields], note)
        return made

    return told
