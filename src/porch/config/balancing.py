"""The word `balance` as an algorithm."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from porch.balance.consistent_hash import ConsistentHash, Key
from porch.balance.first_available import FirstAvailable
from porch.balance.hash_keys import by_client, by_path, by_value
from porch.balance.least_requests import LeastRequests
from porch.balance.least_time import LeastTime
from porch.balance.random_choice import RandomChoice
from porch.balance.ring import Ring
from porch.balance.round_robin import RoundRobin
from porch.balance.tiers import Tiers
from porch.balance.upstream import Balancer
from porch.config.schema_balance import hashed_by

if TYPE_CHECKING:
    from porch.route.condition import Source

__all__ = ["LoadKey", "balancer", "is_hash"]

LoadKey = Callable[[str, Path], Key]
"""(py:module:function, where modules are found too) -> the key that it makes."""

_PLAIN: dict[str, Callable[[], Balancer]] = {
    "least-requests": LeastRequests,
    "round-robin": RoundRobin,
    "random": RandomChoice,
    "least-time": LeastTime,
    "first": FirstAvailable,
}


def is_hash(word: str) -> bool:
    """Whether it needs a ring."""
    return word not in _PLAIN


def balancer(word: str, ring: Ring, load: LoadKey, base: Path, *, has_tiers: bool) -> Balancer:
    """The algorithm that a checked `word` names. ring: of the pool, for those that need it.

    has_tiers: whether the endpoints have several priorities.
    """
    make = _PLAIN.get(word)
    if make is None:
        key = _key(word, load, base)

        def make_hash() -> Balancer:
            return ConsistentHash(key, ring)

        make = make_hash
    return Tiers(make) if has_tiers else make()


def _key(word: str, load: LoadKey, base: Path) -> Key:
    source, name = hashed_by(word)
    if source == "client":
        return by_client
    if source == "path":
        return by_path
    if source == "py":
        return load(f"py:{name}", base)
    value = name.lower() if source == "header" else name
    return by_value(cast("Source", source), value.encode())
