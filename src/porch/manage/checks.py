"""Checks: asks endpoints how they are, once a machine: the worker of the first slot does it.

Each check has a grid of its own (its start and every so many seconds from there), from which it
strays by a tenth at most: so that checks of many pools never fall into step, and never drift.
"""

import asyncio
import inspect
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from heapq import heappop, heappush
from pathlib import Path

from porch import clock
from porch.balance.check import MOST_BODY, Check, Progress, words_of
from porch.balance.endpoint import CHECKED_AT, Endpoint
from porch.client import Client
from porch.config.pools import MakeClient
from porch.debug import debug
from porch.errors import PorchError
from porch.forward.address import TWO, Address
from porch.http.grpc import GRPC, spell_timeout
from porch.http.grpc_health import CHECK, MOST_ANSWER, question
from porch.manage.named_object import object_named

__all__ = ["MOST", "Checks"]

MOST = 200
"""Checks at once; the others wait, so that a network that is down takes no more than that."""
AT_ONCE = 8
"""Checks that begin in one turn of the loop."""
JITTER = 0.1

_Ask = Callable[[], Awaitable[str | None]]
"""None, or why the endpoint is not well."""


class _Checked:
    """An endpoint and its check. grid: when its next turn is, but for the jitter."""

    __slots__ = ("ask", "check", "endpoint", "grid", "is_gone", "progress")

    def __init__(self, endpoint: Endpoint, check: Check, ask: _Ask) -> None:
        self.endpoint = endpoint
        self.check = check
        self.ask = ask
        self.progress = Progress(check, endpoint)
        self.grid = 0.0
        self.is_gone = False


class Checks:
    """make_client: see config/pools.py. warn: tells the operator. number: in [0, 1), for tests."""

    def __init__(
        self,
        make_client: MakeClient,
        warn: Callable[[str], None],
        number: Callable[[], float] = random.random,
    ) -> None:
        self._make_client = make_client
        self._warn = warn
        self._number = number
        self._of: dict[str, dict[str, _Checked]] = {}
        self._due: list[tuple[float, int, _Checked]] = []
        self._order = 0
        self._running: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        count = sum(map(len, self._of.values()))
        return f"<Checks of {count} endpoints, {len(self._running)} run>"

    def take(
        self, pool: str, wanted: Iterable[tuple[Endpoint, Address]], check: Check | None, base: Path
    ) -> None:
        """Check these of a pool from now on, and no others of it. One that is checked in the same
        way already goes on; who is no more checked is not unhealthy. base: where modules of
        functions are found too."""
        before = self._of.pop(pool, {})
        if check is not None:
            make = self._maker(check, base)
            if make is not None:
                self._of[pool] = {
                    endpoint.name: self._kept(before, endpoint, check)
                    or self._new(endpoint, check, make(endpoint.name, address))
                    for endpoint, address in wanted
                }
        for name, gone in before.items():
            gone.is_gone = True
            if name not in self._of.get(pool, {}):
                gone.endpoint.counts[CHECKED_AT] = 0
                gone.endpoint.put_back("unhealthy")
        self._wake()

    def _kept(
        self, before: dict[str, _Checked], endpoint: Endpoint, check: Check
    ) -> _Checked | None:
        found = before.get(endpoint.name)
        if found is None or found.check != check or found.endpoint is not endpoint:
            return None
        return before.pop(endpoint.name)

    def _new(self, endpoint: Endpoint, check: Check, ask: _Ask) -> _Checked:
        made = _Checked(endpoint, check, ask)
        made.grid = clock.monotonic() + check.every * self._number()
        self._plan(made, made.grid)
        return made

    def start(self) -> None:
        """The loop runs."""
        self._loop = asyncio.get_running_loop()
        self._wake()

    def close(self) -> None:
        """Ask nobody any more. What is known of them stays: another worker goes on."""
        for each in (each for pool in self._of.values() for each in pool.values()):
            each.is_gone = True
            each.endpoint.counts[CHECKED_AT] = 0
        for task in self._running:
            task.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self._of, self._due, self._loop = {}, [], None

    # --- what is asked -------------------------------------------------------------------------

    def _maker(self, check: Check, base: Path) -> "Callable[[str, Address], _Ask] | None":
        """What asks an endpoint by its name and address; None if nobody can be asked."""
        if check.kind.startswith("py:"):
            function = self._function(check.kind, base)
            return None if function is None else lambda name, address: _own(function, name)
        return lambda name, address: self._probe(check, address)

    def _probe(self, check: Check, address: Address) -> _Ask:
        if check.port and not address.path:
            address = replace(address, port=check.port)
        if check.kind == "tcp":
            touching = self._make_client(replace(address, tls=None), b"")
            return lambda: _touch(touching, check)
        if check.kind == "grpc":  # without TLS by prior knowledge
            calling = self._make_client(replace(address, protocols=TWO), check.host)
            return lambda: _call(calling, check)
        client = self._make_client(address, check.host)
        return lambda: _request(client, check)

    def _function(self, word: str, base: Path) -> Callable[[str], Awaitable[object]] | None:
        try:
            found = object_named(word, base)
        except ValueError as error:
            self._warn(f"health: {error}; until that is mended nobody is checked by it")
            return None
        if not inspect.iscoroutinefunction(found):
            self._warn(f"health: {word} is no `async def`; nobody is checked by it")
            return None
        return found

    # --- time ----------------------------------------------------------------------------------

    def _plan(self, each: _Checked, at: float) -> None:
        self._order += 1
        heappush(self._due, (at, self._order, each))
        each.endpoint.counts[CHECKED_AT] = int(at * 1000)

    def _wake(self) -> None:
        """When the next one is due, or somebody has ended for whom one waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._loop is not None and self._due and len(self._running) < MOST:
            seconds = max(self._due[0][0] - clock.monotonic(), 0.0)
            self._timer = self._loop.call_later(seconds, self._begin)

    def _begin(self) -> None:
        """A few that are due; a turn of the loop for who else has something to do."""
        assert self._loop is not None
        now = clock.monotonic()
        for _ in range(AT_ONCE):
            if not self._due or self._due[0][0] > now or len(self._running) >= MOST:
                break
            each = heappop(self._due)[2]
            if not each.is_gone:
                task = self._loop.create_task(self._run(each))
                self._running.add(task)
                task.add_done_callback(self._on_done)
        self._wake()

    def _on_done(self, task: asyncio.Task[None]) -> None:
        was_full = len(self._running) >= MOST
        self._running.discard(task)
        if was_full:
            self._wake()

    async def _run(self, each: _Checked) -> None:
        check = each.check
        ours = False
        try:
            async with asyncio.timeout(check.timeout):
                why = await each.ask()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():  # that is us, and not something it waited for
                raise
            why = "CancelledError"
        except SystemExit as error:  # sys.exit() in the operator's code is no end of the worker
            why = f"SystemExit: {error}"
        except Exception as error:  # the operator's code may raise anything
            why = words_of(error, check.timeout)
            ours = isinstance(error, PorchError) and error.source == "porch"
        if debug.is_on:
            debug.say(f"check {each.endpoint.roster.name}/{each.endpoint.name}: {why or 'well'}")
        if each.is_gone:
            return
        if not ours:  # without descriptors nothing is found out
            each.progress.note(why)
        now = clock.monotonic()
        each.grid += check.every
        if each.grid <= now:  # it took longer than that
            each.grid += check.every * ((now - each.grid) // check.every + 1)
        stray = JITTER * (2 * self._number() - 1)
        self._plan(each, each.grid + check.every * stray)
        self._wake()


def _own(function: Callable[[str], Awaitable[object]], name: str) -> _Ask:
    async def asking() -> str | None:
        answer = await function(name)
        return None if answer is None else str(answer) or "it said nothing"

    return asking


async def _touch(client: Client, check: Check) -> None:
    await client.connect(timeout=check.timeout)


async def _request(client: Client, check: Check) -> str | None:
    answer = await client.request(
        check.method, check.target, check.sends, timeout=check.timeout, most_bytes=MOST_BODY
    )
    return check.judge(answer)


async def _call(client: Client, check: Check) -> str | None:
    fields = [*check.sends, (b"content-type", GRPC)]
    fields.append((b"grpc-timeout", spell_timeout(check.timeout)))
    answer = await client.request(
        b"POST",
        CHECK,
        fields,
        question(check.service),
        timeout=check.timeout,
        most_bytes=MOST_ANSWER,
    )
    return check.judge(answer)
