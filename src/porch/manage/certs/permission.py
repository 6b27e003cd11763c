"""Permission: whether a host may have a certificate on demand, as the operator's code or service
answers it. It blocks, so it is asked in a thread."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from porch.manage.named_object import object_named

__all__ = ["SECONDS", "Askable", "Permission", "permission"]

SECONDS = 10.0
"""That an answer may take."""

Permission = Callable[[str, str], bool]
"""(host, the client's address) -> whether it may have one. Blocks, and raises what goes wrong."""


class Askable(Protocol):
    """A Permission that may have to be made ready."""

    def __call__(self, name: str, client: str, /) -> bool:
        """See Permission."""

    def load(self) -> None:
        """Find whom to ask. It is done again by who asks. Blocks; raises ValueError or TypeError
        with a sentence."""


def permission(word: str, base: Path) -> Askable:
    """What `word` names: "py:module:function" or a URL. base: where modules are found too."""
    return _Function(word, base) if word.startswith("py:") else _Service(word)


class _Function:
    """Of the operator's own. It is called from many threads."""

    def __init__(self, word: str, base: Path) -> None:
        self._word = word
        self._base = base
        self._found: Callable[[str, str], object] | None = None

    def load(self) -> None:
        self._function()

    def __call__(self, name: str, client: str) -> bool:
        answer = self._function()(name, client)
        if inspect.isawaitable(answer):
            answer = asyncio.run(_awaited(answer))
        if answer is None or isinstance(answer, bool):
            return answer is True
        raise TypeError(f"it answered {answer!r:.60}, which is neither True nor False")

    def _function(self) -> Callable[[str, str], object]:
        if self._found is None:
            found = object_named(self._word, self._base)
            if not callable(found):
                raise TypeError(f"{self._word} is no function")
            self._found = found
        return self._found


async def _awaited(answer: Awaitable[object]) -> object:
    return await asyncio.wait_for(answer, SECONDS)


class _Service:
    """One that is asked by HTTP: 200 is yes. No redirect is followed, for one to a page that says
    "log in" with 200 would be a yes; and no proxy is asked for what is near."""

    def __init__(self, word: str) -> None:
        url = urlsplit(word)
        self._kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        self._host = url.hostname or ""
        self._port = url.port
        self._target = f"{url.path or '/'}?{url.query + '&' if url.query else ''}"

    def load(self) -> None:
        """It may come up later than this door."""

    def __call__(self, name: str, client: str) -> bool:
        connection = self._kind(self._host, self._port, timeout=SECONDS)
        try:
            asked = urlencode({"domain": name, "client": client})
            fields = {"User-Agent": "porch", "Connection": "close"}
            connection.request("GET", self._target + asked, headers=fields)
            return connection.getresponse().status == 200
        finally:
            connection.close()
