"""A set of keys at a URL (RFC 7517 5), fetched and kept.

Asked for before anybody needs it, and again every few minutes; a token with a key that is not known
has it asked for at once, but seldom, whatever is sent. A provider that cannot be reached changes
nothing for a day; where none was ever had, nobody is let in, and it is tried again and again.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from porch import clock
from porch.client import Client
from porch.errors import PorchError
from porch.shield.jwt_keys import JwtKey, keys_of_set

__all__ = ["FRESH", "LASTS", "SELDOM", "KeySet", "Spawn"]

FRESH = 600.0
"""Seconds after which the keys are asked for again."""
LASTS = 86400.0
"""Seconds that they hold where the provider cannot be reached."""
SELDOM = 30.0
"""Seconds between two fetches for the sake of a key that is not known."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds until it is tried again where it has failed; twice as long each time."""
MOST_WAITING = 1024
"""Requests that may wait for the keys at a time."""
_TIMEOUT = 5.0
_MOST_BYTES = 256 * 1024

Spawn = Callable[[Coroutine[Any, Any, None]], None]
"""Has a coroutine run as a task."""


class KeySet:
    """keys: those of the last answer; empty while there is none, or none that still counts. why:
    the last failure, in words; "" behind an answer."""

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
        "keys",
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
        self.keys: list[JwtKey] = []
        self.why = ""
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

    def __repr__(self) -> str:
        return f"<KeySet {self.url} {len(self.keys)} keys>"

    def rest(self, why: str) -> None:
        """Ask never."""
        self.why = why
        self._next_at = clock.INFINITY

    def tick(self) -> None:
        """A quarter of a second has passed."""
        now = clock.now
        if self.keys and now - self._had_at > LASTS:
            self.keys = []
        if now >= self._next_at:
            self._ask()

    def has(self, algorithm: str, key_id: str) -> bool:
        """Whether a token that names this could be verified by what is here."""
        return any(
            algorithm in each.algorithms and (not key_id or each.key_id in (key_id, ""))
            for each in self.keys
        )

    def when_known(self, call: Callable[[], None]) -> bool:
        """Have `call` called when the keys have been asked for once more. Returns False where they
        were just now, or where that has failed: it is not asked for every token's sake."""
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
        accept = (b"accept", b"application/jwk-set+json, application/json")
        answer = await self._client.request(
            b"GET", self._target, [accept], timeout=_TIMEOUT, most_bytes=_MOST_BYTES
        )
        if answer.status != 200:
            raise ValueError(f"it answers {answer.status}")
        keys = keys_of_set(answer.body)
        if not keys:
            raise ValueError("there is no key in it that can be used")
        self.keys = keys
        self._had_at = clock.now
        self._next_at = clock.now + FRESH
        self._wait = FIRST_WAIT
        self.why = ""

    def _fail(self, why: str) -> None:
        self.why = why
        self._next_at = clock.now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        holds = "those that are known hold for a day" if self.keys else "nobody is let in by them"
        self._warn(f"the keys at {self.url} cannot be had: {why}; {holds} until they can")
