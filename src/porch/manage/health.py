"""Health: a worker's part in finding out which endpoints are well.

Every worker reports who answers badly, and gives its share to who comes back. The first one decides
about ejections and asks (checks.py); what it decides goes to the others as any standing does.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from porch import clock
from porch.balance.eject import Ejector
from porch.balance.endpoint import Endpoint
from porch.balance.ramp import Ramp
from porch.balance.roster import Trouble
from porch.balance.standing import EndpointName
from porch.balance.upstream import Upstream
from porch.config.state import State
from porch.config.steps import Steps
from porch.manage.checks import Checks

__all__ = ["Health", "Report"]

LOOK_SLOW = 1.0
"""Seconds between two looks for who is slow."""

Report = list[tuple[EndpointName, Trouble]]
"""Who answered badly since the last tick."""


class Health:
    """state: whose endpoints they are. checks: where this worker decides. send: tells the
    supervisor, for who does."""

    def __init__(
        self, state: State, checks: Checks | None, send: Callable[[str, object], None]
    ) -> None:
        self._state = state
        self._checks = checks
        self._send = send
        self._base = Path()
        self._pools: dict[str, Upstream] = {}
        self._watched: dict[str, Sequence[Endpoint]] = {}
        self._ejectors: dict[str, Ejector] = {}
        self._out: set[str] = set()
        self._ramps: dict[str, Ramp] = {}
        self._slow_at = 0.0
        self._turn = 0

    def __repr__(self) -> str:
        return f"<Health of {len(self._pools)} pools, {self._checks or 'another decides'}>"

    def taking(self, pools: Iterable[Upstream], base: Path) -> Steps[None]:
        """A configuration is in force: look after its pools, one a step. base: where modules of its
        functions are found."""
        self._base = base
        self._turn = turn = self._turn + 1
        wanted = set()
        for pool in pools:
            wanted.add(pool.name)
            self._pools[pool.name] = pool
            self._arrange(pool)
            yield
            if self._turn != turn:  # the next one is in force by now
                return
        for name in self._pools.keys() - wanted:
            self._drop(name)
            yield

    def start(self) -> None:
        """The loop runs."""
        if self._checks is not None:
            self._checks.start()

    def close(self) -> None:
        """Decide nothing more; another worker goes on."""
        if self._checks is not None:
            self._checks.close()
        self._checks = None

    @property
    def waits(self) -> bool:
        """Whether something here depends on the time: checks, ramps, who is out for a while."""
        return bool(self._watched or self._ramps or self._out or self._state.waited)

    def tick(self) -> None:
        """A few times a second; once where nothing waits."""
        for name, seen in [*self._watched.items()]:
            if self._pools[name].endpoints is not seen:
                self._arrange(self._pools[name])
        for each in [*self._state.waited]:
            each.recount()
        troubled = self._state.troubled
        if troubled:
            report: Report = [
                ((each.roster.name, each.name), trouble) for each, trouble in troubled.items()
            ]
            troubled.clear()
            if self._checks is not None:
                self.on_troubled(report)
            else:
                self._send("troubled", report)
        for ramp in self._ramps.values():
            ramp.tick()
        if self._checks is not None:
            self._put_back()
            self._look_slow()

    def on_troubled(self, report: Report) -> None:
        """What a worker reports to who decides."""
        if self._checks is None:
            return
        for name, trouble in report:
            pool = self._pools.get(name[0])
            if pool is None or pool.care.eject is None or len(pool.endpoints) < 2:
                continue
            ejector = self._ejectors.setdefault(pool.name, Ejector(pool.care.eject))
            self._watched.setdefault(pool.name, pool.endpoints)  # who is gone is to be forgotten
            for endpoint in self._state.named(name):
                if endpoint in pool.endpoints:  # and not one that a reload has replaced
                    ejector.look(pool.endpoints, endpoint, trouble)
            self._out.add(pool.name)

    def _put_back(self) -> None:
        for name in tuple(self._out):
            ejector = self._ejectors.get(name)
            if ejector is None or not ejector.put_back():
                self._out.discard(name)

    def _look_slow(self) -> None:
        if clock.monotonic() < self._slow_at:
            return
        self._slow_at = clock.monotonic() + LOOK_SLOW
        for name, ejector in self._ejectors.items():
            if ejector.policy.slower is not None:
                ejector.look_slow(self._pools[name].endpoints)
                self._out.add(name)

    # --- a configuration, or other endpoints -----------------------------------------------------

    def _arrange(self, pool: Upstream) -> None:
        care, name = pool.care, pool.name
        if care.check is not None or care.slow_start or name in self._ejectors:
            self._watched[name] = pool.endpoints
        else:
            self._watched.pop(name, None)
        self._arrange_ramp(pool)
        if self._checks is not None:
            self._arrange_ejector(pool)
            addresses = self._state.address_of
            endpoints = [(each, addresses[each]) for each in pool.endpoints if care.check]
            self._checks.take(name, endpoints, care.check, self._base)
            if care.check is None:  # another worker may have known of one
                for each in pool.endpoints:
                    each.put_back("unhealthy")

    def _arrange_ejector(self, pool: Upstream) -> None:
        policy, found = pool.care.eject, self._ejectors.get(pool.name)
        if policy is None:
            self._ejectors.pop(pool.name, None)
            for each in pool.endpoints:
                each.put_back("ejected")
        elif (
            found is not None
            or policy.slower is not None
            or any("ejected" in each.out for each in pool.endpoints)
        ):
            found = self._ejectors.setdefault(pool.name, Ejector(policy))
            found.take(pool.endpoints, policy)
            self._out.add(pool.name)

    def _arrange_ramp(self, pool: Upstream) -> None:
        seconds, found = pool.care.slow_start, self._ramps.get(pool.name)
        if seconds:
            if found is None:
                found = self._ramps[pool.name] = Ramp(pool.roster, pool.endpoints, seconds)
            found.seconds = seconds
            found.look(pool.endpoints)
        elif found is not None:
            self._ramps.pop(pool.name).close()

    def _drop(self, name: str) -> None:
        """The pool is in no configuration any more."""
        del self._pools[name]
        self._watched.pop(name, None)
        self._ejectors.pop(name, None)
        ramp = self._ramps.pop(name, None)
        if ramp is not None:
            ramp.close()
        if self._checks is not None:
            self._checks.take(name, (), None, self._base)
