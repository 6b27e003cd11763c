"""Endpoint: one address of a pool, with what is known about it.

An endpoint is in rotation unless somebody took it out, for a reason in words. Each kind of reason
has one who takes out and puts back: whoever refused is dialled again, whoever fell silent is tried,
whoever failed its checks is checked.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from porch import clock
from porch.balance.roster import Roster
from porch.errors import EndpointSilent
from porch.route.route import ANSWERED, HEARD, REQUESTS, RUNNING, Connections
from porch.shared import Cells

if TYPE_CHECKING:
    from porch.exchange import Exchange

__all__ = ["CHECKED_AT", "FAILED", "REDIAL", "WAITING", "WIDTH", "Endpoint", "Kind", "Out"]

REDIAL = 0.5
"""Seconds between two dials of an endpoint that refused."""
LOOK = 1.0
"""Seconds that an exchange waits for an answer before it looks whether its endpoint is silent."""
TRIAL = 1.0
"""Seconds between two requests that try a silent endpoint."""
TRIAL_LOOK = 0.5
"""Seconds that such a request waits before it goes elsewhere."""
USUAL = 10
"""How many times its usual first byte an endpoint may be silent."""

FAILED, WAITING, CHECKED_AT = 4, 5, 6
"""Of `counts`: attempts that failed so far (see on_unreached, on_bad); exchanges that have waited
for LOOK or longer; when the next active check is due (as clock.milliseconds, 0 for never)."""
WIDTH = 7
"""Cells that an endpoint needs."""

BROKEN = frozenset(("502", "503", "504"))
"""Statuses that say that an endpoint is of no use now (RFC 9110 15.6.3 to 15.6.5)."""

Kind = Literal["drained", "unhealthy", "ejected", "silent", "refused"]
"""Who took it out: an operator, its checks, its answers, its silence, its socket."""


@dataclass(frozen=True, slots=True)
class Out:
    """Why an endpoint is out of rotation. text: in words, or a reason word. since: wall clock.
    until: when that is over by itself, 0.0 where somebody has to find out."""

    text: str
    since: float
    until: float = 0.0


class Endpoint:
    """One address.

    name: "10.0.0.1:8000". weight: its share against the others, >= 0; with 0 it serves its sticky
    clients alone. full_weight: the same when it is not new or just back. priority: of its tier
    (tiers.py), 0 is the first. counts, usual, patience: see route.Place. runs: a cell of each
    worker; their sum is `running` without the look whether there are further workers, for whoever
    chooses. out: who took it out of rotation, and why; is_drained: whether an operator did. roster:
    of its pool. redial_at: when it may be dialled again, if it refused.
    """

    __slots__ = (
        "__weakref__",
        "_cells",
        "_trial_at",
        "_waiting",
        "connections",
        "counts",
        "full_weight",
        "is_drained",
        "name",
        "out",
        "patience",
        "priority",
        "redial_at",
        "roster",
        "runs",
        "usual",
        "weight",
    )

    def __init__(
        self,
        name: str,
        connections: Connections,
        weight: float = 1,
        cells: Cells | None = None,
        roster: Roster | None = None,
    ) -> None:
        """cells: WIDTH of them, all 0; its own where no other worker is to see them."""
        self.name = name
        self.connections = connections
        self.weight = self.full_weight = weight
        self.priority = 0
        self.roster = roster or Roster()
        self._cells = cells or Cells(WIDTH)
        self.counts = self._cells.own
        self.look()
        self.usual = 0.0
        self.out: dict[str, Out] = {}
        self.is_drained = False
        self.patience = LOOK
        self.redial_at = self._trial_at = 0.0
        self._waiting: dict[Exchange, None] = {}

    def __repr__(self) -> str:
        why = "".join(f" {kind}: {out.text}" for kind, out in self.out.items())
        return f"<Endpoint {self.name} {self.counts[RUNNING]} running{why}>"

    @property
    def live(self) -> "memoryview[int]":
        """See shared.Cells. Where it grows, `look` is due."""
        return self._cells.live

    def look(self) -> None:
        """Take all workers that there are by now into account in `runs`."""
        self.runs: Sequence[int] = self._cells.column(RUNNING)

    @property
    def running(self) -> int:
        """Attempts that are under way here, of all workers."""
        return self._cells.total(RUNNING)

    @property
    def requests(self) -> int:
        """Attempts so far, of all workers."""
        return self._cells.total(REQUESTS)

    @property
    def answered_at(self) -> int:
        """When any worker had an answer below 500 (clock.milliseconds)."""
        return self._cells.most(ANSWERED)

    @property
    def checked_at(self) -> int:
        """When its next active check is due, whichever worker asks (clock.milliseconds); 0 for
        never."""
        return self._cells.most(CHECKED_AT)

    def weigh(self, weight: float, share: float = 1.0) -> None:
        """Another weight, of which it has this share as long as it is new or just back."""
        self.full_weight = weight
        self.weight = weight * share
        self.roster.version += 1

    # --- in rotation, and out of it ----------------------------------------------------------

    def take_out(self, kind: Kind, text: str, seconds: float = 0.0) -> None:
        """Out of rotation, in all workers; said again it changes nothing. seconds: for so long, if
        that is known; who takes out puts back all the same."""
        before = self.out.get(kind)
        if before is None or before.text != text:
            now = clock.wall()
            until = now + seconds if seconds else 0.0
            why = Out(text, before.since if before is not None else now, until)
            self.on_told(kind, why)
            self.roster.tell(self, kind, why)

    def put_back(self, kind: Kind) -> None:
        """This kind of reason is no more, in all workers."""
        if kind in self.out:
            self.on_told(kind, None)
            self.roster.tell(self, kind, None)

    def on_told(self, kind: str, why: Out | None) -> None:
        """Another worker took it out, or put it back."""
        if why is not None:
            self.out[kind] = why
        elif self.out.pop(kind, None) is not None and not self.out:
            self.roster.on_back(self)
        self.is_drained = "drained" in self.out
        self.patience = TRIAL_LOOK if "silent" in self.out else LOOK
        self.roster.version += 1

    def is_out_by(self, kinds: Collection[str]) -> bool:
        """Whether it is out, for reasons of these kinds alone."""
        return bool(self.out) and self.out.keys() <= set(kinds)

    # --- dialling ------------------------------------------------------------------------------

    def is_due(self) -> bool:
        """Whether an endpoint that refused may be dialled again."""
        return clock.monotonic() >= self.redial_at

    def on_redial(self) -> None:
        """Somebody dials; for REDIAL seconds nobody else does."""
        self.redial_at = clock.monotonic() + REDIAL

    def on_failure(self, word: str) -> None:
        """See route.Place."""
        self.redial_at = clock.monotonic() + REDIAL
        self.take_out("refused", word)

    def on_unreached(self, word: str) -> None:
        """See route.Place."""
        self.counts[FAILED] += 1
        self.on_failure(word)

    def on_success(self) -> None:
        """See route.Place."""
        if self.out:
            self.put_back("refused")

    # --- answers, and none -------------------------------------------------------------------

    def on_bad(self, word: str) -> None:
        """See route.Place. 502, 503, 504 and no whole answer say that the endpoint is of no use
        now; a 500 may be one page that is broken, and is only counted."""
        self.counts[FAILED] += 1
        failed, broken, _ = self.roster.troubled.get(self, (0, 0, ""))
        is_broken = word in BROKEN or not word.isdecimal()
        self.roster.troubled[self] = failed + 1, broken + is_broken, word

    def on_heard(self) -> None:
        """See route.Place."""
        self.put_back("silent")

    def on_waits(self, exchange: "Exchange") -> EndpointSilent | None:
        """See route.Place. Silent is who has sent no byte to anyone for a second and for 10 times
        its usual first byte, while two wait or more: one that waits may have asked for a long
        report."""
        self._waiting[exchange] = None
        self.counts[WAITING] = len(self._waiting)
        self.roster.waited.add(self)
        if "silent" not in self.out:
            silent = clock.monotonic() - self._cells.most(HEARD) / 1000
            if self._cells.total(WAITING) < 2 or silent < max(LOOK, USUAL * self.usual):
                return None
            self.recount()
            if self._cells.total(WAITING) < 2:
                return None
            self._trial_at = clock.monotonic() + TRIAL
            self.take_out("silent", f"no byte for {silent:.1f} s, while others wait")
        return EndpointSilent(f"{self.name}: {self.out['silent'].text}")

    def recount(self) -> None:
        """Who does not wait any more is no reason to call it silent, here or in another worker.
        Once a tick, and not for each that waits: there may be thousands."""
        self._waiting = {each: None for each in self._waiting if self._waits(each)}
        self.counts[WAITING] = len(self._waiting)
        if not self._waiting:
            self.roster.waited.discard(self)

    def _waits(self, exchange: "Exchange") -> bool:
        return exchange.endpoint is self and exchange.waits

    def try_silent(self) -> bool:
        """Whether a request may now try it; the others then may not for TRIAL seconds."""
        now = clock.monotonic()
        if now < self._trial_at:
            return False
        self._trial_at = now + TRIAL
        return True

    def leave(self) -> None:
        """The configuration has it no more; what still runs here is counted for itself."""
        self._cells.leave()
        self.counts = self._cells.own
        self.look()
