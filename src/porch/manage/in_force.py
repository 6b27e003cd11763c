"""InForce: the configuration that runs, with all that the supervisor holds for it.

Sockets, log files, first TLS contexts, the columns where endpoints are counted, and the history.
A change takes what it needs beside what is there; until it is in force everywhere, or given up,
nothing of the old is let go.
"""

import errno
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from porch import clock
from porch.balance.standing import Standings
from porch.config.history import History, Ran
from porch.config.listing import Listing
from porch.config.loaded import Loaded
from porch.config.logs import close_log_files, open_log_files
from porch.config.orders import Orders
from porch.config.snapshot import Snapshot
from porch.config.withheld import withheld
from porch.listen.address import ListenAddress
from porch.manage.cache_keeping import CacheKeeping, Handed
from porch.manage.candidate import Candidate, stamps
from porch.manage.certs.renewed import ADMIN, Renewed
from porch.manage.columns import COLUMNS, Columns, rows_for
from porch.manage.discovery.discovered import Discovered
from porch.manage.equipment import Equipment
from porch.manage.fleet import Fleet
from porch.manage.listening import Listening
from porch.manage.prospect import UNCHANGED, Load, Prospect, Refusal, examined
from porch.manage.reload import Reload
from porch.manage.store_folder import ready_store, store_folder
from porch.manage.tables import NOTHING, Tables
from porch.observe.capture import Wanted
from porch.observe.messages import Level
from porch.shared import SharedTable
from porch.tls.certificate import Certificate, Pair
from porch.tls.presented import Kind

__all__ = ["InForce", "why"]

DRAINED = 2.0
"""Seconds that workers may take to let go of an address."""


class InForce:
    """candidate: what runs. loaded_at: since when, in seconds of the wall clock. files: the open
    log files. history: what ran before. renewed: certificate files that change. standings:
    which endpoints are out of rotation. orders: what operators have said. discovered: which were
    found. cache: where answers are kept. debug_until: until when workers say more, by the monotonic
    clock; 0.0 while they do not. capture: what is captured, None for nothing. observed: the sockets
    of the observer. changes: put in force so far, was_refused: whether the last one was not.
    ordered: orders so far. say: tells the operator; assigned later."""

    def __init__(
        self,
        candidate: Candidate,
        listening: Listening,
        files: dict[Path, int],
        observed: Listening | None = None,
        table: SharedTable | None = None,
        handed: Mapping[str, int] = NOTHING,
    ) -> None:
        """table, handed: of before an upgrade, see Tables."""
        self.candidate = candidate
        self.listening = listening
        self.files = files
        self.observed = observed or Listening()
        self.changes, self.was_refused = 0, False
        self.ordered = 0
        self.loaded_at = clock.wall()
        self.history = History()
        self.say: Callable[[str, Level], None] = lambda text, severity: None
        self.taken: Callable[[], object] = lambda: None
        self.table = table or SharedTable(rows_for(candidate.workers), COLUMNS)
        rows, keys = len(self.table.rows), candidate.loaded.config.limit_keys
        self.tables = Tables.of(rows, keys, handed)
        self.columns = Columns(self.table)
        self.standings = Standings()
        self.orders = Orders.none()
        self.debug_until = 0.0
        self.capture: Wanted | None = None
        self.cache = CacheKeeping(self.tables.notices)
        self.discovered = Discovered(self.columns, self.standings, candidate.sources)
        if table is None:
            self.columns.assign(candidate.endpoints)
        self._first_workers = candidate.workers
        self._is_told = False
        self._left: dict[ListenAddress, float] = {}
        self._firsts: dict[Kind, ssl.SSLContext] = {}
        self._make_firsts(candidate)
        self.renewed = Renewed(candidate.loaded, self._say)
        self._stamps = stamps(candidate.files)

    def take_over(self, endpoints: Iterable[tuple[str, str, int]]) -> None:
        """The table of before an upgrade has these, and those that are new."""
        self.columns.take_over(endpoints)
        self.columns.assign(self.candidate.endpoints)

    def remember(self, load: Load) -> None:
        """Write what runs into the history. load: what it came from."""
        self.history.add(self._snapshot(load))

    def _snapshot(self, load: Load) -> Snapshot:
        return Snapshot.of(self.candidate.loaded, again=load, lists=self.candidate.lists)

    def equip(self, slot: int, row: int, stacks: int) -> Equipment:
        """What a worker is forked with."""
        return Equipment(
            loaded=withheld(self.candidate.loaded),
            sockets=self.listening.of_slot(slot),
            firsts=self._firsts,
            files=self.files,
            table=self.table,
            tables=self.tables,
            row=row,
            columns=self.columns.of,
            stacks=stacks,
            slot=slot,
            standing=self.standings.all,
            orders=self.orders,
            found=self.discovered.news(),
            identity=self.candidate.identity,
            cache=self.cache.kept,
            debug_until=self.debug_until,
            capture=self.capture,
        )

    def find(self, listing: Listing, fleet: Fleet) -> None:
        """A source has said something else: all workers are told."""
        fleet.tell(fleet.all, "found", self.discovered.note(listing))
        if self.discovered.is_crowded and not fleet.leaving:
            self.columns.keep([*self.candidate.endpoints, *self.discovered.names])

    def read_found(self) -> None:
        """What was found before a restart."""
        problem = self.discovered.read(store_folder(self.candidate.loaded))
        if problem:
            self._say(problem, "warning")

    def write_found(self) -> None:
        """Keep it, for a restart while nothing can be found."""
        folder = store_folder(self.candidate.loaded)
        try:
            if self.discovered.is_changed:
                ready_store(folder, self.candidate.identity)
                self.discovered.write(folder)
        except OSError as error:
            if not self._is_told:
                self._say(f"{why(error)}: lists of endpoints are not kept for a restart", "warning")
            self._is_told = True

    def has_changed(self) -> bool:
        """Whether a file is not as it was when it was read, refused or in force."""
        return stamps(self._stamps) != self._stamps

    def lists_have_changed(self) -> bool:
        """The same of files with networks or places. One that is not there is about to be."""
        lists = stamps(self.candidate.lists)
        return None not in lists.values() and any(
            stamp != self._stamps.get(file) for file, stamp in lists.items()
        )

    def look(self) -> dict[str, tuple[Pair, ...]]:
        """Hosts whose certificate files hold another pair now, which counts from now on."""
        found = self.renewed.look()
        pairs, admin = found.pop(ADMIN, None), self.candidate.admin
        if pairs is not None and admin is not None:
            self.candidate.admin = replace(admin, certificate=Certificate(pairs))
        if found:
            given = self.candidate.given
            fresh = {host: Certificate(pairs) for host, pairs in found.items() if host in given}
            self.candidate.given = {**given, **fresh}
        return found

    # --- a change ------------------------------------------------------------------------------

    def examine(self, load: Load, fleet: Fleet) -> Prospect | Refusal:
        """Do all that takes time, and change nothing that anybody could notice."""
        if not fleet.leaving:  # they still count where they did
            self.columns.keep([*self.candidate.endpoints, *self.discovered.names])
            self.standings.keep(self.columns.of)
        return examined(load, self._stamps, self.columns)

    def change(
        self, prospect: Prospect, fleet: Fleet, on_end: Callable[[str], None]
    ) -> Reload | Refusal | None:
        """Make ready what it needs. Refused, nothing has changed. None: a worker has not yet let
        go of an address that is to be bound anew; to be tried again soon."""
        self._stamps = prospect.stamps
        candidate = prospect.candidate
        obstacle = self._obstacle(candidate)
        if obstacle:
            prospect.parcel.close()
            return Refusal(text=f"{obstacle}\n{UNCHANGED}")
        files: dict[Path, int] = {}
        try:
            if self._changes_logs(candidate):
                files = open_log_files(candidate.logs)
            self._make_firsts(candidate)
            self.ready_store(candidate)
            self._begin_cache(candidate, fleet)
            for news in self.discovered.expect(candidate.sources):
                fleet.tell(fleet.all, "found", news)
            self.observed.open(candidate.observed, 1)
            return Reload(fleet, self.listening, prospect, files, on_end)
        except OSError as error:
            close_log_files(files)
            if error.errno == errno.EADDRINUSE and self._is_left(candidate.listen):
                return None
            prospect.parcel.close()
            return Refusal(text=f"{why(error)}\n{UNCHANGED}")

    def refuse(self, refusal: Refusal, fleet: Fleet) -> None:
        """Nothing comes of it. Its files are not tried again before they change again."""
        self.was_refused = True
        self.settle(fleet)
        if refusal.stamps is not None:
            self._stamps = refusal.stamps

    def take(self, job: Reload, back_to: Ran | None, *, is_same: bool = False) -> Loaded:
        """The change is in force in every worker. Returns what ran before.

        back_to: it was a rollback to this one. is_same: only lists are other ones.
        """
        before, prospect = self.candidate.loaded, job.prospect
        if self._changes_logs(prospect.candidate):
            close_log_files(self.files)
            self.files = job.files
        self.candidate = prospect.candidate
        self.discovered.settle(self.candidate.sources)
        self.renewed = Renewed(self.candidate.loaded, self._say)
        self.loaded_at = clock.wall()
        self.changes += 1
        self.was_refused = False
        if is_same:
            self.history.renew(self._snapshot(prospect.load))
        elif back_to is not None:
            self.history.return_to(back_to)
        else:
            self.remember(prospect.load)
        wanted = self.candidate.listen
        gone = [each for each in self.listening.sockets if each not in wanted]
        self.listening.close(gone)
        self._left = dict.fromkeys(gone, clock.monotonic())
        observed = self.observed.sockets
        self.observed.close([each for each in observed if each not in self.candidate.observed])
        self.taken()
        return before

    def give_up(self, job: Reload) -> None:
        """Nothing comes of the change."""
        observed = self.observed.sockets
        self.observed.close([each for each in observed if each not in self.candidate.observed])
        self.discovered.settle(self.candidate.sources)
        self.listening.close(job.fresh)
        close_log_files(job.files)

    def settle(self, fleet: Fleet) -> None:
        """Give back what the configuration that runs has no use for."""
        fleet.serve_out(self.listening.narrow(len(fleet.slots)))

    def reopen(self, fleet: Fleet) -> None:
        """Open the log files by their names again, for logrotate has moved the old ones away.
        Raises OSError, and then the old ones stay."""
        if not self.files:
            return
        files = open_log_files(self.files)
        close_log_files(self.files)
        self.files = files
        for process in fleet.all:
            fleet.tell_one(process, "reopen", [*files], [*files.values()])

    def close(self) -> None:
        """Let go of everything."""
        self.listening.close_all()
        self.observed.close_all()
        self.cache.close()
        close_log_files(self.files)

    def _obstacle(self, candidate: Candidate) -> str:
        """What no reload can change, in a sentence; "" if it is all right."""
        if candidate.identity != self.candidate.identity:
            return (
                "user and group are those of the workers that run, and a reload starts none; "
                "porch upgrade puts this file in force, or a restart"
            )
        most = (len(self.table.rows) - 1) // 2  # as many again may be finishing
        if candidate.workers > most:
            return (
                f"workers = {candidate.workers}: a door that was started with "
                f"{self._first_workers} has room for {most}; porch upgrade makes room, or a restart"
            )
        keys = candidate.loaded.config.limit_keys
        if keys != self.candidate.loaded.config.limit_keys:
            return (
                f"limit_keys = {keys}: the memory of a door that runs stays as it is; "
                "porch upgrade makes it anew, or a restart"
            )
        return self.cache.obstacle(candidate.loaded)

    def _is_left(self, wanted: Iterable[ListenAddress]) -> bool:
        """Whether one of these ports is drained: what waited there is served before it closes."""
        until = clock.monotonic() - DRAINED
        ports = {each.port for each, since in self._left.items() if since > until}
        return any(each.port in ports for each in wanted)

    def _changes_logs(self, candidate: Candidate) -> bool:
        return candidate.loaded.config.log != self.candidate.loaded.config.log

    def keep_cache(self, handed: Handed) -> None:
        """Have a folder for the cache, if the configuration has one. handed: see CacheKeeping."""
        candidate = self.candidate
        self.cache.begin(candidate.loaded, candidate.identity, self._say, handed)

    def ready_store(self, candidate: Candidate) -> None:
        """Make the folder of certificates ready. Without it all else is served."""
        if candidate.store is not None:
            problem = ready_store(candidate.store, candidate.identity)
            if problem:
                self._say(problem, "warning")

    def _begin_cache(self, candidate: Candidate, fleet: Fleet) -> None:
        """The first configuration with a cache: the workers that run are told where it is."""
        is_new = self.cache.kept is None
        kept = self.cache.begin(candidate.loaded, candidate.identity, self._say)
        if is_new and kept is not None:
            for process in fleet.all:
                fleet.tell_one(process, "cache begins", kept.words, kept.descriptors)

    def _say(self, text: str, severity: Level) -> None:
        self.say(text, severity)

    def _make_firsts(self, candidate: Candidate) -> None:
        """A first context for each kind of connection that has none: workers forked later share
        it. Those that are there stay for good, for their tickets are out there."""
        for kind in candidate.kinds:
            if kind not in self._firsts:
                self._firsts[kind] = kind.first_context()


def why(error: Exception) -> str:
    """An error's sentence, with the file that it is about."""
    if not isinstance(error, OSError):
        return str(error)
    name = f"{error.filename}: " if error.filename else ""
    return f"{name}{error.strerror or error}"
