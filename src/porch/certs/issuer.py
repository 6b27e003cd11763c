"""Issuer: what is to be done for which name and when, and the doing of one.

One issuer at a time for a name, of all processes and machines that share the store. Every step
can be the last: the next run finds what is there and goes on. Blocks, so it runs in a thread.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from porch.certs import backoff, moments, pulse, renewal
from porch.certs.account import forget, open_account
from porch.certs.authority import Authority
from porch.certs.backoff import Record
from porch.certs.failure import IssueError, Kind
from porch.certs.files import StoreError
from porch.certs.holding import lock_name
from porch.certs.identifiers import canonical
from porch.certs.means import Means
from porch.certs.needs import Held, Store
from porch.certs.network import Conversation
from porch.certs.order import Issued, Order
from porch.certs.pulse import Pulse, Stopped

__all__ = ["Certificates", "Issuer", "Names", "Outcome", "Task"]

Names = tuple[str, ...]
"""Whom one certificate is for. The first is what it is called by."""


class Certificates(Protocol):
    """Where certificates are kept for those who serve them."""

    def find(self, names: Names, /) -> Held | None:
        """The one that is there for these names, read anew."""

    def keep(self, issued: Issued, /) -> object:
        """Put it in the place of the one before, by one write."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is next for one certificate. what: "ask" is for the authority's suggestion when to
    renew. at: when; in the past means now. why: for an operator. failures: of the name, lately."""

    names: Names
    what: Literal["issue", "ask"]
    at: datetime
    why: str
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task.

    what: "issued"; "held" (somebody else has, meanwhile); "busy" (somebody else is about it, or
    was killed: come again after half a minute, for it stays due); "waiting" (its time has not
    come); "stopped"; "asked"; "failed". sentence: for an operator.
    issued, error: with "issued" and "failed".
    """

    names: Names
    what: Literal["issued", "held", "busy", "waiting", "stopped", "asked", "failed"]
    sentence: str
    issued: Issued | None = None
    error: IssueError | None = None


class Issuer:
    """Gets certificates from `authorities`: the first, and the next where that one cannot.

    is_stopping: asked between steps; True ends what is being done.
    """

    def __init__(
        self,
        store: Store,
        authorities: Sequence[Authority],
        means: Means,
        certificates: Certificates,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._authorities = tuple(authorities)
        self._means = means
        self._certificates = certificates
        self._is_stopping = is_stopping

    def due(self, wanted: Mapping[Names, Held | None], now: datetime) -> list[Task]:
        """What is to be done, the soonest first; of what is due now, who has failed comes last.
        wanted: the names of each certificate, and the one that there is. Two reads of the store a
        certificate."""
        tasks = [task for names, held in wanted.items() for task in self._tasks(names, held, now)]

        def turn(task: Task) -> tuple[datetime, int, datetime, Names, str]:
            return max(task.at, now), task.failures, task.at, task.names, task.what

        return sorted(tasks, key=turn)

    def _tasks(self, names: Names, held: Held | None, now: datetime) -> Iterator[Task]:
        at, why = self._issue_at(names, held, now)
        if held is not None and any(held.directory == each.directory for each in self._authorities):
            asked = renewal.ask_at(held, renewal.kept(self._store, names[0]), now)
            if asked is not None and asked < at:
                yield Task(names, "ask", asked, "the CA may suggest when to renew")
        record = backoff.kept(self._store, names[0])
        yield Task(names, "issue", at, why, record.failures + record.cut_off)

    def _wanted_at(self, names: Names, held: Held | None, now: datetime) -> tuple[datetime, str]:
        """When there should be another, and why then."""
        if held is None:
            return now, "there is no certificate yet"
        if not {canonical(name) for name in held.names} >= {canonical(name) for name in names}:
            return now, "the certificate does not have all names"
        suggestion = renewal.kept_for(self._store, names[0], held)
        told = suggestion is not None and suggestion.moment is not None
        why = "the CA suggests it" if told else "the certificate has little time left"
        return renewal.renewal_time(held, suggestion, now), why

    def _issue_at(self, names: Names, held: Held | None, now: datetime) -> tuple[datetime, str]:
        """When to get one, and why then: also after failures."""
        at, why = self._wanted_at(names, held, now)
        record = backoff.kept(self._store, names[0])
        again = record.next_at(names[0], now)
        if again > max(at, now):
            at, why = again, f"it failed {record.failures} times, lately: {record.trouble}"
        limits = [record.limited_until(each.directory, now) for each in self._authorities]
        until = [limit for limit in limits if limit is not None]
        if until and len(until) == len(limits) and min(until) > at:
            at, why = min(until), "every CA has asked to come later"
        return at, why

    def ask(self, names: Names) -> Outcome:
        """Ask the authority when it would have the certificate renewed, and keep the answer."""
        held = self._certificates.find(names)
        authority = next(
            (each for each in self._authorities if held and each.directory == held.directory), None
        )
        if held is None or authority is None:
            return Outcome(names, "held", "there is no certificate of a CA that could be asked")
        try:
            suggestion = renewal.ask(Conversation(authority), held.chain)
            sentence = "the CA was asked when to renew"
        except IssueError as error:
            suggestion = renewal.unanswered(held.chain, renewal.kept(self._store, names[0]))
            sentence = f"the CA does not say when to renew: {error}"
        try:
            renewal.keep(self._store, names[0], suggestion)
        except (OSError, StoreError) as error:
            return Outcome(names, "failed", str(trouble := _store_error(error)), error=trouble)
        return Outcome(names, "asked", sentence)

    def issue(self, names: Names, *, force: bool = False) -> Outcome:
        """Get one certificate now. force: also if it is not its time.

        What goes wrong is the outcome, and is kept for the next time. Only a defect is raised.
        """
        if not self._authorities:
            return Outcome(names, "waiting", "there is no CA to ask")
        try:
            lease = self._store.lock(lock_name(names[0]), pulse.LEASE)
            if lease is None:
                return Outcome(names, "busy", f"another process gets the one of {names[0]}")
            try:
                with Pulse(lease, self._is_stopping) as alive:
                    return self._issue(names, alive, force)
            finally:
                lease.release()
        except Stopped:
            return Outcome(names, "stopped", "the door ends; the next one goes on with it")
        except (OSError, StoreError) as error:
            return self._failed(names, _store_error(error), {})
        except Exception:
            # A defect, for whoever runs us to tell. It waits as any failure: it would come again.
            fault = IssueError("fault", "a fault of Porch, see its messages")
            self._failed(names, fault, {})
            raise

    def _issue(self, names: Names, alive: Pulse, force: bool) -> Outcome:
        """With the lock. Somebody may have had it before us: look again at what there is."""
        now = moments.now()
        held = self._certificates.find(names)
        if not force:
            at, why = self._issue_at(names, held, now)
            if at > now:
                record = backoff.kept(self._store, names[0])
                waits = record.failures > 0 or record.next_at(names[0], now) > now
                return Outcome(names, "waiting" if waits or not held else "held", why)
        record = backoff.kept(self._store, names[0])
        begun = backoff.begun(record, now.replace(microsecond=0))
        backoff.keep(self._store, names[0], begun)
        try:
            outcome = self._tried(names, record, held, alive, force)
        except Stopped:
            self._not_tried(names, begun, record)
            raise
        if outcome.what == "busy":
            self._not_tried(names, begun, record)
        return outcome

    def _not_tried(self, names: Names, begun: Record, record: Record) -> None:
        """It was no try: we end, or another goes on with it, who may have noted his own."""
        with contextlib.suppress(OSError, StoreError):
            if backoff.kept(self._store, names[0]) != begun:
                return
            if record == Record():
                backoff.clear(self._store, names[0])
            else:
                backoff.keep(self._store, names[0], record)

    def _tried(
        self, names: Names, record: Record, held: Held | None, alive: Pulse, force: bool
    ) -> Outcome:
        """By each authority until one can."""
        now = moments.now()
        limits: dict[str, datetime] = {}
        errors: list[tuple[Authority, IssueError]] = []
        for authority in self._authorities:
            if record.limited_until(authority.directory, now) and not force:
                continue
            try:
                return self._at(authority, names, held, alive)
            except IssueError as error:
                if error.kind == "busy":
                    return Outcome(names, "busy", str(error))
                errors.append((authority, error))
                if error.retry_after is not None:
                    limits[authority.directory] = error.retry_after
                if not error.another:
                    break
        return self._failed(names, _joined(errors), limits)

    def _at(self, authority: Authority, names: Names, held: Held | None, alive: Pulse) -> Outcome:
        """From that one. A name that is new and has failed before is rehearsed: real authorities
        count failures, and stop listening after a few."""
        rehearsal = authority.rehearsal()
        if rehearsal and not held and backoff.kept(self._store, names[0]).failures:
            self._rehearse(rehearsal, names, alive)
        replaces = ""
        if held is not None and held.directory == authority.directory:
            replaces = renewal.certificate_id(held.chain)
        order, issued = self._order(authority, names, alive, replaces)
        if held is not None and issued.chain == held.chain:
            # It was killed between the keeping and the forgetting, and here comes the same again.
            order.forget()
            order, issued = self._order(authority, names, alive, replaces)
        alive.renew()  # nobody else may have the name while it is written
        self._certificates.keep(issued)
        order.forget()
        self._settle(names)
        sentence = f"{names[0]} has a certificate of {authority.host}"
        return Outcome(names, "issued", "; ".join((sentence, *issued.remarks)), issued)

    def _rehearse(self, authority: Authority, names: Names, alive: Pulse) -> None:
        """Raises IssueError if the name is at fault. A rehearsal's own trouble says nothing."""
        try:
            order, _ = self._order(authority, names, alive, "")
            order.forget()
        except IssueError as error:
            if error.kind in ("dns", "connection", "unauthorized", "caa", "busy", "clock"):
                raise

    def _order(
        self, authority: Authority, names: Names, alive: Pulse, replaces: str
    ) -> tuple[Order, Issued]:
        for is_last in (False, True):
            alive()
            try:
                conversation = open_account(authority, self._store)
                order = Order(
                    conversation, names, self._means, self._store, alive=alive, replaces=replaces
                )
                return order, order.obtain()
            except IssueError as error:
                if error.code != "accountDoesNotExist" or is_last:
                    raise
                forget(authority, self._store)
        raise AssertionError

    def _settle(self, names: Names) -> None:
        """Forget the failures, unless the new one would be renewed at once: then something is
        wrong, with the clock or with the place where it is kept, and it would never end."""
        now = moments.now()
        held = self._certificates.find(names)
        at, why = self._wanted_at(names, held, now)
        if at > now:
            backoff.clear(self._store, names[0])
            return
        kind: Kind = "store"
        sentence = f"{names[0]} got a certificate, and yet {why}: see that the store keeps it"
        begins, ends = renewal.span(held) if held is not None else (now, now)
        if ends - now < (ends - begins) / 2:
            kind = "clock"
            sentence = (
                f"the new certificate of {names[0]} is valid until {moments.text(ends)}, "
                f"and this machine's clock says {moments.text(now)}: set the clock (NTP)"
            )
        record = backoff.kept(self._store, names[0])
        error = IssueError(kind, sentence)
        backoff.keep(self._store, names[0], backoff.failed(record, error, {}, now))

    def _failed(self, names: Names, error: IssueError, limits: dict[str, datetime]) -> Outcome:
        with contextlib.suppress(OSError, StoreError):  # the store may be what fails
            record = backoff.kept(self._store, names[0])
            record = backoff.failed(record, error, limits, moments.now())
            backoff.keep(self._store, names[0], record)
        return Outcome(names, "failed", str(error), error=error)


def _joined(errors: Sequence[tuple[Authority, IssueError]]) -> IssueError:
    """One of all: the last, which is what keeps the name from a certificate, with all sentences."""
    if not errors:
        return IssueError("rate_limited", "every CA has asked to come later: it is tried by itself")
    last = errors[-1][1]
    if len(errors) == 1:
        return last
    whole = "; ".join(f"{authority.host}: {error}" for authority, error in errors)
    return IssueError(
        last.kind, whole, name=last.name, code=last.code, detail=last.detail, another=last.another
    )


def _store_error(error: OSError | StoreError) -> IssueError:
    if isinstance(error, StoreError):
        return IssueError("store", str(error), another=False)
    where = f" {error.filename}" if error.filename else ""
    return IssueError(
        "store",
        f"the store of certificates cannot be used ({error.strerror or error}){where}: see that "
        "its place exists, has room, and belongs to the user that runs Porch",
        another=False,
    )
