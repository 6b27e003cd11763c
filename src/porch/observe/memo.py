"""Memo: what was worked out about a text, once.

Hosts, methods, clients, routes and names of parameters repeat from line to line, so that a
dictionary look-up replaces checking and escaping them. Bounded in number and in length.
"""

from collections.abc import Callable
from typing import TypeVar

__all__ = ["LONGEST", "MOST", "Memo"]

MOST = 1024
"""Entries. Whoever sends ever new hosts makes it forget, not grow."""

LONGEST = 512
"""Characters or bytes of a key that is remembered."""

Text = TypeVar("Text", str, bytes)
Value = TypeVar("Value")


class Memo(dict[Text, Value]):
    """key -> make(key)."""

    __slots__ = ("_make",)

    _make: Callable[[Text], Value]

    def __init__(self, make: Callable[[Text], Value]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Text) -> Value:
        value = self._make(key)
        if len(key) <= LONGEST:
            if len(self) >= MOST:
                self.clear()
            self[key] = value
        return value
