"""Certifying: a worker's part in getting and keeping certificates.

Every worker serves what the store has. The first one gets and renews what is missing; when it has
a new one it tells the supervisor, which tells all workers.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from porch import clock
from porch.certs.asked import Asked
from porch.certs.entry import Source
from porch.certs.kept import Found, Kept
from porch.certs.store import FileStore, StoreError
from porch.config.steps import Steps, advance
from porch.manage.certs.managed import Managed
from porch.manage.certs.on_demand import OnDemand
from porch.manage.slices import SLICE
from porch.tls.certificate import Certificate, Pair
from porch.tls.presented import Presented

if TYPE_CHECKING:
    from porch.certs.keeper import Keeper

__all__ = ["Certifying", "Ready"]

LOOK = 60.0
"""Seconds between two looks at what other machines have put into the store."""


PATIENCE = 30.0
"""Seconds that the look at one host may take."""
BREATH = 0.0002
"""Seconds between two of them: else the loop would wait for the interpreter, 5 ms at times."""


@dataclass(slots=True, eq=False)
class _Keeping:
    """A store, and what of it is served. keeper: where this worker gets what is missing.

    since: when a thread began to read an entry (by `monotonic`); None if none does.
    behind: hosts to be looked at when it has read all.
    """

    folder: Path
    store: FileStore
    kept: Kept
    asked: Asked
    keeper: "Keeper | None" = None
    since: float | None = None
    behind: dict[str, None] = field(default_factory=dict)

    @property
    def waits(self) -> float:
        """Seconds for which a thread has been reading an entry."""
        return clock.monotonic() - self.since if self.since is not None else 0.0

    def want(self, managed: Managed) -> None:
        """Have these got."""
        if self.keeper is not None:
            covered = managed.on_demand.covered if managed.on_demand is not None else None
            self.keeper.want(
                managed.hosts, managed.authorities, managed.served, managed.by_dns, covered
            )


@dataclass(slots=True, kw_only=True)
class Ready:
    """What was read for a configuration that is not in force yet."""

    managed: Managed
    keeping: _Keeping | None = None


class Certifying:
    """changed: called when another certificate is to be shown. told: tells the supervisor of
    hosts that have a new one. say: tells the operator what was done, warn: what could not be. gets:
    whether this worker gets them. send: another message to the supervisor. on_demand: those that
    are got when a client comes."""

    def __init__(
        self,
        changed: Callable[[], None],
        told: Callable[[list[str]], None],
        say: Callable[[str], None],
        warn: Callable[[str], None],
        *,
        gets: bool,
        send: Callable[[str, object], None] = lambda word, data: None,
    ) -> None:
        self._changed = changed
        self._send = told
        self._say = say
        self._warn = warn
        self._gets = gets
        self.on_demand = OnDemand(send, warn)
        self._managed: Managed | None = None
        self._keeping: _Keeping | None = None
        self._told: set[str] = set()
        self._looks: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def has(self, host: str) -> bool:
        """Whether a host that is managed has its certificate."""
        return self._keeping is not None and self._keeping.kept.has(host)

    def presented(self, given: Presented) -> Presented:
        """What was given, and what is kept behind it."""
        if self._keeping is None:
            return given
        found, hosts = self._keeping.kept.by_host, self._hosts
        kept = {host: each for host, each in found.items() if host in hosts}
        return replace(given, by_host={**given.by_host, **kept}) if kept else given

    def challenge(self, name: str) -> Certificate | None:
        """What an authority that asks for acme-tls/1 is shown (RFC 8737 3)."""
        if self._keeping is None:
            return None
        if name not in self._hosts and not self.on_demand.covers(name):
            return None
        found = self._keeping.asked.alpn(name)
        if found is None:
            return None
        place = Path("challenge")
        return Certificate([Pair(*found, place, place)], ("acme-tls/1",))

    def http_answer(self, token: str) -> bytes | None:
        """What an authority that asks by HTTP is answered (RFC 8555 8.3)."""
        return self._keeping.asked.http(token) if self._keeping is not None else None

    # --- what is managed -----------------------------------------------------------------------

    def preparing(self, managed: Managed) -> Steps[Ready]:
        """Read what the store has for a configuration that is not in force yet, a host a step."""
        ready = Ready(managed=managed)
        if not managed:
            return ready
        if self._keeping is not None and self._keeping.folder == managed.folder:
            ready.keeping = self._keeping
        else:
            ready.keeping = self._open(managed.folder)
        if ready.keeping is not None:
            kept = ready.keeping.kept
            yield from kept.reading(host for host in managed.hosts if not kept.has(host))
        return ready

    def take(self, ready: Ready) -> None:
        """A configuration is in force. Waits for nothing, and never raises."""
        managed = self._managed = ready.managed
        if ready.keeping is not self._keeping:
            self._let_go()
            self._keeping = ready.keeping
        if self._keeping is not None:
            self._keeping.kept.only(managed.hosts)
            self._keeping.want(managed)
            self.on_demand.take(managed, self._keeping.store, self._keeping.keeper)
        else:
            self.on_demand.close()

    def start(self) -> None:
        """The loop runs, and a configuration is in force."""
        self._loop = asyncio.get_running_loop()
        if self._keeping is not None and self._keeping.keeper is not None:
            self._begin(self._keeping.keeper.start_once)
        self.on_demand.start()
        if self._looks is None and self._managed:
            self._looks = self._loop.call_later(LOOK, self._look)

    def on_certified(self, hosts: list[str]) -> None:
        """Some worker has got these."""
        self._look_at([host for host in hosts if host in self._hosts])
        self.on_demand.on_certified(host for host in hosts if host not in self._hosts)

    def renew(self, host: str, tell: Callable[[Mapping[str, str]], None]) -> None:
        """Get another one now, in a thread. tell: called once, with `what` (see certs.issuer), a
        `sentence`, and the certificate `before` and `after` in words."""
        keeping = self._keeping
        keeper = keeping.keeper if keeping is not None else None
        if keeper is None:
            tell({"what": "waiting", "sentence": f"no store is open, so that {host} has none"})
            return

        def work() -> None:
            before = keeper.shown(host)
            try:
                outcome = keeper.renew(host)
                found = {"what": outcome.what, "sentence": outcome.sentence}
            except BaseException as error:  # whoever asked waits for an answer
                found = {"what": "failed", "sentence": f"{host}: {type(error).__name__}: {error}"}
            self._soon(self._say, found["sentence"])
            self._soon(tell, found | {"before": before, "after": keeper.shown(host)})

        thread = threading.Thread(target=work, name="porch renewal", daemon=True)
        if not self._begin(thread.start):
            tell({"what": "waiting", "sentence": "the system gives no thread (ulimit -u)"})

    def close(self) -> None:
        """Get nothing more."""
        self.on_demand.close()
        self._let_go()

    @property
    def _hosts(self) -> Mapping[str, Source]:
        return self._managed.hosts if self._managed is not None else {}

    def _open(self, folder: Path) -> "_Keeping | None":
        """What is kept in a folder; None, which is told once, if it cannot be used."""
        try:
            store = FileStore(folder)
        except (StoreError, ValueError) as error:  # ValueError: a name that is none
            self._tell(f"open {folder}", f"no certificates but those given: {error}")
            return None
        self._told.discard(f"open {folder}")
        found = _Keeping(folder, store, Kept(store, self._warn), Asked(store))
        if self._gets:
            from porch.certs.keeper import Keeper  # late: cryptography takes 0.1 s

            found.keeper = Keeper(store, self._on_changed, self._on_said, self._on_trouble)
        return found

    def _let_go(self) -> None:
        if self._keeping is not None and self._keeping.keeper is not None:
            self._keeping.keeper.stop()
        if self._looks is not None:
            self._looks.cancel()
        self._keeping = self._looks = None

    # --- looking -------------------------------------------------------------------------------

    def _look(self) -> None:
        """What have others put into the store? And is there one by now?"""
        self._looks = None
        managed = self._managed
        if managed and self._keeping is None:
            self._keeping = self._open(managed.folder)
            if self._keeping is not None:
                self._keeping.want(managed)
                self.on_demand.take(managed, self._keeping.store, self._keeping.keeper)
                self._changed()
        self.start()
        if self._keeping is not None and self._keeping.waits > PATIENCE:
            self._tell(
                "look",
                f"the store {self._keeping.folder} does not answer; see to its disk. What was read"
                " from it is served on",
            )
        self._look_at([*self._hosts])

    def _look_at(self, hosts: Iterable[str]) -> None:
        """In a thread, for a disk may hang and the door has to serve."""
        keeping = self._keeping
        if keeping is None or self._loop is None:
            return
        keeping.behind.update(dict.fromkeys(hosts))
        if keeping.behind and keeping.since is None:
            due, keeping.behind = keeping.behind, {}

            def look() -> None:
                found: dict[str, Found] = {}
                for host in due:
                    found |= keeping.kept.look([host])
                    keeping.since = clock.monotonic()
                    clock.sleep(BREATH)
                self._soon(self._on_found, keeping, found)

            keeping.since = clock.monotonic()
            thread = threading.Thread(target=look, name="porch store", daemon=True)
            if not self._begin(thread.start):
                keeping.since = None

    def _begin(self, start: Callable[[], object]) -> bool:
        """Whether a thread could be made; else it is told, and tried at the next look."""
        try:
            start()
        except RuntimeError:
            self._tell(
                "thread",
                "certificates are not looked after: the system gives no thread (ulimit -u,"
                " TasksMax); it is tried again each minute",
            )
            return False
        self._told.discard("thread")
        return True

    def _on_found(self, keeping: "_Keeping", found: Mapping[str, Found]) -> None:
        keeping.since = None
        if keeping is self._keeping:  # else it was let go meanwhile
            self._told.discard("look")
            is_new = any(isinstance(each, Certificate) for each in found.values())
            self._take_found(keeping, keeping.kept.taking(found), is_new)
            self._look_at(())

    def _take_found(self, keeping: "_Keeping", steps: Iterator[None], is_new: bool) -> None:
        """A slice in each turn of the loop: what OpenSSL does for one takes a millisecond."""
        loop = self._loop
        if keeping is not self._keeping or loop is None:
            return
        if advance(steps, SLICE):
            loop.call_soon(self._take_found, keeping, steps, is_new)
        elif is_new:
            self._changed()

    def _tell(self, what: str, text: str) -> None:
        """Once, however often it is seen, until it is over."""
        if what not in self._told:
            self._told.add(what)
            self._warn(text)

    # --- in threads ----------------------------------------------------------------------------

    def _on_changed(self, hosts: list[str]) -> None:
        self._soon(self._send, hosts)

    def _on_said(self, text: str) -> None:
        self._soon(self._say, text)

    def _on_trouble(self, text: str) -> None:
        self._soon(self._warn, text)

    def _soon(self, work: Callable[..., None], *arguments: object) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended, and nobody asks any more
                self._loop.call_soon_threadsafe(work, *arguments)
