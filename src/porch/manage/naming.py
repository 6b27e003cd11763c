"""Naming: which endpoints, routes and canaries a word of a command means.

Nothing is guessed: a word that fits none, or several, is told what there is.
"""

from collections.abc import Iterable, Sequence

from porch.balance.standing import EndpointName, is_endpoint
from porch.config.suggest import nearest
from porch.observe.visible import visible

__all__ = ["endpoints_named", "pool_word", "route_named", "spelled"]

MOST = 10
"""Choices that are told."""


def pool_word(pool: str) -> str:
    """As an operator writes it: "api" for [pool.api], else the route's key."""
    if pool.startswith("[pool.") and pool.endswith("]"):
        return pool[len("[pool.") : -1]
    return pool


def spelled(name: EndpointName) -> str:
    """What names this endpoint and no other: "api/10.0.0.1:8000"."""
    return f"{pool_word(name[0])}/{name[1]}"


def endpoints_named(
    text: str, names: Iterable[EndpointName], *, all_pools: bool = False
) -> list[EndpointName]:
    """The one endpoint that is meant, or with `all_pools` the address in every pool that has it.

    text: an address, or a pool and an address. Raises LookupError with a sentence.
    """
    there = [*dict.fromkeys(name for name in names if is_endpoint(name))]
    found = [name for name in there if text in (name[1], spelled(name), f"{name[0]}/{name[1]}")]
    if not found:
        raise LookupError(_none("endpoint", text, [spelled(name) for name in there]))
    if len(found) > 1 and not all_pools:
        choices = _list([spelled(name) for name in found])
        raise LookupError(
            f"'{visible(text)}' is in {len(found)} pools; name one of them, or add --all-pools:\n"
            f"{choices}"
        )
    return found


def route_named(text: str, keys: Iterable[str], what: str = "route") -> str:
    """The key of a route, as it is written. Raises LookupError with a sentence."""
    there = [*dict.fromkeys(keys)]
    if text in there:
        return text
    raise LookupError(_none(what, text, there))


def _none(what: str, text: str, there: Sequence[str]) -> str:
    shown = visible(text)
    if not there:
        return f"there is no {what} '{shown}'; the configuration that runs has none"
    near = nearest(text, there)
    meant = f"; did you mean '{near}'?" if near else ";"
    return f"there is no {what} '{shown}'{meant} there are:\n{_list(there)}"


def _list(choices: Sequence[str]) -> str:
    lines = [f"  {each}" for each in choices[:MOST]]
    if len(choices) > MOST:
        lines.append(f"  and {len(choices) - MOST} more: porch status --json")
    return "\n".join(lines)
