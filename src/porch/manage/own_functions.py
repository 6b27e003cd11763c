"""The operator's own functions of a request, as a worker loads them: the key of consistent hashing,
of the cache or a limit, and who it is.

A door that cannot load it serves all the same, like with other code that it is to call: each
request then goes to an endpoint drawn by weight, nothing is kept, limits count by address, and
nobody is let in. A key of hashing or of a limit that raises, or is no key, is none for that request
alone; with one of the cache it goes past the cache, for nobody knows whose answer that is.
`porch check` tells before (named_code.py).
"""

import inspect
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from porch.balance.hash_keys import by_function
from porch.cache.key import NoKey
from porch.config.state import State
from porch.manage.named_object import object_named
from porch.observe.messages import Messages
from porch.observe.visible import visible
from porch.shield.limit_keys import by_client

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


_SHOWN = 120
"""Bytes of what an error says."""


class Warn(Protocol):
    """Tells the operator, see Messages.warn."""

    def __call__(self, text: str, about: str = "") -> None:
        """about: what is the same in all such texts."""


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


def load_hash_key(warn: Warn, word: str, base: Path) -> "Key":
    """The same, or with a warning a key that no request has."""
    try:
        key = hash_key(word, base)
    except ValueError as error:
        warn(f"{error}; requests go to endpoints drawn by weight until it can be")
        return _no_key
    return _guarded(key, _no_key, f"balance = hash {word}", "go to endpoints drawn by weight", warn)


def load_cache_key(warn: Warn, word: str, base: Path) -> "Key | None":
    """The same, or with a warning None: whose answer is whose cannot be known without it."""
    try:
        key = hash_key(word, base)
    except ValueError as error:
        warn(f"{error}; nothing is kept of routes that have it in their key until it can be")
        return None
    return _guarded(key, _nobodys, f"cache key {word}", "go past the cache", warn)


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


def load_limit_key(warn: Warn, word: str, base: Path) -> "Key | None":
    """The same, or with a warning None: clients are counted by their addresses then."""
    try:
        key = hash_key(word, base)
    except ValueError as error:
        warn(f"{error}; the limit counts by the client's address until it can be")
        return None
    what = f"limit per {word}"
    return _guarded(key, by_client, what, "are counted by the client's address", warn)


def load_cost(
    warn: Callable[[str], None], word: str, base: Path
) -> "Callable[[Exchange], object] | None":
    """What a request costs, or with a warning None: each costs 1 then."""
    try:
        return function_named(word, base)
    except ValueError as error:
        warn(f"{error}; each request costs 1 until it can be")
        return None


def _no_key(exchange: "Exchange") -> None:
    """For no request."""


def _nobodys(exchange: "Exchange") -> NoReturn:
    """Whose answer it would be nobody knows."""
    raise NoKey


def _guarded(key: "Key", otherwise: "Key", what: str, so: str, warn: Warn) -> "Key":
    """A key that is `otherwise` where it raises. Told once a minute for each route, without the
    request, which anybody may write."""

    def guarded(exchange: "Exchange") -> bytes | None:
        try:
            return key(exchange)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{what}, route {exchange.route.key}"
            why = f"{type(error).__name__}: {visible(str(error).encode()[:_SHOWN])}"
            at = f"{Path(place.filename).name}:{place.lineno}"
            warn(f"{where}: {why} ({at}); requests for which it raises {so}", where)
            return otherwise(exchange)

    return guarded
