"""Answering: what the supervisor asks of a worker and waits for, and what the worker says."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from porch import clock
from porch.config.build import Built
from porch.config.orders import Order
from porch.config.state import State
from porch.debug import debug
from porch.manage.at_store import at_store
from porch.manage.explained import Explained, explained
from porch.manage.obeying import Obeying
from porch.observe.messages import Messages
from porch.observe.steps import Steps

__all__ = ["WORDS", "Answering"]

WORDS = frozenset(("order", "explain", "log-level", "purge", "cache", "kept"))
"""That are answered: each comes with its number, which goes back with the answer."""


class Answering:
    """state, messages: of the worker. debug_until: see InForce."""

    def __init__(self, state: State, messages: Messages, debug_until: float = 0.0) -> None:
        self._state = state
        self._steps = Steps()
        self._say: Callable[[str], None] = partial(messages.tell, level="debug")
        self._obeying = Obeying(state)
        self._built: Built | None = None
        self._work: Mapping[str, Callable[[Any], object]] = {
            "order": self._order,
            "explain": self._explain,
            "log-level": self._set_level,
        }
        self._set_level(debug_until)

    def take(self, built: Built) -> None:
        """This configuration is in force from now on."""
        self._built = built
        self._obeying.take(built)
        self._watch()

    def tick(self) -> None:
        """Now and then: what was for some minutes may be over."""
        if debug.is_on:
            debug.look()
            self._watch()

    def answer(self, word: str, data: Any) -> object:
        """Do what one of WORDS says. Plain data, None where there is nothing to say."""
        work = self._work.get(word)
        return at_store(self._state.shelf, word, data) if work is None else work(data)

    def _order(self, orders: list[Order]) -> None:
        for order in orders:
            self._obeying.obey(order)

    def _set_level(self, until: float) -> None:
        """Debug until then, by the monotonic clock; 0.0 for no more."""
        if until > clock.monotonic():
            debug.begin(until, self._say)
        else:
            debug.end()
        self._watch()

    def _watch(self) -> None:
        """Exchanges are looked at while there is something to say of them."""
        if self._built is not None:
            self._built.logs.watch(self._steps, wanted=debug.is_on)

    def _explain(self, words: Mapping[str, Any]) -> Explained:
        assert self._built is not None
        try:
            return explained(self._built, words)
        except ValueError as error:
            return {"error": str(error)}
