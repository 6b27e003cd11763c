"""Supervisor: the parent that owns sockets and configuration, and nothing of the traffic.

It loads and checks, binds, forks the workers and tells them what to do; signals and commands come
to it. It has no event loop that a fork or an exec would break, and no thread.
"""

import contextlib
import errno
import gc
import signal
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from porch import clock
from porch.config.history import History
from porch.manage.asking import Asking
from porch.manage.audited import audited
from porch.manage.cache_orders import CacheOrders
from porch.manage.captures import Captures
from porch.manage.certs.demand import ANY
from porch.manage.certs.expiry import Expiry
from porch.manage.certs.renewing import Renewing
from porch.manage.changes import Changes, Kind
from porch.manage.channel import Message
from porch.manage.control.audit_file import AuditFile
from porch.manage.control.auditing import Auditing
from porch.manage.control.client import second_path, socket_path
from porch.manage.control.document import document
from porch.manage.control.operating import Command, Operating, Question
from porch.manage.control.server import Control, started_by
from porch.manage.descriptors import raise_limit
from porch.manage.explaining import Explaining
from porch.manage.facts import facts
from porch.manage.fleet import KILL_AFTER, Fleet
from porch.manage.in_force import InForce, why
from porch.manage.log_level import LogLevel
from porch.manage.looking import Looking
from porch.manage.loop import Loop
from porch.manage.notify import Notify
from porch.manage.observed import observed
from porch.manage.observing import Observing
from porch.manage.orders.keeping import Keeping
from porch.manage.orders.ordering import Ordering
from porch.manage.page.drawing import drawing
from porch.manage.process import Process
from porch.manage.prospect import Load
from porch.manage.reclaiming import Reclaiming, alive
from porch.manage.rotating import Rotating
from porch.manage.start import start
from porch.manage.status import status
from porch.manage.store_folder import store_folder
from porch.manage.upgrade import Handover, become, listening_words
from porch.observe.direct import Direct
from porch.observe.messages import Messages
from porch.version import installed_version

__all__ = ["WATCH_DELAY", "Supervisor"]

WATCH_DELAY = 1.0
"""Seconds between two looks at the watched files."""
AT_ONCE = 1.0
"""Seconds that workers have to end at once: one that hangs does not."""


class Supervisor:
    """One door. load: loads its configuration, at the start and at each reload.

    say: shows text to who started it. control: the file by which commands find it, None for a
    door without one. ready: called in place of the announcement when connections are accepted.
    """

    def __init__(
        self,
        load: Load,
        *,
        say: Callable[[str], None],
        control: Path | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        self.version = installed_version()  # of this code; another may be installed meanwhile
        self.since = clock.wall()
        self.is_stopping = False
        self.stopping_since = 0.0
        output = Direct(2)
        self.messages = Messages(output, colours=output.is_terminal)
        self._load = load
        self._say = say
        self._ready = ready
        self._notify = Notify()
        self._file = control
        self.operating = Operating(self._commands())
        self._control: Control | None = None
        if control is not None:
            self._control = Control(
                socket_path(control), self.operating.operate, second_path(control)
            )
        self._upgrading: Question | None = None
        self._code = 0
        self._failure: object = None
        self._is_up = False

    def run(self, handover: Handover | None = None) -> int:
        """Serve until stopped. Returns the exit code; what stands in the way was said.

        handover: what an older version of this door left.
        """
        in_force = start(self._load, self._control, handover, self._say)
        if in_force is None:
            return self._give_up()
        try:
            self._begin(in_force, handover)
        except OSError as error:
            files = "; a higher limit of open files (ulimit -n, LimitNOFILE) is needed"
            self._say(f"porch: {why(error)}{files if error.errno == errno.EMFILE else ''}")
            in_force.listening.close_all()
            return self._give_up()
        self._loop.run()
        self._close()
        return self._code

    def _give_up(self) -> int:
        """Nothing is served. The exit code; the reason was said."""
        if self._control is not None:
            self._control.close()
        self.messages.close()
        return 1

    def _begin(self, in_force: InForce, handover: Handover | None) -> None:
        """All but serving. Raises OSError."""
        self.in_force = in_force
        in_force.say = self.messages.tell
        in_force.ready_store(in_force.candidate)
        if handover is None:
            in_force.read_found()
        self._loop = Loop()
        self._loop.on_fault = self.messages.fault
        self._rotating = Rotating(self.messages.warn)
        self._expiry = Expiry(self._loop, lambda: in_force.candidate, self.messages.warn)
        self.fleet = self._fleet(in_force)
        self._changes = Changes(
            self._loop,
            self.fleet,
            in_force,
            self.messages,
            self._notify,
            self._load,
            self._become,
        )
        self.observing = self._observing(in_force)
        in_force.taken = lambda: self._loop.after(0.0, self.observing.look)  # behind its answer
        self._reclaiming = Reclaiming(
            in_force.tables.series, lambda: alive(in_force.candidate, in_force.discovered.shown)
        )
        self._take_commands(handover)
        self._listen_to_signals()
        if self._control is not None:
            self._control.start(self._loop, self.messages.warn)
        if handover is not None:
            self._take_over(handover)
        in_force.remember(self._load)
        if self._upgrading is None:
            self.operating.by_itself("start", started_by()).reply({})
        else:
            self._upgrading.case.made()
        in_force.keep_cache(handover.cache if handover is not None else [])
        self._descriptors = raise_limit()
        gc.collect()
        gc.freeze()  # a worker that collects garbage would copy every page of it
        self.fleet.resize(in_force.candidate.workers)
        self.observing.look()
        self._watch()

    def _fleet(self, in_force: InForce) -> Fleet:
        """Without workers yet."""
        fleet = Fleet(
            self._loop, self.messages, in_force.table, in_force.equip, self._close_in_child
        )
        fleet.on_message = self._on_message
        fleet.on_gone = self._on_gone
        fleet.counters = lambda: in_force.columns.counters
        fleet.on_empty = in_force.tables.clear
        fleet.sockets_of = in_force.listening.of_slot
        return fleet

    def _observing(self, in_force: InForce) -> Observing:
        return Observing(
            self._loop,
            in_force,
            self.messages,
            lambda: facts(self),
            lambda known: drawing(self, known),
            self._close_in_observer,
            self.operating.operate,
            lambda refusal, times: self.auditing.refusing.note(refusal, times),
        )

    def _take_commands(self, handover: Handover | None) -> None:
        """Whatever can be asked of the door, and what was ordered holds on."""
        in_force = self.in_force
        self.asking = Asking(self._loop, self.fleet, self.messages)
        self.auditing = Auditing(self._audit_file(), self._state, self.messages.warn)
        self.operating.begin(self._loop, in_force, self.auditing)
        self.ordering = Ordering(
            self._loop,
            self.asking,
            in_force,
            self.messages,
            self._keeping(),
            self.operating.by_itself,
        )
        self.ordering.begin(handover.orders if handover is not None else None)
        asking = self.asking
        temporary = self._loop, asking, in_force, self.messages, self.operating.by_itself
        self.captures = Captures(*temporary)
        for each in (
            self.ordering,
            CacheOrders(asking, in_force),
            Looking(asking, in_force),
            Explaining(asking, in_force),
            Renewing(self._loop, asking, in_force),
            LogLevel(*temporary),
            self.captures,
        ):
            self.operating.commands |= each.commands

    def _commands(self) -> dict[str, Command]:
        return {
            "openapi": lambda question: question.reply(document(self.version)),
            "status": lambda question: question.reply(status(self)),
            "reload": lambda question: self._changes.ask("reload", question),
            "rollback": lambda question: self._changes.ask("rollback", question),
            "upgrade": lambda question: self._changes.ask("upgrade", question),
            "diff": lambda question: self._changes.ask("diff", question),
            "certificates": self._on_certificates,
            "stop": self._on_stop,
        }

    @property
    def _name(self) -> str:
        """Two doors that share a folder have names as their control sockets do."""
        return second_path(self._file).stem if self._file is not None else "none"

    def _keeping(self) -> Keeping:
        return Keeping(store_folder(self.in_force.candidate.loaded), self._name)

    def _audit_file(self) -> AuditFile | None:
        if self._file is None:
            return None
        return AuditFile(store_folder(self.in_force.candidate.loaded), self._name)

    def _state(self) -> dict[str, object]:
        return audited(self.version, self.in_force)

    def _listen_to_signals(self) -> None:
        loop = self._loop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.on_signal(number, partial(self._on_end_signal, number.name))
        loop.on_signal(signal.SIGHUP, lambda: self._change("reload", "signal SIGHUP"))
        loop.on_signal(signal.SIGUSR1, self._changes.reopen)
        loop.on_signal(signal.SIGUSR2, lambda: self._change("upgrade", "signal SIGUSR2"))
        loop.on_signal(signal.SIGCHLD, self._reap)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # blocked over an exec

    def _change(self, kind: Kind, who: str) -> None:
        """Nobody waits to hear what comes of it."""
        self._changes.ask(kind, self.operating.by_itself(kind, who))

    def _on_end_signal(self, name: str) -> None:
        if not self.is_stopping:
            self.operating.by_itself("stop", f"signal {name}").reply({})
        self.stop()

    def _reap(self) -> None:
        self.observing.reap()
        self.fleet.strangers.add(self.observing.pid)
        self.fleet.reap()

    def _close_in_observer(self) -> None:
        """In the observer's process: close what is not its own."""
        self._close_all_but(-1)

    def _close_in_child(self, slot: int) -> None:
        """In a forked worker: close what is not its own."""
        self.observing.close_in_child()
        self.in_force.observed.close_in_child(slot=-1)
        self._close_all_but(slot)

    def _close_all_but(self, slot: int) -> None:
        self._loop.close()
        if self._control is not None:
            self._control.close_in_child()
        self._changes.close_in_child()
        self.fleet.close_in_child()
        self.in_force.listening.close_in_child(slot)

    @property
    def control(self) -> str | None:
        """The file of the control socket."""
        return str(self._control.path) if self._control is not None else None

    @property
    def certificate_ends(self) -> Mapping[str, float]:
        """See Facts."""
        return self._expiry.ends

    # --- what workers say ----------------------------------------------------------------------

    def _on_message(self, process: Process, message: Message) -> None:
        if message.word == "failed":
            if message.data != self._failure:  # said once, however often it is tried
                how = "has failed" if process.is_ready else "cannot start"
                self.messages.warn(f"a worker {how}: {message.data}")
            self._failure = message.data
            if not self._is_up and not self.fleet.leaving:
                self._code = 1
                self.stop()
        elif message.word == "certified":
            self.fleet.tell(self.fleet.all, "certified", message.data)
        elif message.word == "standing":
            self.in_force.standings.note(message.data)
            others = [each for each in self.fleet.all if each is not process]
            self.fleet.tell(others, "standing", message.data)
        elif message.word == "answer":
            self.asking.on_answer(process, *message.data)
        elif message.word in ("demanded", "troubled"):  # the first slot's worker decides
            first = [each for each in self.fleet.slots[:1] if each]
            self.fleet.tell(first, message.word, message.data)
        elif message.word == "captured":
            self.captures.on_captured(message.data)
        elif message.word == "found":
            if not process.is_leaving:
                self.in_force.find(message.data, self.fleet)
        elif message.word == "denied":
            self.fleet.tell(self.fleet.all, "denied", message.data)
        elif message.word == "leaving":
            self.fleet.kill_late(self.in_force.candidate.grace + KILL_AFTER)
        elif message.word == "ready":
            if not self._is_up and all(each.is_ready for each in self.fleet.serving):
                self._is_up = True
                self._on_up()
        else:
            self._changes.on_message(process, message)

    def _on_gone(self, process: Process, how: str) -> None:
        self._changes.on_gone(process)
        self.asking.on_gone(process)
        if self.is_stopping and not self.fleet.all:
            self._loop.stop()

    def _on_up(self) -> None:
        """All workers serve for the first time."""
        summary = self.in_force.candidate.summary
        if self.fleet.leaving:
            for process in self.fleet.leaving:
                process.kill(signal.SIGTERM)
            self.fleet.kill_late(self.in_force.candidate.grace + KILL_AFTER)
            self.messages.tell(f"upgraded to {self.version}: {summary}")
        elif self._ready is not None:
            self._ready()
        else:
            self._announce()
        self._changes.open({"upgraded": self.version, "workers": len(self.fleet.slots)})

    def _announce(self) -> None:
        candidate, listening = self.in_force.candidate, self.in_force.listening
        for address in listening.names:
            self._say(f"porch: listening on {address}")
        for what, urls in observed(self.in_force).items():
            for url in urls:
                self._say(f"porch: {what} on {url}")
        plainly = "" if any(each.tls for each in listening.sockets) else " over plain HTTP"
        by = "" if candidate.workers == 1 else f" with {candidate.workers} workers"
        if self._descriptors:
            self._say(f"porch: up to {self._descriptors} descriptors a worker: the hard limit")
        self._say(f"porch: serving {candidate.summary}{plainly}{by}; Ctrl-C stops")

    def _watch(self) -> None:
        self._loop.after(WATCH_DELAY, self._watch)
        self.messages.flush()
        self.observing.look()
        self.auditing.refusing.tick()
        self._reclaiming.look()
        self._notify.on_tick(clock.monotonic())
        self.in_force.write_found()
        if given := self.in_force.look():
            self.fleet.tell(self.fleet.all, "given", given)
        if not self._changes.is_idle:
            return
        if self._rotating.look(self.in_force.candidate.loaded):
            self._changes.reopen()
        if self.in_force.candidate.watch and self.in_force.has_changed():
            self._change("reload", "watch: a file has changed")
        elif self.in_force.lists_have_changed():
            self._change("lists", "a list of networks or places has changed")

    # --- an upgrade ----------------------------------------------------------------------------

    def _become(self, question: Question) -> None:
        """Exec the new version. Raises OSError, and then nothing has changed."""
        self.operating.tell_begun(but=question)
        self.auditing.refusing.close()
        listening = self.in_force.listening
        control = self._control.server if self._control is not None else None
        handover = Handover(
            since=self.since,
            listening=listening_words(listening.sockets),
            lent=[place for place, each in enumerate(listening.sockets) if each in listening.lent],
            control=control.fileno() if control is not None else -1,
            question=question.sock.fileno() if question.sock is not None else -1,
            asked={
                "who": question.who,
                "before": self._state(),
                "at": question.case.at,
            },
            workers=[
                (each.pid, each.channel.fileno(), each.row)
                for each in self.fleet.all
                if each.channel is not None
            ],
            table=self.in_force.table.descriptor,
            table_shape=(len(self.in_force.table.rows), self.in_force.table.columns),
            endpoints=self.in_force.columns.words,
            tables=self.in_force.tables.handed,
            found=self.in_force.discovered.dump(),
            history=self.in_force.history.dump(),
            orders=self.in_force.orders.dump(),
            cache=self.in_force.cache.hand_over(),
        )
        self.observing.hand_over()  # the next version binds its addresses anew
        become(handover)

    def _take_over(self, handover: Handover) -> None:
        """Go on where the older version was."""
        self.since = handover.since
        with contextlib.suppress(LookupError, TypeError, ValueError):
            self.in_force.history = History.load(handover.history)
        with contextlib.suppress(LookupError, TypeError, ValueError):
            self.in_force.discovered.load(handover.found, is_old=False)
        counted = self.in_force.table.descriptor == handover.table
        for process in handover.processes(counted=counted):
            self.fleet.adopt(process)
        reply = None
        if handover.question >= 0 and self._control is not None:
            reply = self._control.adopt_question(handover.question_socket)
        self._upgrading = self.operating.going_on("upgrade", handover.asked, reply)
        self._changes.go_on(self._upgrading)

    # --- commands ------------------------------------------------------------------------------

    def _on_certificates(self, question: Question) -> None:
        """Somebody has put one into the store."""
        self.fleet.tell(self.fleet.all, "certified", [*self.in_force.candidate.managed, ANY])
        question.reply({"told": len(self.fleet.all)})

    def _on_stop(self, question: Question) -> None:
        question.reply({"stopping": f"within {self.in_force.candidate.grace:g} s"})
        if not self.is_stopping:  # asked again it must not cut what the first one lets finish
            self.stop()

    # --- the end -------------------------------------------------------------------------------

    def stop(self) -> None:
        """Have the workers finish what runs, then end. A second call ends at once."""
        if not self.is_stopping:
            self.is_stopping = True
            self.stopping_since = clock.wall()
            grace = self.in_force.candidate.grace
            self._notify.stopping(grace)
            self._changes.close()
            self._loop.after(grace + KILL_AFTER, self.fleet.kill)
            self.fleet.reap()  # who has just died too
            self.fleet.lend_all()
        else:
            self._loop.after(AT_ONCE, self.fleet.kill)
        self.fleet.stop()
        # The workers have their own copies: what waits in a backlog is served before it closes.
        self.in_force.listening.close_all()
        if not self.fleet.all:
            self._loop.stop()

    def _close(self) -> None:
        self.observing.close()
        self.auditing.refusing.close()
        self.in_force.close()
        if self._control is not None:
            self._control.close()
        self._loop.close()
        self.messages.close()
