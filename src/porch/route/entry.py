"""Entry: a route with all that a request must fulfil to take it, and which entry comes first.

Compared are the host (exact, longest wildcard, `*`), the path (exact, longest prefix, regex, the
whole host), the number of conditions, the priority; never the order in the file.
"""

from dataclasses import dataclass, replace

from porch.route.condition import NONE, Conditions
from porch.route.pattern import Kind, Pattern
from porch.route.route import Route

__all__ = ["Entry", "Order", "Rank", "order", "rank", "why"]

Rank = tuple[tuple[int, int], tuple[int, int], int, int]
Order = tuple[Rank, str, str]

_KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One route and what it matches.

    conditions: those of `when`; a method in the key is added to them here. priority: the higher
    first, among equals alone. Raises ValueError if the key and `when` name different methods.
    """

    pattern: Pattern
    route: Route
    conditions: Conditions = NONE
    priority: int = 0

    def __post_init__(self) -> None:
        if self.pattern.method is None:
            return
        methods = frozenset((self.pattern.method,))
        if self.conditions.methods not in (None, methods):
            method = self.pattern.method.decode("ascii")
            raise ValueError(f"the key says {method} already; take method out of when")
        object.__setattr__(self, "conditions", replace(self.conditions, methods=methods))


def rank(entry: Entry) -> Rank:
    """What entries that match one request are sorted by, the best first.

    Two that compare equal and can match the same request are a tie (ties.py).
    """
    pattern = entry.pattern
    if pattern.host == b"*":
        host = (2, 0)
    elif pattern.host.startswith(b"*."):
        host = (1, -len(pattern.host))
    else:
        host = (0, 0)
    length = len(pattern.path) if pattern.kind is Kind.PREFIX else 0
    path = (_KINDS.index(pattern.kind), -length)
    return host, path, -len(entry.conditions), -entry.priority


def order(entry: Entry) -> Order:
    """What entries are asked in the order of: the rank, and among ties the keys."""
    return rank(entry), entry.pattern.key, entry.route.where


def why(winner: Entry, loser: Entry) -> str:
    """What the winner has over the loser, in two or three words; both match the request."""
    host, path, count, _ = rank(winner)
    other_host, other_path, other_count, _ = rank(loser)
    if host != other_host:
        return _why_host(host[0], other_host[0])
    if path != other_path:
        return _why_path(winner.pattern.kind, loser.pattern.kind)
    if count != other_count:
        return f"more conditions, {-count} to {-other_count}"
    return f"higher priority, {winner.priority} to {loser.priority}"


def _why_host(winner: int, loser: int) -> str:
    if winner == loser:
        return "longer wildcard"
    return "exact host" if winner == 0 else "wildcard before *"


def _why_path(winner: Kind, loser: Kind) -> str:
    if winner is Kind.EXACT:
        return "exact path"
    if winner is Kind.PREFIX:
        return "prefix before regex" if loser is Kind.REGEX else "longer prefix"
    return "regex before whole host"
