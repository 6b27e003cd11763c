"""Standing: which endpoints are out of rotation, and why.

Whoever finds out tells the supervisor, which tells the other workers and those that are forked
later, and decides nothing.
"""

from collections.abc import Callable, Container

from porch.balance.endpoint import Endpoint, Out
from porch.debug import debug

__all__ = [
    "LIMITED",
    "NOT_COPIED",
    "ORDERED",
    "WHOLE",
    "EndpointName",
    "Standing",
    "Standings",
    "is_endpoint",
]

EndpointName = tuple[str, str]
"""The pool and the address of an endpoint: what it has in common in all workers."""

WHOLE = ""
"""In place of an address: the pool itself, which is counted as an endpoint is."""

NOT_COPIED = "not copied"
"""In place of an address: what the mirror of this name has left out."""

LIMITED = "limited"
"""In place of an address: requests that the limit of this name has refused, or would have."""

Standing = tuple[EndpointName, str, Out | None]
"""(endpoint, kind, why): it is out of rotation, or back, if `why` is None."""

ORDERED = frozenset(("drained",))
"""Kinds that an operator has ordered: they hold until they are undone, also where an endpoint goes
and comes again."""


def is_endpoint(name: EndpointName) -> bool:
    """Whether it is the name of an endpoint, and not of something that is counted as one is."""
    return name[1] not in (WHOLE, NOT_COPIED, LIMITED)


class Standings:
    """What is known of all endpoints. send: to the other workers."""

    def __init__(self) -> None:
        self.send: Callable[[Standing], None] = lambda standing: None
        self._of: dict[EndpointName, dict[str, Out]] = {}

    def __repr__(self) -> str:
        return f"<Standings {len(self._of)} endpoints out>"

    def tell(self, endpoint: Endpoint, kind: str, why: Out | None) -> None:
        """See roster.Tell."""
        standing = (endpoint.roster.name, endpoint.name), kind, why
        if debug.is_on:
            how = f"out, {kind}: {why.text}" if why is not None else f"no more {kind}"
            debug.say(f"endpoint {endpoint.roster.name}/{endpoint.name}: {how}")
        self.note(standing)
        self.send(standing)

    def note(self, standing: Standing) -> None:
        """An endpoint was taken out of rotation, or put back."""
        name, kind, why = standing
        kinds = self._of.get(name, {})
        if why is not None:
            self._of[name] = {**kinds, kind: why}
        elif kind in kinds:
            del kinds[kind]
            if not kinds:
                del self._of[name]

    def of(self, name: EndpointName) -> dict[str, Out]:
        """Why an endpoint is out of rotation, by kind; empty while it is in."""
        return self._of.get(name, {})

    @property
    def all(self) -> list[Standing]:
        """What a new worker must know."""
        return [
            (name, kind, why) for name, kinds in self._of.items() for kind, why in kinds.items()
        ]

    def keep(self, names: Container[EndpointName]) -> None:
        """The others are in no configuration any more: what was ordered is all that stays."""
        for name in [name for name in self._of if name not in names]:
            ordered = {kind: why for kind, why in self._of.pop(name).items() if kind in ORDERED}
            if ordered:
                self._of[name] = ordered
