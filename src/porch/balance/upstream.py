"""Upstream: a named pool of endpoints and the algorithm that orders them."""

from collections.abc import Iterator, Sequence
from itertools import filterfalse
from operator import attrgetter
from typing import Protocol

from porch import clock
from porch.balance.budget import Budget
from porch.balance.care import Care
from porch.balance.endpoint import REDIAL, Endpoint
from porch.balance.roster import Roster
from porch.clock import INFINITY
from porch.errors import NoEndpoint, PorchError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.route.retry import SAFE_TO_REPEAT
from porch.shared import ALONE

__all__ = ["Balancer", "Upstream"]

DIALS = 32
"""Endpoints that refused and are dialled again at once."""
TOLD = 3
"""Endpoints whose reasons are told when there is nobody left."""

_IS_DRAINED = attrgetter("is_drained")

LESS_BAD = ("ejected", "silent", "spared", "unhealthy")
"""Kinds of reasons for which an endpoint is used all the same when all are out: a check may be
wrong for all at once, and a bad answer is better than none."""


class Balancer(Protocol):
    """An algorithm: orders endpoints for one exchange. Choosing takes 2 us at most, of 1,000."""

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """`up` are in rotation from now on, at least two, with these weights > 0, of `everyone`
        in the pool. Called when either changes: what takes long (sums, rings) is done here."""

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """Each of them once, best first. Most callers take the first alone."""

    def leading(self, exchange: Exchange) -> Sequence[Endpoint]:
        """Who might be the first now, of at least two in rotation: one where that is certain,
        several where it is drawn. For explain: nobody has had a turn by it."""


class Upstream:
    """A named pool. See route.Destination. care: how its endpoints are looked after. most: requests
    at once of an endpoint, of all workers. filters: what its exchanges pass besides those of their
    route, behind them.

    An endpoint that refused is dialled every half second beside the requests, and is back when
    that succeeds. When all are out, those are used that are out for the lesser reasons; when all
    refuse, one request each half second finds out and the others are told at once.
    """

    __slots__ = (
        "_balancer",
        "_is_usual",
        "_live",
        "_redial_at",
        "_refused",
        "_seen",
        "_silent",
        "_up",
        "_version",
        "budget",
        "care",
        "endpoints",
        "filters",
        "manner",
        "missing",
        "most",
        "name",
        "roster",
    )

    def __init__(
        self,
        name: str,
        endpoints: Sequence[Endpoint],
        balancer: Balancer,
        roster: Roster | None = None,
        manner: str = "",
    ) -> None:
        self.name = name
        self.manner = manner
        self.endpoints = tuple(endpoints)
        self.missing = ""
        self.most: int | None = None
        self.filters: Sequence[Filter] = ()
        self._balancer = balancer
        self.roster = roster or Roster(name)
        self.care = Care()
        self.budget: Budget = self.roster.budget
        self._is_usual = False
        self._live = ALONE
        self._seen = 0
        self._version = -1
        self._up: Sequence[Endpoint] = ()
        self._refused: Sequence[Endpoint] = ()
        self._silent: Sequence[Endpoint] = ()
        self._redial_at = INFINITY

    def __repr__(self) -> str:
        return f"<Upstream {self.name} {len(self.endpoints)} endpoints>"

    def use(self, endpoints: Sequence[Endpoint], missing: str = "") -> None:
        """It has these from now on. missing: why there are not more, or none."""
        self.endpoints = tuple(endpoints)
        self.missing = missing
        self.roster.version += 1

    @property
    def in_rotation(self) -> int:
        """How many endpoints are used now, at least 1."""
        if self._version != self.roster.version:
            self._turn()
        return max(1, len(self._up))

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See route.Destination."""
        budget = self.budget
        if clock.now >= budget.due:
            budget.turn()
        budget.came += 1
        endpoints = self.endpoints
        if len(endpoints) == 1:
            only = endpoints[0]
            return iter(() if only.is_drained or not only.weight else endpoints)
        if self._version != self.roster.version or self._live[0] != self._seen:
            self._turn()
        # No generator within another where nothing is to be added to what the balancer says, and
        # no Python is called for those that were drained since the first was tried: -0.4 us.
        is_usual = self._is_usual and self.most is None
        several = self._balancer.candidates(exchange) if is_usual else self._several(exchange)
        return filterfalse(_IS_DRAINED, several)

    def nobody(self, error: PorchError | None) -> PorchError:
        """See route.Destination. Of several that refuse who finds that out is told what the others
        are; an only endpoint has its own reason."""
        are_dead = len(self.endpoints) > 1 and all("refused" in each.out for each in self.endpoints)
        if error is not None and not are_dead:
            return error
        if not self.endpoints:
            text = f"pool {self.name} has no endpoint"
            return NoEndpoint(f"{text}: {self.missing}" if self.missing else text)
        why = [
            f"{each.name} {', '.join(out.text for out in each.out.values()) or 'weight 0'}"
            for each in self.endpoints[:TOLD]
        ]
        more = len(self.endpoints) - TOLD
        text = "; ".join(why) + (f"; and {more} more" if more > 0 else "")
        return NoEndpoint(f"all endpoints of pool {self.name} are out: {text}")

    def leading(self, exchange: Exchange) -> Sequence[Endpoint]:
        """Who might be asked first now: several where it is drawn, nobody where all are out. For
        explain: no turn is taken by it, and nothing counted, dialled or tried."""
        if len(self.endpoints) == 1:
            return [each for each in self.endpoints if each.weight and not each.is_drained]
        if self._version != self.roster.version or self._live[0] != self._seen:
            self._turn()
        up = self._up
        if not up:
            return [each for each in self._refused if each.is_due()][:1]
        first = self._balancer.leading(exchange) if len(up) > 1 else up
        with_room = [each for each in first if not self.is_full(each)]
        if not with_room:
            with_room = [each for each in up if not self.is_full(each)]
        return with_room or [min(up, key=attrgetter("running"))]

    def is_full(self, endpoint: Endpoint) -> bool:
        """Whether an endpoint has as many requests under way as it may have."""
        return self.most is not None and endpoint.running >= self.most

    def is_used(self, endpoint: Endpoint) -> bool:
        """Whether requests go to it now: it is in rotation, or all are out for lesser reasons."""
        if self._version != self.roster.version:
            self._turn()
        return endpoint in self._up

    def _several(self, exchange: Exchange) -> Iterator[Endpoint]:
        if self._refused and self._up and clock.monotonic() >= self._redial_at:
            self._redial()
        if self._silent and exchange.request.method in SAFE_TO_REPEAT and self.budget.has_room():
            for each in self._silent:
                if each.try_silent():
                    yield each
                    break
        up = self._up
        if len(up) > 1:
            most = self.most
            idlest: Endpoint | None = None
            is_given = False
            for each in self._balancer.candidates(exchange):
                if most is None or each.running < most:
                    is_given = True
                    yield each
                elif idlest is None or each.running < idlest.running:
                    idlest = each
            if idlest is not None and not is_given:
                yield idlest  # it was let in, and another worker was faster, or a hedge
        elif up:
            yield from up
        else:
            for each in self._refused:
                if each.is_due():
                    each.on_redial()
                    yield each

    def _turn(self) -> None:
        """Somebody came into rotation or went out of it, or there are further workers, for which
        nothing is arranged anew."""
        self._live = next((each.live for each in self.endpoints if each.live is not ALONE), ALONE)
        if self._live[0] != self._seen:
            self._seen = self._live[0]
            for each in self.endpoints:
                if len(each.runs) != self._seen:
                    each.look()
        if self._version == self.roster.version:
            return
        self._version = self.roster.version
        used = [each for each in self.endpoints if each.weight > 0]
        up = [each for each in used if not each.out]
        self._silent = [each for each in used if each.is_out_by(("silent",))] if up else ()
        self._refused = [each for each in used if "refused" in each.out]
        if self._refused:
            self._redial_at = clock.monotonic() + REDIAL
        if not up or len(up) < self.care.panic * len(used):
            up = [each for each in used if not each.out or each.is_out_by(LESS_BAD)]
        self._up = up
        self._is_usual = len(up) > 1 and not self._refused and not self._silent
        if len(up) > 1:
            self._balancer.use(up, self.endpoints)

    def _redial(self) -> None:
        """Dial some of those that refused, beside the requests: none of them waits for it."""
        self._redial_at = clock.monotonic() + REDIAL
        due = [each for each in self._refused if each.is_due()]
        due.sort(key=lambda each: each.redial_at)
        for each in due[:DIALS]:
            each.on_redial()
            each.connections.dial_ahead(each)
