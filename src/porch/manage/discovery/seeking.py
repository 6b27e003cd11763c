"""Seeking: runs the providers, in the one worker of the door that does so.

Whatever a provider does, the last good list stays: it may raise, end, say nothing, an empty list or
rubbish. Each trouble is told once, and so is its end.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from porch import clock
from porch.config.listing import Entry, Listing, looked_over
from porch.config.members import LoadProvider, Sought
from porch.config.steps import Steps, advance
from porch.errors import PorchError
from porch.manage.slices import SLICE
from porch.observe.stamp import utc

__all__ = ["Seeking"]

Result = TypeVar("Result")

SHORTEST, LONGEST = 1.0, 10.0
"""Seconds until a provider that failed is called again: at first, and at most."""
BREATH = 0.1
"""Seconds between two lists of a provider at least."""
QUIET = 5.0
"""Seconds without a first list after which that is told."""


class Seeking:
    """listings: what is known of each source. tell: told of each that has changed. say: tells the
    operator that it is well again, warn: what is wrong. load: see LoadProvider."""

    def __init__(
        self,
        listings: Mapping[str, Listing],
        tell: Callable[[Listing], None],
        say: Callable[[str], None],
        warn: Callable[[str], None],
        load: LoadProvider,
    ) -> None:
        self._listings = dict(listings)
        self._tell = tell
        self._say = say
        self._warn = warn
        self._load = load
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._checked: dict[str, tuple[object, tuple[Entry, ...], str]] = {}

    def seek(self, sought: Mapping[str, Sought]) -> None:
        """Look for these, and for no others. Those that are looked for already go on."""
        for name in self._tasks.keys() - sought.keys():
            self._tasks.pop(name).cancel()
            self._listings.pop(name, None)
            self._checked.pop(name, None)
        loop = asyncio.get_running_loop()
        for name, each in sought.items():
            if name not in self._tasks:
                self._tasks[name] = loop.create_task(self._go_on(name, each))

    def close(self) -> None:
        """Look for nothing more."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def _go_on(self, name: str, sought: Sought) -> None:
        """Call the provider, again and again."""
        pause = SHORTEST
        loop = asyncio.get_running_loop()
        quiet = loop.call_later(QUIET, self._on_trouble, name, f"no answer for {QUIET:g} s")
        try:
            while True:
                try:
                    provider = sought.provider(self._load)
                    async with aclosing(provider()) as lists:  # type: ignore[type-var]
                        async for each in lists:
                            quiet.cancel()
                            await self._take(name, each)
                            pause = SHORTEST
                            await asyncio.sleep(BREATH)
                    reason = "it ended; it should go on"
                except Exception as error:  # whatever it is: the list stays
                    reason = _why(error)
                quiet.cancel()
                self._on_trouble(name, reason)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST)
        finally:
            quiet.cancel()

    async def _take(self, name: str, found: object) -> None:
        raw = list(found) if isinstance(found, list) else found  # a provider may change its own
        before = self._checked.get(name)
        if before is None or before[0] != raw:
            entries, faults = await _gently(looked_over(raw))
            self._checked[name] = raw, entries, faults
        else:
            _, entries, faults = before
        if entries:
            self._on_list(name, entries, faults)
        else:
            self._on_trouble(name, faults or "it found nothing")

    def _on_list(self, name: str, entries: tuple[Entry, ...], faults: str) -> None:
        before = self._of(name)
        is_same = before.found == entries and not before.is_old
        now = clock.wall()
        self._note(
            Listing(
                source=name,
                found=entries,
                since=before.since if is_same else now,
                trouble=faults,
                trouble_since=(before.trouble_since or now) if faults else 0.0,
            )
        )
        if faults and faults != before.trouble:
            self._warn(f"discovery of {name}: {faults}")
        elif before.trouble and not faults:
            self._say(f"discovery of {name} is well again: {len(entries)} found")

    def _on_trouble(self, name: str, reason: str) -> None:
        before = self._of(name)
        since = before.trouble_since or clock.wall()
        self._note(replace(before, trouble=reason, trouble_since=since))
        if not before.trouble:
            kept = f"; the list of {utc(before.since)} stays" if before.found else ""
            self._warn(f"discovery of {name} fails: {reason}{kept}")

    def _of(self, name: str) -> Listing:
        return self._listings.get(name) or Listing(source=name)

    def _note(self, listing: Listing) -> None:
        if listing != self._listings.get(listing.source):
            self._listings[listing.source] = listing
            self._tell(listing)


async def _gently(steps: Steps[Result]) -> Result:
    """What comes of it, a slice in each turn of the loop."""
    found: list[Result] = []

    def kept() -> Steps[None]:
        found.append((yield from steps))

    rest = kept()
    while advance(rest, SLICE):  # noqa: ASYNC110  it waits for nothing
        await asyncio.sleep(0)
    return found[0]


def _why(error: Exception) -> str:
    """In words: what Porch or the system says as it is, the operator's own errors with their
    kind."""
    if isinstance(error, PorchError):
        return error.detail or error.sentence
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if type(error) in (OSError, ValueError):
        return str(error)
    return f"{type(error).__name__}: {error}"
