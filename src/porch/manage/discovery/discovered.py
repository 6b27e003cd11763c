"""Discovered: what all workers know of the sources, as the supervisor keeps it.

It decides nothing: the first slot's worker looks, everybody is told. The last good lists outlive
that worker, a reload, an upgrade, and by a file a restart: who starts while DNS is down serves.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from porch import clock
from porch.balance.discover.found import Found
from porch.balance.standing import EndpointName, Standings
from porch.config.listing import Listing, address_of, looked_over, protocols_of
from porch.config.steps import complete
from porch.forward.address import ONE, SPOKEN
from porch.manage.columns import Columns
from porch.manage.discovery.discovering import News

__all__ = ["FILE", "Discovered"]

FILE = "found.json"
"""In the folder where the door keeps what it must not lose."""
LINGER = 60.0
"""Seconds for which an endpoint that is gone keeps its columns: a worker that has not heard of it
by then hangs, and is replaced."""
CROWD = 4096
"""Endpoints that are gone, above which their columns are given to others."""
PAUSE = 5.0
"""Seconds between two times that the file is written."""
LONGEST = 64 << 20
"""Bytes of the file."""

Pools = Mapping[str, Sequence[str]]
"""Source to the pools that it is part of."""


class Discovered:
    """listings: by source. pools: of the configuration in force, and of one that is about to be."""

    def __init__(self, columns: Columns, standings: Standings, pools: Pools) -> None:
        self.listings: dict[str, Listing] = {}
        self._columns = columns
        self._standings = standings
        self._pools: Pools = pools
        self._gone: dict[EndpointName, float] = {}
        self._written_at = -PAUSE
        self._is_written = True

    @property
    def names(self) -> list[EndpointName]:
        """Endpoints that were found, and those that were until a moment ago."""
        until = clock.monotonic() - LINGER
        self._gone = {name: since for name, since in self._gone.items() if since > until}
        found = (self._names(each) for each in [*self.listings.values()])
        return [*(name for each in found for name in each), *self._gone]

    @property
    def shown(self) -> list[EndpointName]:
        """Endpoints that are in pools now."""
        found = (self._names(each) for each in self.listings.values())
        return [*dict.fromkeys(name for each in found for name in each)]

    @property
    def speaks(self) -> dict[EndpointName, str]:
        """What is spoken with those of them where it is not HTTP/1.1 alone."""
        found: dict[EndpointName, str] = {}
        for listing in self.listings.values():
            for name, _, _ in listing.found or ():
                protocols = protocols_of(name)
                if protocols != ONE:
                    for pool in self._pools.get(listing.source, ()):
                        found[pool, address_of(name)] = SPOKEN[protocols]
        return found

    @property
    def is_changed(self) -> bool:
        """Whether there is something to write, and it is time to."""
        return not self._is_written and clock.monotonic() >= self._written_at + PAUSE

    @property
    def is_crowded(self) -> bool:
        """Whether so many are gone that their columns are to be given to others."""
        return len(self._gone) > CROWD

    def news(self) -> list[News]:
        """All that a new worker must know."""
        return [(each, self._columns.assign(self._names(each))) for each in self.listings.values()]

    def note(self, listing: Listing) -> News:
        """A source has said something: what the workers must know."""
        before = self.listings.get(listing.source)
        self.listings[listing.source] = listing
        was = self._names(before) if before is not None else []
        now = self._names(listing)
        if before is None or before.found != listing.found:
            self._is_written = False
        gone = dict.fromkeys(was)
        for name in now:
            gone.pop(name, None)
            self._gone.pop(name, None)
        for name in gone:
            self._gone[name] = clock.monotonic()
            for kind in [*self._standings.of(name)]:
                self._standings.note((name, kind, None))
        known = set(was)
        return listing, self._columns.assign([name for name in now if name not in known])

    def expect(self, pools: Pools) -> list[News]:
        """A configuration with these is about to be in force beside what is: what the workers must
        know before they build it."""
        merged = {
            source: [*dict.fromkeys((*self._pools.get(source, ()), *pools.get(source, ())))]
            for source in {**self._pools, **pools}
        }
        more = [each for each in merged if len(merged[each]) > len(self._pools.get(each, ()))]
        self._pools = merged
        known = [self.listings[each] for each in more if each in self.listings]
        return [(each, self._columns.assign(self._names(each))) for each in known]

    def settle(self, pools: Pools) -> None:
        """These alone are in force."""
        self._pools = pools
        self.listings = {name: each for name, each in self.listings.items() if name in pools}

    def status(self) -> list[dict[str, Any]]:
        """Each source, as plain data. Times are wall clock, in seconds; None for never."""
        shown = []
        for source, pools in self._pools.items():
            each = self.listings.get(source) or Listing(source=source)
            shown.append(
                {
                    "source": source,
                    "pools": [*pools],
                    "endpoints": len(each.found or ()),
                    "since": each.since if each.found is not None else None,
                    "trouble": each.trouble or ("nobody has looked yet" if each.is_old else ""),
                    "trouble_since": each.trouble_since or None,
                }
            )
        return shown

    def _names(self, listing: Listing) -> list[EndpointName]:
        addresses = listing.addresses
        return [(pool, each) for pool in self._pools.get(listing.source, ()) for each in addresses]

    # --- over an upgrade, and over a restart -----------------------------------------------------

    def dump(self) -> list[dict[str, Any]]:
        """The lists as plain data."""
        return [asdict(each) for each in self.listings.values() if each.found is not None]

    def load(self, words: Iterable[Mapping[str, Any]], *, is_old: bool) -> None:
        """The lists again, those that are still asked for. is_old: they are for when nothing else
        is found. Raises LookupError, TypeError or ValueError for what `dump` did not make."""
        for each in words:
            entries, faults = complete(looked_over([Found(*entry) for entry in each["found"]]))
            if faults:
                raise ValueError(faults)
            since = float(each["since"])
            listing = Listing(source=str(each["source"]), found=entries, since=since)
            if listing.source in self._pools:
                self.note(replace(listing, is_old=is_old))
        self._is_written = True

    def read(self, folder: Path) -> str:
        """What was kept before a restart. Returns what is wrong with it, or ""."""
        if not self._pools:
            return ""
        try:
            # Whoever the workers are may write there: a pipe of theirs is not waited for.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with open(os.open(folder / FILE, flags), "rb") as file:
                words = json.loads(file.read(LONGEST))
            self.load(words, is_old=True)
        except FileNotFoundError:
            return ""
        except (OSError, LookupError, TypeError, ValueError, RecursionError) as error:
            return f"{folder / FILE} is not used: {error}; it is written anew"
        return ""

    def write(self, folder: Path) -> None:
        """Keep the lists. Those of containers are not kept: their addresses are given to others.
        Raises OSError."""
        self._written_at = clock.monotonic()
        words = [each for each in self.dump() if not each["source"].startswith("docker:")]
        new = folder / f".{FILE}.new"
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(new, flags, 0o600), "w", encoding="utf-8") as file:
            json.dump(words, file)
        new.replace(folder / FILE)
        self._is_written = True
