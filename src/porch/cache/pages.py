"""Pages: that the door's own error page of a request that went past the cache says so.

No hook of the cache meets those pages: one more would be a call for each hit, too.
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
    """`page` with Cache-Status where the caches of a shelf have noted what it says; as it is where
    there is none."""
    if shelf is None:
        return page
    notes = shelf.notes

    def told(exchange: Exchange, error: PorchError) -> Response:
        made = page(exchange, error)
        note = notes.pop(exchange, None)
        if note is not None:
            made.fields = appended([*made.fields], note)
        return made

    return told
