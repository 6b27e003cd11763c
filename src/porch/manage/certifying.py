"""Certifying: a worker's part in getting and keeping certificates.

Every worker serves what the store has. The first one gets and renews what is missing; when it has
a new one it tells the supervisor, which tells all workers.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from porch.certs.entry import Source
from porch.certs.kept import Kept
from porch.certs.store import FileStore, StoreError
from porch.manage.wanted import Wanted
from porch.tls.certificate import Certificate, Pair
from porch.tls.presented import Presented

if TYPE_CHECKING:
    from porch.certs.keeper import Keeper

__all__ = ["Certifying"]

LOOK = 60.0
"""Seconds between two looks at what other machines have put into the store."""


class Certifying:
    """changed: called when another certificate is to be shown. told: tells the supervisor of
    hosts that have a new one. say: tells the operator. gets: whether this worker gets them."""

    def __init__(
        self,
        changed: Callable[[], None],
        told: Callable[[list[str]], None],
        say: Callable[[str], None],
        *,
        gets: bool,
    ) -> None:
        self._changed = changed
        self._told = told
        self._say = say
        self._gets = gets
        self._folder: Path | None = None
        self._store: FileStore | None = None
        self._kept: Kept | None = None
        self._keeper: Keeper | None = None
        self._managed: Mapping[str, Source] = {}
        self._looks: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def has(self, host: str) -> bool:
        """Whether a host that is managed has its certificate."""
        return self._kept is not None and self._kept.has(host)

    def presented(self, given: Presented) -> Presented:
        """What was given, and what is kept behind it."""
        if self._kept is None:
            return given
        kept = {host: each for host, each in self._kept.by_host.items() if host in self._managed}
        return replace(given, by_host={**given.by_host, **kept}) if kept else given

    def challenge(self, name: str) -> Certificate | None:
        """What an authority that asks for acme-tls/1 is shown (RFC 8737 3)."""
        if self._store is None or name not in self._managed:
            return None
        from porch.certs.answers import Answers

        found = Answers(self._store).alpn_answer(name)
        if found is None:
            return None
        place = Path("challenge")
        return Certificate([Pair(*found, place, place)], ("acme-tls/1",))

    def http_answer(self, token: str) -> bytes | None:
        """What an authority that asks by HTTP is answered (RFC 8555 8.3)."""
        if self._store is None:
            return None
        from porch.certs.answers import Answers

        return Answers(self._store).http_answer(token)

    # --- what is wanted ------------------------------------------------------------------------

    def take(self, wanted: Wanted) -> None:
        """A configuration is in force."""
        self._managed = wanted.hosts
        if not wanted.hosts:
            self._let_go()
            return
        if wanted.folder != self._folder:
            self._let_go()
            self._open(wanted.folder)
        if self._kept is not None:
            self._kept.only(wanted.hosts)
            self._kept.read(host for host in wanted.hosts if not self._kept.has(host))
        if self._keeper is not None:
            self._keeper.want(wanted.hosts, wanted.authorities, wanted.served, wanted.by_dns)

    def start(self) -> None:
        """The loop runs, and a configuration is in force."""
        self._loop = asyncio.get_running_loop()
        if self._keeper is not None and not self._keeper.has_started:
            self._keeper.start()
        self._look_later()

    def on_certified(self, hosts: list[str]) -> None:
        """Some worker has got these."""
        mine = [host for host in hosts if host in self._managed]
        if self._kept is not None and self._kept.read(mine):
            self._changed()

    def close(self) -> None:
        """Get nothing more."""
        self._let_go()

    def _open(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._store = FileStore(folder)
        except StoreError as error:
            self._say(f"no certificates but those given: {error}")
            return
        self._kept = Kept(self._store, self._say)
        if self._gets:
            from porch.certs.keeper import Keeper  # late: cryptography takes 0.1 s

            self._keeper = Keeper(self._store, self._on_changed, self._on_said)

    def _let_go(self) -> None:
        if self._keeper is not None:
            self._keeper.stop()
        if self._looks is not None:
            self._looks.cancel()
        self._folder = self._store = self._kept = self._keeper = self._looks = None

    def _look_later(self) -> None:
        if self._kept is not None and self._looks is None:
            self._looks = asyncio.get_running_loop().call_later(LOOK, self._look)

    def _look(self) -> None:
        self._looks = None
        self.on_certified([*self._managed])
        self._look_later()

    # --- in the keeper's thread ----------------------------------------------------------------

    def _on_changed(self, hosts: list[str]) -> None:
        self._soon(self._told, hosts)

    def _on_said(self, text: str) -> None:
        self._soon(self._say, text)

    def _soon(self, work: Callable[..., None], *arguments: object) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(work, *arguments)
