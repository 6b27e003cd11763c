"""What a provider has at a URL, fetched and kept: its keys, or what it says of itself.

Asked for before anybody needs it, and again every few minutes; who needs what is not there has it
asked for at once, but seldom, whatever is sent. A provider that cannot be reached changes nothing
for a day; where nothing was ever had, nobody is let in, and it is tried again and again.
"""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from porch import clock
from porch.client import Client
from porch.errors import PorchError

__all__ = ["FIRST_WAIT", "FRESH", "LASTS", "LONGEST_WAIT", "SELDOM", "Fetched", "Spawn"]

FRESH = 600.0
"""Seconds after which it is asked for again."""
LASTS = 86400.0
"""Seconds that it holds where the provider cannot be reached."""
SELDOM = 30.0
"""Seconds between two fetches for the sake of what is not there."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds until it is tried again where it has failed; twice as long each time."""
MOST_WAITING = 1024
"""Requests that may wait for it at a time."""
_TIMEOUT = 5.0
_MOST_BYTES = 256 * 1024

Spawn = Callable[[Coroutine[Any, Any, None]], None]
"""Has a coroutine run as a task."""


class Fetched:
    """A subclass says what is made of an answer (`take`), and forgets it (`forget`).

    why: the last failure, in words; "" behind an answer. is_had: whether there is an answer that
    still counts.
    """

    what: ClassVar[str]
    """What it is, in words, before "at" its URL."""
    accept: ClassVar[bytes]

    __slots__ = (
        "_client",
        "_had_at",
        "_is_asking",
        "_make_client",
        "_next_at",
        "_spawn",
        "_target",
        "_tried_at",
        "_wait",
        "_waiting",
        "_warn",
        "is_had",
        "url",
        "why",
    )

    def __init__(
        self,
        url: str,
        target: bytes,
        make_client: Callable[[], Client],
        spawn: Spawn,
        warn: Callable[[str], None],
    ) -> None:
        """target: of the URL. warn: tells the operator, once for the same in a minute."""
        self.url = url
        self.why = ""
        self.is_had = False
        self._target = target
        self._make_client = make_client
        self._client: Client | None = None
        self._spawn = spawn
        self._warn = warn
        self._is_asking = False
        self._had_at = self._tried_at = -LASTS
        self._next_at = 0.0
        self._wait = FIRST_WAIT
        self._waiting: list[Callable[[], None]] = []

    def take(self, body: bytes) -> None:
        """Keep what an answer says. Raises ValueError with a sentence if it is of no use."""
        raise NotImplementedError

    def forget(self) -> None:
        """Keep nothing."""
        raise NotImplementedError

    def rest(self, why: str) -> None:
        """Ask never."""
        self.why = why
        self._next_at = clock.INFINITY

    def tick(self) -> None:
        """A quarter of a second has passed."""
        now = clock.now
        if self.is_had and now - self._had_at > LASTS:
            self.is_had = False
            self.forget()
        if now >= self._next_at:
            self._ask()

    def when_known(self, call: Callable[[], None]) -> bool:
        """Have `call` called when it has been asked for once more. Returns False where it was just
        now, or where that has failed: it is not asked for every request's sake."""
        now = clock.now
        if not self._is_asking:
            is_due = now >= self._next_at or now - self._tried_at >= SELDOM
            if not is_due or (self.why and now < self._next_at):
                return False
            self._ask()
        if len(self._waiting) >= MOST_WAITING:
            return False
        self._waiting.append(call)
        return True

    def _ask(self) -> None:
        if not self._is_asking:
            self._is_asking = True
            self._tried_at = clock.now
            self._spawn(self._fetch())

    async def _fetch(self) -> None:
        try:
            await self._get()
        except (PorchError, OSError, ValueError) as error:
            self._fail(str(error))
        finally:
            self._is_asking = False
            waiting, self._waiting = self._waiting, []
            for call in waiting:
                call()

    async def _get(self) -> None:
        if self._client is None:
            self._client = self._make_client()
        accept = (b"accept", self.accept)
        answer = await self._client.request(
            b"GET", self._target, [accept], timeout=_TIMEOUT, most_bytes=_MOST_BYTES
        )
        if answer.status != 200:
            raise ValueError(f"it answers {answer.status}")
        self.take(answer.body)
        self.is_had = True
        self._had_at = clock.now
        self._next_at = clock.now + FRESH
        self._wait = FIRST_WAIT
        self.why = ""

    def _fail(self, why: str) -> None:
        self.why = why
        self._next_at = clock.now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        holds = "what is known holds for a day" if self.is_had else "nobody is let in by it"
        self._warn(f"the {self.what} at {self.url} cannot be had: {why}; {holds} until then")
