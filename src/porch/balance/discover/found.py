"""Found: what a provider finds, and what a provider is.

A provider is an async generator of whole lists: each list takes the place of the one before. It
yields at once, and again whenever it has looked, whether something has changed or not. It knows
nothing of pools, workers or connections. When it cannot look it raises, and is called again after a
pause; the last good list stays meanwhile.
"""

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

__all__ = ["Found", "Provider"]


class Found(NamedTuple):
    """One endpoint.

    address: as in `to` of a route: "10.0.0.1:8000", "https://app.internal", "unix:/run/app.sock".
    weight: its share against the others; 0 takes no requests. priority: lower ones come first.
    """

    address: str
    weight: int = 1
    priority: int = 0


Provider = Callable[[], AsyncIterator[list[Found]]]
"""What `async def endpoints() -> AsyncIterator[list[Found]]` is."""
