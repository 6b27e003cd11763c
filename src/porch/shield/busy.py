"""Busy: who comes in while the worker itself has more to do than it can.

A loop with too much to do takes longer for each turn, and what came meanwhile waits for the next:
in a moment everybody waits longer than anybody likes. So a turn is not to last for longer than
`lag`. What it has not begun by then is refused (`guard`), as soon as that has gone on for a while,
and what the guard has to refuse soon is not let in at all, from the least important on (see
busy_level.py). It stands before everything that costs: behind it are all filters, and the origin.

A timer that is due several times in a turn, and comes once in it, tells where one begins. How long
it takes is measured in time that the worker works, so that a machine with more to do than it can
is not made worse by a door that has little to do. It runs only while requests come.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from porch import clock
from porch.http.message import RequestHead
from porch.route.route import ALWAYS, HIGH, LOW, NORMAL, Route
from porch.shield.busy_level import KINDS, Level
from porch.shield.limit_keys import network

if TYPE_CHECKING:
    import asyncio

    from porch.keeper import Security
    from porch.shield.busy_refusal import Refusal

__all__ = ["CHECKS", "HEALTH", "LOOK", "PATIENCE", "SHARE", "Busy", "Find", "Terms"]

PATIENCE = 0.1
"""Seconds in which every turn has to be too long before anybody is refused. One pause, and the few
turns that make up for it, is not too much work."""
LOOK = 0.1
"""Seconds between two moves of the level."""
HEALTH = frozenset((b"/livez", b"/readyz", b"/healthz", b"/health", b"/-/healthy", b"/-/ready"))
"""Targets by which others look whether we live: they would take a busy machine for a dead one."""
CHECKS = 50
"""So many of them a second are as important as the most: anybody can ask for these."""
SHARE = 5
"""So many of these for one client, IPv6 by the /64: one that asks for more takes nobody's."""
_STEPS = 4
"""How often the timer is due in the time that a turn may take."""
_TIMER = 0.001
"""Seconds, below which the loop's timers do not go."""
_EASED, _FULL = 0.8, 0.92
"""The share of its time in which a worker works up to which a turn that takes long is only a burst,
and from which on there is no more to be had."""
_BACK = 0.6
"""The part of what a turn had no time for that is not let in any more."""
_FIRST, _FASTER, _MOST = 0.02, 1.5, 0.5
"""The part of what is let in that is let in more, when all is well: at the first look, each time by
so much more, and at most."""
_SLEEPS = 0.05
"""The part of what is let in that is refused more at each look, where turns are too long and the
worker hardly works in them: it sleeps in calls that do not return, which nobody sees in a turn."""
_TURNS = 60.0
"""Seconds after which others of those who are alike are refused."""
_WIDER = 4.0
"""How many times as long a turn may be for who is more important than others who still come in."""
_BLUR = 0.1
"""How much of its place in the row changes with each request, at least. Where clients are fewer
than ten it is more: one that is alone is served in part."""
_GOLDEN = 0.6180339887


class Find(Protocol):
    """See route.router.Router.find."""

    def __call__(
        self, request: RequestHead, client_ip: bytes, security: "Security | None"
    ) -> Route:
        """The route of a request."""


class Terms(NamedTuple):
    """lag: seconds that a turn may take. hold: for so many a refusal waits, so that who asks again
    at once does not. retry_after: what it says."""

    lag: float = 0.02
    hold: float = 0.25
    retry_after: float = 1.0


class Busy:
    """A door's router, that refuses by another route while there is too much to do. It knows what
    the one behind it finds.

    level: see there. lag: how long the last turn took, in seconds.
    """

    __slots__ = (
        "_begun",
        "_blur",
        "_calm",
        "_came",
        "_checked",
        "_checks",
        "_clients",
        "_cpu",
        "_find",
        "_guarded",
        "_is_armed",
        "_is_full",
        "_is_late",
        "_judges",
        "_knows",
        "_look",
        "_refusal",
        "_second",
        "_since",
        "_spans",
        "_step",
        "_stolen",
        "_terms",
        "_waited",
        "_worked",
        "lag",
        "level",
    )

    def __init__(
        self, find: Find, terms: Terms, refusal: "Refusal", knows: Callable[[bytes], bool]
    ) -> None:
        """knows: whether somebody who may come in was let in from an address, see busy_known.py."""
        self._find = find
        self._knows = knows
        self._terms = terms
        self._refusal = refusal
        self._clients = 0
        self._checked: dict[bytes, int] = {}
        self._checks = 0
        self._second = 0
        self._step = max(_TIMER, terms.lag / _STEPS)
        self.level = Level()
        self.lag = 0.0
        self._is_armed = False
        self._judges = True  # the first request has to begin it
        self._begin()

    def __repr__(self) -> str:
        return f"<Busy {self.level!r} {self.lag * 1000:.1f} ms>"

    def find(
        self, request: RequestHead, client_ip: bytes, security: "Security | None" = None
    ) -> Route:
        """See route.router.Router. Raises what that does."""
        route = self._find(request, client_ip, security)
        self._came += 1
        return self._judge(route, request, client_ip) if self._judges else route

    def _judge(self, route: Route, request: RequestHead, client_ip: bytes) -> Route:
        """Whether it may come in. Nobody asks while all is well."""
        if not self._is_armed:
            self._begin()
            self._is_armed, self._judges = True, False
            self._again()
            return route
        importance = route.importance
        if importance >= ALWAYS:
            if importance == ALWAYS:
                return route
            importance = HIGH if self._knows(client_ip) else NORMAL
        if importance == NORMAL and request.target in HEALTH and self._has_checks(client_ip):
            importance = HIGH
        level = self.level
        if level.at > importance and self._is_below(importance, client_ip):
            level.refused[importance] += 1
            return self._refusal.route(route, importance)
        if clock.cpu() - self._cpu > self._spans[importance] and (
            (level.at and self._is_full)
            or (self._is_late and clock.monotonic() - self._since > PATIENCE)
        ):
            self._guarded += 1
            return self._refusal.route(route, importance)
        level.let_in[importance] += 1
        return route

    def _is_below(self, importance: int, client_ip: bytes) -> bool:
        place = self.level.at - importance
        if place >= 1.0:
            return True
        client = hash(client_ip)
        self._clients |= 1 << (client >> 16 & 63)
        turn = clock.now // _TURNS * _GOLDEN
        blur = self._came * _GOLDEN % 1.0 * self._blur
        return ((client & 0xFFFF) / 0x10000 + turn + blur) % 1.0 < place

    def _has_checks(self, client_ip: bytes) -> bool:
        """Whether a client may still ask in this second; if so, it has asked. Only who may is kept,
        so that there are never more than CHECKS."""
        second = int(clock.monotonic())
        if second != self._second:
            self._second, self._checks = second, 0
            self._checked.clear()
        client = network(client_ip)
        count = self._checked.get(client, 0)
        if count >= SHARE or self._checks >= CHECKS:
            return False
        self._checked[client] = count + 1
        self._checks += 1
        return True

    # --- time ------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._begun = self._look = self._since = clock.monotonic()
        self._cpu = clock.cpu()
        self._waited: float | None = None
        self._is_full = self._is_late = False
        self._calm = 0
        self._stolen = clock.waited()
        self.level = Level()
        self._count_anew()

    def _count_anew(self) -> None:
        """From what came until now follows who is judged how, from now on."""
        level = self.level
        lag, least = self._terms.lag, level.least() if level.at else LOW
        self._spans = [lag * _WIDER ** max(0, kind - least) for kind in range(KINDS)]
        clients = self._clients.bit_count()
        self._blur = max(_BLUR, 1.0 / clients) if clients else _BLUR
        self._came = self._guarded = self._clients = 0
        self._worked = 0.0
        level.begin()

    def _again(self) -> "asyncio.TimerHandle":
        from asyncio import get_running_loop  # late: who only reads a configuration needs no loop

        return get_running_loop().call_later(self._step, self._round)

    def _round(self) -> None:
        """The loop has come round."""
        now = clock.monotonic()
        took = self.lag = self._took(now)
        self._worked += took
        was_late, self._is_late = self._is_late, took > self._terms.lag
        self._is_full = took > self._terms.lag / 2
        if self._is_late and not was_late:
            self._since = now
        self._refusal.release(now)
        passed = now - self._look
        if passed >= LOOK:
            if not self._came and not self._refusal.held:  # the next request begins it again
                self._is_armed, self._judges = False, True
                return
            self._move(now)
        self._judges = self.level.at > 0.0 or self._is_late
        self._again()

    def _took(self, now: float) -> float:
        """How long the turn took that is over: what the thread has worked; and slept, in a call
        that does not return, but not what it waited for a core that others have."""
        cpu, lag = clock.cpu(), self._terms.lag
        took, passed = cpu - self._cpu, now - self._begun
        self._cpu, self._begun = cpu, now
        before, self._waited = self._waited, None
        if passed > lag >= took:
            self._waited = waited = clock.waited()
            if before is not None:
                took = max(took, passed - (waited - before))
        return took

    def _move(self, now: float) -> None:
        """See whether what is let in is too much, or less than could be."""
        level, guarded = self.level, self._guarded
        stolen, self._stolen = self._stolen, clock.waited()
        share = self._worked / max(_TIMER, now - self._look - (self._stolen - stolen))
        if guarded and share > _EASED:
            level.rise(_BACK * guarded / (guarded + sum(level.let_in)))
            self._calm = 0
        elif self._is_late and now - self._since > PATIENCE:
            level.rise(_SLEEPS)
            self._calm = 0
        elif self._came and share < _FULL:
            steps = (now - self._look) / LOOK
            level.fall(min(_MOST, _FIRST * _FASTER**self._calm * steps))
            self._calm = min(self._calm + 1, 20)
        self._count_anew()
        self._look = now
