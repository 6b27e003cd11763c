"""The operator's own functions of a request, as a worker loads them: the key of consistent hashing
or of the cache, and who it is.

A door that cannot load it serves all the same, like with other code that it is to call: each
request then goes to an endpoint drawn by weight, nothing is kept, and nobody is let in.
`porch check` tells before (named_code.py).
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from porch.balance.hash_keys import by_function
from porch.manage.provider import object_named

if TYPE_CHECKING:
    from porch.balance.consistent_hash import Key
    from porch.shield.auth_function import AuthFunction

__all__ = ["auth_function", "hash_key", "load_auth", "load_cache_key", "load_hash_key"]


def hash_key(word: str, base: Path) -> "Key":
    """What "py:module:function" names. base: where modules are found too. Raises ValueError with a
    sentence."""
    found = object_named(word, base)
    if not callable(found):
        raise ValueError(f"{word} is no function")
    if inspect.iscoroutinefunction(found):
        raise ValueError(f"{word} is async, but nobody may wait for the key of a request; def it")
    return by_function(found)


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
