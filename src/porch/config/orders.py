"""Orders: what operators have said to a running door, beside what its file says.

A drained endpoint, another weight, a closed route, a canary that is back. They hold until they are
undone by name, over reloads, upgrades and restarts; nothing of them is in the file.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from porch.balance.standing import EndpointName

__all__ = ["Back", "Closed", "Kind", "Order", "Orders"]

Kind = Literal["drained", "weight", "closed", "back"]
_PLACES: Mapping[Kind, str] = {
    "drained": "drained",
    "weight": "weights",
    "closed": "closed",
    "back": "back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A route in maintenance. since, until: wall clock; until None is until it is opened.

    opens: that end by the monotonic clock, which all processes of a machine share: a step of the
    wall clock moves neither the end nor what clients are told of it. retry_after: seconds. page:
    HTML, or None. file: where that came from. allow: networks.
    """

    since: float
    until: float | None = None
    opens: float | None = None
    retry_after: float = 600.0
    page: bytes | None = None
    file: str = ""
    allow: tuple[str, ...] = ()

    def left(self, now: float) -> float:
        """Seconds until a client should come again. now: as `opens`."""
        if self.opens is None:
            return self.retry_after
        return max(1.0, min(self.retry_after, self.opens - now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """A canary that was taken back. since: wall clock. why: in words. words: see Canary."""

    since: float
    why: str
    words: str


@dataclass(frozen=True, slots=True)
class Order:
    """One change. name: of an endpoint, a route's key or a canary. value: None undoes it."""

    kind: Kind
    name: EndpointName | str
    value: Any


@dataclass(slots=True)
class Orders:
    """All that hold. drained: since when, wall clock. weights: in place of the file's. closed: by
    the key of a route. back: by the name of a canary."""

    drained: dict[EndpointName, float]
    weights: dict[EndpointName, int]
    closed: dict[str, Closed]
    back: dict[str, Back]

    @classmethod
    def none(cls) -> "Orders":
        """Of a door to which nobody has said anything."""
        return cls({}, {}, {}, {})

    def __bool__(self) -> bool:
        return bool(self.drained or self.weights or self.closed or self.back)

    def note(self, order: Order) -> None:
        """It holds from now on, or no more."""
        place = getattr(self, _PLACES[order.kind])
        if order.value is None:
            place.pop(order.name, None)
        else:
            place[order.name] = order.value

    def is_back(self, canary: str, words: str) -> bool:
        """Whether a canary of this name, said in these words, was taken back."""
        found = self.back.get(canary)
        return found is not None and found.words == words

    def dump(self) -> dict[str, Any]:
        """As plain data, which may outlive the monotonic clock."""
        closed = {
            key: asdict(each) | {"page": b64encode(each.page or b"").decode(), "opens": None}
            for key, each in self.closed.items()
        }
        return {
            "drained": [[*name, since] for name, since in self.drained.items()],
            "weights": [[*name, weight] for name, weight in self.weights.items()],
            "closed": closed,
            "back": {name: asdict(each) for name, each in self.back.items()},
        }

    @classmethod
    def load(cls, data: Any, wall: float, now: float) -> "Orders":
        """What `dump` gave, without what is over. wall, now: by the wall clock, and as `opens`.
        Raises KeyError, TypeError or ValueError for anything else."""
        closed = {key: _closed(each, now - wall) for key, each in data["closed"].items()}
        return cls(
            drained={(pool, name): float(since) for pool, name, since in data["drained"]},
            weights={(pool, name): int(weight) for pool, name, weight in data["weights"]},
            closed={
                key: each for key, each in closed.items() if each.until is None or each.until > wall
            },
            back={name: Back(**each) for name, each in data["back"].items()},
        )


def _closed(data: dict[str, Any], ahead: float) -> Closed:
    """ahead: of the monotonic clock before the wall clock."""
    made = Closed(**data)
    return replace(
        made,
        opens=None if made.until is None else made.until + ahead,
        page=b64decode(data["page"]) or None,
        allow=tuple(made.allow),
    )
