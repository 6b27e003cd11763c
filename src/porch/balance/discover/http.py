"""A list of endpoints as JSON by HTTP, asked for at an interval, with its ETag (RFC 9110 8.8.3)."""

import asyncio
from collections.abc import AsyncIterator, Callable

from porch.balance.discover.document import LONGEST, read_document
from porch.balance.discover.found import Found
from porch.client import Client

__all__ = ["EVERY", "ListUrl"]

EVERY = 5.0
"""Seconds between two looks, if nothing is said."""
PATIENCE = 5.0
"""Seconds that an answer may take."""


class ListUrl:
    """See found.Provider. client: makes one to ask with. target: path and query."""

    def __init__(self, client: Callable[[], Client], target: str, every: float = EVERY) -> None:
        self._client = client
        self._target = target.encode()
        self._every = every
        self._etag = b""
        self._found: list[Found] = []

    async def endpoints(self) -> AsyncIterator[list[Found]]:
        """Raises PorchError and ValueError."""
        client = self._client()
        while True:
            fields = [(b"accept", b"application/json")]
            if self._etag:
                fields.append((b"if-none-match", self._etag))
            answer = await client.request(
                b"GET", self._target, fields, timeout=PATIENCE, most_bytes=LONGEST
            )
            if answer.status == 200:
                self._etag = b""  # what cannot be read is asked for as a whole again
                self._found = read_document(answer.body)
                self._etag = answer.get(b"etag") or b""
            elif answer.status != 304 or not self._etag:
                raise ValueError(f"it was answered {answer.status}; 200 is wanted")
            yield self._found
            await asyncio.sleep(self._every)
