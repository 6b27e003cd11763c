"""Answering: what the supervisor asks of a worker and waits for, and what the worker says."""

from collections.abc import Callable, Mapping
from typing import Any

from porch.config.build import Built
from porch.config.orders import Order
from porch.config.state import State
from porch.manage.at_store import at_store
from porch.manage.explained import Explained, explained
from porch.manage.obeying import Obeying

__all__ = ["WORDS", "Answering"]

WORDS = frozenset(("order", "explain", "purge", "cache", "kept"))
"""That are answered: each comes with its number, which goes back with the answer."""


class Answering:
    """state: of the worker."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._obeying = Obeying(state)
        self._built: Built | None = None
        self._work: Mapping[str, Callable[[Any], object]] = {
            "order": self._order,
            "explain": self._explain,
        }

    def take(self, built: Built) -> None:
        """This configuration is in force from now on."""
        self._built = built
        self._obeying.take(built)

    def answer(self, word: str, data: Any) -> object:
        """Do what one of WORDS says. Plain data, None where there is nothing to say."""
        work = self._work.get(word)
        return at_store(self._state.shelf, word, data) if work is None else work(data)

    def _order(self, orders: list[Order]) -> None:
        for order in orders:
            self._obeying.obey(order)

    def _explain(self, words: Mapping[str, Any]) -> Explained:
        assert self._built is not None
        try:
            return explained(self._built, words)
        except ValueError as error:
            return {"error": str(error)}
