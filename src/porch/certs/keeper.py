"""Keeper: gets and renews the certificates of all hosts that have none given.

One by one, but nobody waits long for one that is slow (lane.py). It blocks for the network and the
disk, so it runs in threads, in one worker of a door. Doors that share a store keep off each other
by its locks.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from porch import clock
from porch.certs import moments, renewal
from porch.certs.answers import Answers
from porch.certs.authority import PRESETS, Authority
from porch.certs.entry import Entry, Source
from porch.certs.facts import read_facts
from porch.certs.holding import lock_name, who_holds
from porch.certs.issuer import Issuer, Names, Outcome, Task
from porch.certs.kept import find_entry, keep_entry
from porch.certs.lane import Lane
from porch.certs.local_ca import INTERMEDIATE, ROOT, LocalAuthority, damage
from porch.certs.means import Means
from porch.certs.needs import Held
from porch.certs.order import Issued
from porch.certs.rounds import Rounds
from porch.certs.store import Store, StoreError

__all__ = ["SHARE", "Keeper", "KeptForIssuer"]

LONGEST_PAUSE = 600.0
"""Seconds between two looks at most: clocks jump, and other machines write into the store."""
SELDOM = 3600.0
"""Seconds between two looks at the rights of all files."""
AGAIN = 60.0
"""Seconds until what failed here is tried again, and until another who is about it is done."""
OTHERS = 1.0
"""The same where another makes a local one, which takes no time."""
SHARE = 2 / 3
"""Of a certificate's life, after which the local authority makes the next."""
REHEARSALS = frozenset(each.staging for each in PRESETS.values()) - {""}
"""Authorities that nobody trusts. What one has made is of no use where another is asked now."""
FAULT, STORE, DNS, RIGHTS, OWN = " fault", " store", " dns", " rights", " own"
"""What is told of no host in particular, and once too. No host has such a name."""


class KeptForIssuer:
    """The entries of a store, as an issuer wants them (certs.issuer.Certificates)."""

    def __init__(self, store: Store, authorities: Sequence[Authority] = ()) -> None:
        """authorities: those that are asked from now on."""
        self._store = store
        self._rehearsed = REHEARSALS - {each.directory for each in authorities}

    def find(self, names: Names) -> Entry | None:
        """See certs.issuer.Certificates. One that is of no use is none: it is got anew."""
        try:
            entry = find_entry(self._store, names[0])
            if entry is None or entry.source != "acme" or entry.directory in self._rehearsed:
                return None
            renewal.span(entry)
        except (ValueError, OverflowError):  # damaged, or of times that are none
            return None
        return entry

    def keep(self, issued: Issued) -> None:
        """See certs.issuer.Certificates."""
        facts = read_facts(issued.chain)
        keep_entry(
            self._store,
            Entry(
                names=issued.names,
                chain=issued.chain,
                key=issued.key,
                source="acme",
                issuer=facts.issuer,
                directory=issued.directory,
                obtained=int(clock.wall()),
                not_before=facts.not_before,
                not_after=facts.not_after,
            ),
        )


class Keeper:
    """One door's.

    changed: told of hosts whose certificate is new. say: tells the operator what was done. warn:
    what could not be; `say` too if left out. All are called in the thread.
    """

    def __init__(
        self,
        store: Store,
        changed: Callable[[list[str]], None],
        say: Callable[[str], None],
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self._store = store
        self._changed = changed
        self._say = say
        self._warn = warn or say
        self._wake = threading.Event()
        self._wake_local = threading.Event()
        self._lock = threading.Lock()
        self._lane = Lane(self._wake.set)
        self._is_stopping = False
        self._wanted: Mapping[str, Source] = {}
        self._issuer: Issuer | None = None
        self._kept = KeptForIssuer(store)
        self._rounds: Rounds | None = None
        self._rights_at = 0.0
        self._told: dict[str, str] = {}
        self._rests: dict[str, float] = {}
        self._awaited: set[str] = set()
        self._thread: threading.Thread | None = None
        self._by_dns: tuple[Callable[[Means], Means], Means, Sequence[Authority]] | None = None

    def want(
        self,
        hosts: Mapping[str, Source],
        authorities: Sequence[Authority],
        served: Sequence[str],
        by_dns: Callable[[Means], Means] | None = None,
        covered: Callable[[str], bool] | None = None,
    ) -> None:
        """From now on these, by these authorities and kinds of challenges. From any thread.

        covered: which others may be got, by `get`. Of those that there are the authority is asked
        when to renew them; whoever serves them is told of what it says, and gets another then.
        by_dns: adds who writes records; called in the thread, for it may be the operator's code.
        Raises ValueError, and then it goes without.
        """
        means = Means(answers=Answers(self._store), served=served)
        with self._lock:
            self._kept = KeptForIssuer(self._store, authorities)
            self._issuer = self._issuer_with(means, authorities)
            self._by_dns = (by_dns, means, authorities) if by_dns is not None else None
            self._wanted = hosts
            self._rounds = Rounds(self._store, covered) if covered is not None else None
        self._wake_all()

    def start_once(self) -> None:
        """Begin, in a thread of its own, unless it has. Raises RuntimeError if there is none."""
        if self._thread is None:
            # Two, so that an authority that hangs keeps no local name waiting.
            parts = ((self.step_public, self._wake), (self.step_local, self._wake_local))
            for part in parts:
                thread = threading.Thread(
                    target=self._run, args=part, name="porch certificates", daemon=True
                )
                thread.start()
                self._thread = thread

    def _issuer_with(self, means: Means, authorities: Sequence[Authority]) -> Issuer:
        return Issuer(self._store, authorities, means, self._kept, lambda: self._is_stopping)

    def _add_dns(self) -> None:
        with self._lock:
            by_dns, self._by_dns, issuer = self._by_dns, None, self._issuer
        if by_dns is None:
            return
        add, means, authorities = by_dns
        try:
            made = self._issuer_with(add(means), authorities)
            self._told.pop(DNS, None)
        except ValueError as error:
            self._tell(DNS, f"no proof by DNS: {error}")
            made = self._issuer_with(replace(means, dns_trouble=str(error)), authorities)
        with self._lock:
            if self._issuer is issuer:  # else others are wanted by now
                self._issuer = made

    def stop(self) -> None:
        """Begin nothing more. What is under way is gone on with by the next keeper."""
        self._is_stopping = True
        self._wake_all()

    def _wake_all(self) -> None:
        self._wake.set()
        self._wake_local.set()

    def _run(self, step: Callable[[], float], wake: threading.Event) -> None:
        while not self._is_stopping:
            try:
                pause = step()
                self._told.pop(FAULT, None)
            except Exception as error:  # a keeper that died would be missed in 60 days
                self._tell(FAULT, f"getting certificates failed: {type(error).__name__}: {error}")
                pause = AGAIN
            if not self._is_stopping:  # the step may have cleared what `stop` has set
                wake.wait(pause)

    def step(self) -> float:
        """Do all that is due. Seconds until there is more, or until it is time to look again."""
        return min(self.step_local(), self.step_public())

    def step_local(self) -> float:
        """The same of those that the local authority is for."""
        self._wake_local.clear()
        self._look_at_authority()
        return max(0.0, min([LONGEST_PAUSE, *self._local(self._wanted)]))

    def step_public(self) -> float:
        """The same of those that others are for."""
        self._wake.clear()
        self._look_at_rights()
        self._add_dns()
        wanted = self._wanted
        for told in [*self._told]:
            if told not in wanted and told[0] != " ":
                self._told.pop(told, None)
        return max(0.0, min([LONGEST_PAUSE, *self._public(wanted), *self._others(wanted)]))

    def _look_at_rights(self) -> None:
        """It looks at every file, and there may be many."""
        if clock.monotonic() >= self._rights_at:
            self._rights_at = clock.monotonic() + SELDOM
            self._tell_or_forget(RIGHTS, self._store.loose())

    # --- the local authority -------------------------------------------------------------------

    def _look_at_authority(self) -> None:
        """Also while its certificates are good: they end within days."""
        if "local" in self._wanted.values():
            with contextlib.suppress(StoreError):  # which is told of who needs it now
                why = damage(self._store)
                self._tell_or_forget(OWN, why and f"no certificates for local names: {why}")

    def _local(self, wanted: Mapping[str, Source]) -> Iterator[float]:
        for host, source in wanted.items():
            if source == "local" and not self._is_stopping:
                try:
                    yield self._keep_local(host)
                except (StoreError, ValueError) as error:
                    if OWN not in self._told:  # which is of all of them
                        self._tell(host, f"no certificate for {host}: {error}")
                    yield AGAIN

    def _keep_local(self, host: str, *, force: bool = False) -> float:
        """Make the one of a host if it is time, or at once. Seconds until it is time."""
        left = 0.0 if force else self._left(host)
        if left <= 0:
            lock = self._store.lock(lock_name(host), AGAIN)
            if lock is None:
                self._awaited.add(host)
                return OTHERS
            try:
                left = self._left(host)  # who had the lock before may have made it
                if left <= 0 or force:
                    keep_entry(self._store, LocalAuthority.open(self._store).issue([host]))
                    left = LONGEST_PAUSE
            finally:
                lock.release()
            self._awaited.add(host)
        self._told.pop(host, None)
        if host in self._awaited:
            self._awaited.discard(host)
            self._changed([host])
        return left

    def _left(self, host: str) -> float:
        """Seconds until the one of a host has to be made; none if there is none of any use."""
        try:
            entry = find_entry(self._store, host)
        except ValueError:  # damaged, which a new one mends
            return 0.0
        if entry is None or entry.source != "local" or not self._is_by_who_signs_now(entry):
            return 0.0
        now = clock.wall()
        # From a clock that was ahead. One whose signer has yet to begin, because this clock is
        # behind, is as good as any that could be made now.
        if min(entry.obtained, entry.not_before) > now:
            return 0.0
        life = entry.not_after - entry.not_before
        return max(0.0, entry.not_before + life * SHARE - now)

    def _is_by_who_signs_now(self, entry: Entry) -> bool:
        """Else the operator has removed the authority, and people trust another root."""
        try:
            between = self._store.read(INTERMEDIATE)
            if between is None or self._store.read(ROOT) is None:
                return False
            return entry.chain.endswith(Entry.load(between).chain)
        except ValueError:  # damaged: until that is mended nothing better can be made
            return True

    def get(self, host: str) -> Outcome:
        """Get the one of a host that is not among those that are wanted, if it is time. From any
        thread."""
        issuer = self._issuer
        if issuer is None:
            return Outcome((host,), "waiting", "there is no CA to ask")
        return issuer.issue((host,))

    def renew(self, host: str) -> Outcome:
        """Get a new one now, whatever its time: of a host that is wanted, or of one that may be
        got when a client asks. "issued", or why not. From any thread."""
        self._add_dns()
        if self._wanted.get(host, "acme") == "acme":
            issuer = self._issuer
            if issuer is None:
                return Outcome((host,), "waiting", "there is no CA to ask")
            outcome = issuer.issue((host,), force=True)
            if outcome.what == "issued":
                self._told.pop(host, None)
                self._changed([host])
            who = self._holder(host) if outcome.what == "busy" else ""
            return replace(outcome, sentence=who) if who else outcome
        try:
            left = self._keep_local(host, force=True)
        except (StoreError, ValueError) as error:
            return Outcome((host,), "failed", f"no certificate for {host}: {error}")
        if left == OTHERS:
            who = self._holder(host) or f"another process is about the certificate of {host}"
            return Outcome((host,), "busy", who)
        return Outcome((host,), "issued", f"{host} has a new certificate")

    def shown(self, host: str) -> str:
        """Which one a host has, in words that no other one has; "" for none of any use."""
        try:
            entry = find_entry(self._store, host)
            if entry is None:
                return ""
            facts = read_facts(entry.chain)
            until = moments.text(moments.at(entry.not_after))
        except (StoreError, ValueError, OverflowError):  # or of times that are none
            return ""
        return f"until {until}, of {facts.issuer}, serial {facts.serial}"

    def _holder(self, host: str) -> str:
        try:
            who = who_holds(self._store, host)
        except StoreError:
            return ""
        return f"{host}: {who}" if who else ""

    # --- public ones ---------------------------------------------------------------------------

    def _public(self, wanted: Mapping[str, Source]) -> Iterator[float]:
        issuer = self._issuer
        hosts = [host for host, source in wanted.items() if source == "acme"]
        if issuer is None or not hosts:
            return
        try:
            held: dict[Names, Held | None] = {(host,): self._kept.find((host,)) for host in hosts}
            tasks = issuer.due(held, moments.now())
            self._told.pop(STORE, None)
        except StoreError as error:
            self._tell(STORE, f"no certificates of CAs: {error}")
            yield AGAIN
            return
        for task in tasks:
            if self._is_stopping or self._wake.is_set():  # what is wanted now may be another thing
                yield 0.0
                return
            host = task.names[0]
            left = (task.at - moments.now()).total_seconds()
            rest = self._rests.get(host, 0.0) - clock.monotonic()
            if max(left, rest) > 0:
                yield max(left, rest)
            elif host not in self._lane:  # else it wakes us at its end
                done = self._lane.do(host, partial(self._do, issuer, task))
                if done is not None:
                    yield done

    def _others(self, wanted: Mapping[str, Source]) -> Iterator[float]:
        """Ask when to renew those that are got when a client asks for them."""
        issuer, rounds = self._issuer, self._rounds
        if issuer is None or rounds is None:
            return
        with contextlib.suppress(StoreError):  # it is told of who needs it now
            for host in rounds.look():
                if self._wake.is_set():  # these come again in the next round
                    break
                if host not in wanted and host not in self._lane:
                    self._lane.do(host, partial(self._ask, issuer, host))
        yield rounds.wait

    def _ask(self, issuer: Issuer, host: str) -> float:
        with contextlib.suppress(StoreError):  # it is told of who needs it now
            held = self._kept.find((host,))
            if held is None:
                return 0.0
            for task in issuer.due({(host,): held}, moments.now()):
                if task.what == "ask" and task.at <= moments.now():
                    before = renewal.kept_for(self._store, host, held)
                    self._do(issuer, task)
                    after = renewal.kept_for(self._store, host, held)
                    if after is not None and after.moment != (before.moment if before else None):
                        self._changed([host])
        return 0.0

    def _do(self, issuer: Issuer, task: Task) -> float:
        """What is due. Seconds until the next look at it."""
        host = task.names[0]
        try:
            outcome = issuer.issue(task.names) if task.what == "issue" else issuer.ask(task.names)
        except BaseException as error:  # a fault of ours with one host is not that of the others
            return self._failed(host, f"{type(error).__name__}: {error}")
        return self._done(host, outcome)

    def _done(self, host: str, outcome: Outcome) -> float:
        match outcome.what:
            case "failed":
                return self._failed(host, outcome.sentence)
            case "busy":
                return AGAIN
            case "issued":
                self._told.pop(host, None)
                self._say(outcome.sentence)
                self._changed([host])
            case "held":
                self._changed([host])
        return 1.0

    def _failed(self, host: str, sentence: str) -> float:
        self._tell(host, f"no certificate for {host}: {sentence}")
        # When it is tried again is kept, and told by `due`; but a store that is full keeps nothing,
        # and no authority must be asked each second for that.
        self._rests[host] = clock.monotonic() + AGAIN
        return 1.0

    def _tell_or_forget(self, what: str, text: str) -> None:
        if text:
            self._tell(what, text)
        else:
            self._told.pop(what, None)

    def _tell(self, host: str, text: str) -> None:
        """Once, however often it is tried."""
        if self._told.get(host) != text:
            self._told[host] = text
            self._warn(text)
