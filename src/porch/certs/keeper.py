"""Keeper: gets and renews the certificates of all hosts that have none given, one by one.

It blocks for the network and the disk, so it runs in a thread, in one worker of a door. Doors that
share a store keep off each other by its locks.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from porch import clock
from porch.certs import moments, needs
from porch.certs.answers import Answers
from porch.certs.authority import Authority
from porch.certs.entry import Entry, Source
from porch.certs.facts import read_facts
from porch.certs.issuer import Issuer, Names
from porch.certs.kept import find_entry, keep_entry
from porch.certs.local_ca import LocalAuthority
from porch.certs.means import Means
from porch.certs.order import Issued
from porch.certs.store import Store, StoreError

__all__ = ["SHARE", "Keeper", "KeptForIssuer"]

LONGEST_PAUSE = 600.0
"""Seconds between two looks at most: clocks jump, and other machines write into the store."""
AGAIN = 60.0
"""Seconds until what failed here is tried again, and until another who is about it is done."""
SHARE = 2 / 3
"""Of a certificate's life, after which the local authority makes the next."""


class KeptForIssuer:
    """The entries of a store, as an issuer wants them (certs.issuer.Certificates)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, names: Names) -> Entry | None:
        """See certs.issuer.Certificates. One that is of no use is none: it is got anew."""
        try:
            entry = find_entry(self._store, names[0])
        except ValueError:
            return None
        return entry if entry is not None and entry.source == "acme" else None

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

    changed: told of hosts whose certificate is new. say: tells the operator. Both are called in
    the thread.
    """

    def __init__(
        self, store: Store, changed: Callable[[list[str]], None], say: Callable[[str], None]
    ) -> None:
        self._store = store
        self._changed = changed
        self._say = say
        self._wake = threading.Event()
        self._is_stopping = False
        self._wanted: Mapping[str, Source] = {}
        self._issuer: Issuer | None = None
        self._told: dict[str, str] = {}
        self._thread: threading.Thread | None = None

    @property
    def has_started(self) -> bool:
        """Whether it has a thread."""
        return self._thread is not None

    def want(
        self, hosts: Mapping[str, Source], authorities: Sequence[Authority], served: Sequence[str]
    ) -> None:
        """From now on these, by these authorities and kinds of challenges. From any thread."""
        means = Means(answers=Answers(self._store), served=served)
        self._issuer = Issuer(
            self._store, authorities, means, KeptForIssuer(self._store), lambda: self._is_stopping
        )
        self._wanted = hosts
        self._wake.set()

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="porch certificates", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more. What is under way is gone on with by the next keeper."""
        self._is_stopping = True
        self._wake.set()

    def _run(self) -> None:
        while not self._is_stopping:
            self._wake.clear()
            try:
                pause = self.step()
            except Exception as error:  # a keeper that died would be missed in 60 days
                self._tell("", f"getting certificates failed: {type(error).__name__}: {error}")
                pause = AGAIN
            self._wake.wait(pause)

    def step(self) -> float:
        """Do all that is due. Seconds until there is more, or until it is time to look again."""
        pauses = [LONGEST_PAUSE, *self._local(), *self._public()]
        return max(0.0, min(pauses))

    # --- the local authority -------------------------------------------------------------------

    def _local(self) -> Iterator[float]:
        for host, source in [*self._wanted.items()]:
            if source == "local" and not self._is_stopping:
                try:
                    yield self._keep_local(host)
                except (StoreError, ValueError) as error:
                    self._tell(host, f"no certificate for {host}: {error}")
                    yield AGAIN

    def _keep_local(self, host: str) -> float:
        """Make the one of a host if it is time. Seconds until it is."""
        try:
            entry = find_entry(self._store, host)
        except ValueError:  # damaged, which a new one mends
            entry = None
        now = clock.wall()
        if entry is not None and entry.source == "local" and entry.not_before <= now:
            life = entry.not_after - entry.not_before
            left = entry.not_before + life * SHARE - now
            if left > 0:
                return left
        return LONGEST_PAUSE if self._make_local(host) else 1.0

    def _make_local(self, host: str) -> bool:
        """Make the one of a host; False if another process is about it."""
        lock = self._store.lock(f"issue/{host.replace('*', '_')}", AGAIN)
        if lock is None:
            return False
        try:
            keep_entry(self._store, LocalAuthority.open(self._store).issue([host]))
        finally:
            lock.release()
        self._told.pop(host, None)
        self._changed([host])
        return True

    def renew(self, host: str) -> bool:
        """Get a new one now, whatever its time. Whether there is one; if not, why was said."""
        try:
            if self._wanted[host] == "local":
                if not self._make_local(host):
                    self._say(f"another process is about the one of {host}; see porch certs")
                    return False
                return True
        except (StoreError, ValueError) as error:
            self._say(f"no certificate for {host}: {error}")
            return False
        assert self._issuer is not None
        outcome = self._issuer.issue((host,), force=True)
        self._say(outcome.sentence)
        if outcome.what == "issued":
            self._changed([host])
        return outcome.what == "issued"

    # --- public ones ---------------------------------------------------------------------------

    def _public(self) -> Iterator[float]:
        issuer = self._issuer
        if issuer is None:
            return
        kept = KeptForIssuer(self._store)
        hosts = [host for host, source in self._wanted.items() if source == "acme"]
        wanted: dict[Names, needs.Held | None] = {(host,): kept.find((host,)) for host in hosts}
        if not wanted:
            return
        for task in issuer.due(wanted, moments.now()):
            left = (task.at - moments.now()).total_seconds()
            if left > 0 or self._is_stopping:
                yield left
                continue
            outcome = issuer.issue(task.names) if task.what == "issue" else issuer.ask(task.names)
            host = task.names[0]
            if outcome.what == "issued":
                self._told.pop(host, None)
                self._say(outcome.sentence)
                self._changed([host])
                yield 1.0
            elif outcome.what == "failed":
                self._tell(host, f"no certificate for {host}: {outcome.sentence}")
                yield 1.0  # when it is tried again is kept, and told by `due`
            else:
                yield AGAIN if outcome.what == "busy" else 1.0

    def _tell(self, host: str, text: str) -> None:
        """Once, however often it is tried."""
        if self._told.get(host) != text:
            self._told[host] = text
            self._say(text)
