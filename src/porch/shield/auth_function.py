"""A function of the operator's that says who a client is: `auth = "py:module:function"`.

It gets the exchange and returns a name, an Identity, or None for nobody. One that is `async` runs
as a task of this route's requests alone. One that raises lets nobody in.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.identity import Identity
from porch.shield.auth import Judge, Later, Verdict
from porch.shield.auth_errors import CannotTell
from porch.shield.fetched import Spawn

__all__ = ["PATIENCE", "AuthFunction", "ByFunction"]

PATIENCE = 10.0
"""Seconds that one may take which waits."""

AuthFunction = Callable[[Exchange], Any]
"""Returns str | Identity | None, or an awaitable of it. May raise a PorchError, such as NotAllowed,
which is the answer."""


class ByFunction:
    """See auth.Way. word: by which the configuration names it."""

    challenge = b""

    __slots__ = ("_function", "_judge", "_spawn", "_word")

    def __init__(self, word: str, function: AuthFunction, spawn: Spawn, judge: Judge) -> None:
        self._word = word
        self._function = function
        self._spawn = spawn
        self._judge = judge

    def identify(self, exchange: Exchange) -> Verdict | Later:
        """See auth.Way."""
        try:
            found = self._function(exchange)
        except Exception as error:
            return self._raised(exchange, error)
        if not inspect.isawaitable(found):
            return self._verdict(found)
        later = _Once()
        timer = exchange.keeper.later(PATIENCE, lambda: later.tell(self._is_late()))
        self._spawn(self._wait(exchange, found, later, timer.cancel))
        return later

    async def _wait(
        self,
        exchange: Exchange,
        found: Awaitable[object],
        later: Later,
        cancel: Callable[[], None],
    ) -> None:
        verdict: Verdict = CannotTell(f"{self._word} was not asked to the end")
        try:
            verdict = self._verdict(await found)
        except Exception as error:
            verdict = self._raised(exchange, error)
        finally:
            cancel()
            later.tell(verdict)

    def _verdict(self, found: object) -> Verdict:
        if found is None or found is False:
            return None
        if isinstance(found, Identity):
            return self._judge.judge(found.name, "py", found.claims)
        if isinstance(found, str):
            return self._judge.judge(found, "py", {})
        kind = type(found).__name__
        return CannotTell(f"{self._word} returned a {kind}, which is neither a name nor None")

    def _raised(self, exchange: Exchange, error: Exception) -> PorchError:
        if isinstance(error, PorchError):
            return error
        exchange.keeper.report(exchange, error)
        return CannotTell(f"{self._word} raised {type(error).__name__}; see the message log")

    def _is_late(self) -> PorchError:
        return CannotTell(f"{self._word} took more than {PATIENCE:.0f} s")


class _Once(Later):
    """One that may be told twice: what comes late does not count."""

    __slots__ = ("_is_told",)

    def __init__(self) -> None:
        super().__init__()
        self._is_told = False

    def tell(self, verdict: Verdict) -> None:
        """See Later."""
        if not self._is_told:
            self._is_told = True
            super().tell(verdict)
