"""The operator's own functions of a request, as a worker loads them: the key of consistent hashing,
of the cache or a limit, and who it is.

A door that cannot load it serves all the same, like with other code that it is to call: each
request then goes to an endpoint drawn by weight, nothing is kept, limits count by address, and
nobody is let in.
`porch check` tells before (named_code.py).
"""

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from porch.balance.hash_keys import by_function
from porch.config.state import State
from porch.manage.named_object import object_named
from porch.observe.messages import Messages

if TYPE_CHECKING:
    from porch.balance.consistent_hash import Key
    from porch.exchange import Exchange
    from porch.shield.auth_function import AuthFunction

__all__ = [
    "auth_function",
    "function_named",
    "hash_key",
    "load_auth",
    "load_cache_key",
    "load_cost",
    "load_hash_key",
    "load_limit_key",
    "load_with",
]


def hash_key(word: str, base: Path) -> "Key":
    """The key that "py:module:function" makes. base: where modules are found too. Raises ValueError
    with a sentence."""
    return by_function(function_named(word, base))


def function_named(word: str, base: Path) -> "Callable[[Exchange], object]":
    """What it names. Raises ValueError with a sentence."""
    found = object_named(word, base)
    if not callable(found):
        raise ValueError(f"{word} is no function")
    if inspect.iscoroutinefunction(found):
        raise ValueError(f"{word} is async, but nobody may wait for it with each request; def it")
    function: Callable[[Exchange], object] = found
    return function


def load_with(state: State, messages: Messages) -> None:
    """Have `state` load what its configuration names, and tell the operator."""
    warn = messages.warn
    state.tell, state.warn = messages.tell, warn
    state.load_key = partial(load_hash_key, warn)
    state.load_cache_key = partial(load_cache_key, warn)
    state.load_limit_key = partial(load_limit_key, warn)
    state.load_cost = partial(load_cost, warn)


def load_hash_key(warn: Callable[[str], None], word: str, base: Path) -> "Key":
    """The same, or with a warning a key that no request has."""
    try:
        return hash_key(word, base)
    except ValueError as error:
        warn(f"{error}; requests go to endpoints drawn by weight until it can be")
        return lambda exchange: None


def load_cache_key(warn: Callable[[str], None], word: str, base: Path) -> "Key | None":
    """The same, or with a warning None: whose answer is whose cannot be known without it."""
    try:
        return hash_key(word, base)
    except ValueError as error:
        warn(f"{error}; nothing is kept of routes that have it in their key until it can be")
        return None


def auth_function(word: str, base: Path) -> "AuthFunction":
    """What says who a client is. Raises ValueError with a sentence."""
    found = object_named(word, base)
    if not callable(found):
        raise ValueError(f"{word} is no function")
    return found


def load_auth(warn: Callable[[str], None], word: str, base: Path) -> "AuthFunction | None":
    """The same, or with a warning None: who it is cannot be known without it."""
    try:
        return auth_function(word, base)
    except ValueError as error:
        warn(f"{error}; nobody is let in by it until it can be")
        return None


def load_limit_key(warn: Callable[[str], None], word: str, base: Path) -> "Key | None":
    """The same, or with a warning None: clients are counted by their addresses then."""
    try:
        return hash_key(word, base)
    except ValueError as error:
        warn(f"{error}; the limit counts by the client's address until it can be")
        return None


def load_cost(
    warn: Callable[[str], None], word: str, base: Path
) -> "Callable[[Exchange], object] | None":
    """What a request costs, or with a warning None: each costs 1 then."""
    try:
        return function_named(word, base)
    except ValueError as error:
        warn(f"{error}; each request costs 1 until it can be")
        return None
