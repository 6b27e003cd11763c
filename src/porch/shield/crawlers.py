"""Crawlers that are who they say: by the name of their address, and the address of that name.

A field can be written by anybody; the name of an address only by whom the address belongs to, who
could call it anything. So the name has to lead back (as Google, Microsoft and others say).
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from porch import clock
from porch.http.message import RequestHead
from porch.shield.crawler_dns import Asked, NotFound, find

__all__ = ["FAILED_FOR", "FALSE_FOR", "KNOWN", "MOST", "TRUE_FOR", "Crawlers"]

KNOWN: Mapping[str, tuple[str, ...]] = {
    "applebot": (".applebot.apple.com",),
    "baiduspider": (".crawl.baidu.com", ".crawl.baidu.jp"),
    "bingbot": (".search.msn.com",),
    "googlebot": (".googlebot.com",),
    "petalbot": (".petalsearch.com",),
    "seznambot": (".seznam.cz",),
    "yandexbot": (".yandex.ru", ".yandex.net", ".yandex.com"),
}
"""What they call themselves -> where the names of their addresses end: where no customer of theirs
has a machine, as anybody may below `bc.googleusercontent.com`."""

MOST = 32
"""Addresses of a worker that are asked about at a time."""
_MOST_WAITING = 64
_REMEMBERED = 4096
TRUE_FOR = 86400.0
FALSE_FOR = 600.0
FAILED_FOR = 30.0
"""Seconds that it is remembered that it is so, that it is not, and that nobody could tell."""

Tell = Callable[[bool], None]
_Key = tuple[str, bytes]


class Crawlers:
    """Of one worker. names: that are let past. spawn: runs what asks; None where nobody serves."""

    __slots__ = ("_asked", "_known", "_spawn", "_waiting", "names")

    def __init__(
        self,
        names: Sequence[str],
        spawn: Callable[[Coroutine[Any, Any, None]], object] | None,
        asked: Asked = find,
    ) -> None:
        self.names = tuple(names)
        self._spawn = spawn
        self._asked = asked
        self._known: dict[_Key, tuple[float, bool]] = {}
        self._waiting: dict[_Key, list[Tell]] = {}

    def __repr__(self) -> str:
        return f"<Crawlers {', '.join(self.names)}, {len(self._known)} known>"

    def claimed(self, request: RequestHead) -> str:
        """Which of them a request says that it is of; "" for none."""
        agent = (request.get(b"user-agent") or b"").lower().decode("latin-1")
        return next((each for each in self.names if each in agent), "")

    def known(self, name: str, client: bytes) -> bool | None:
        """Whether the client is that; None if it has to be found out."""
        until, verdict = self._known.get((name, client), (0.0, False))
        return verdict if clock.monotonic() < until else None

    def ask(self, name: str, client: bytes, tell: Tell) -> bool:
        """Find out, and tell later. False if there is no room; then nobody is told."""
        key = name, client
        waiting = self._waiting.get(key)
        if waiting is not None:
            if len(waiting) >= _MOST_WAITING:
                return False
            waiting.append(tell)
            return True
        if self._spawn is None or len(self._waiting) >= MOST:
            return False
        self._waiting[key] = [tell]
        self._spawn(self._find(key))
        return True

    async def _find(self, key: _Key) -> None:
        verdict, holds = False, FAILED_FOR
        try:
            verdict = await self._asked(key[1].decode("latin-1"), KNOWN[key[0]])
            holds = TRUE_FOR if verdict else FALSE_FOR
        except NotFound:
            pass
        finally:
            self._known.pop(key, None)
            if len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = clock.monotonic() + holds, verdict
            for tell in self._waiting.pop(key):
                tell(verdict)
