"""Supervisor: the parent that owns sockets and configuration, and nothing of the traffic.

It loads and checks, binds, forks the workers and tells them what to do; signals and commands come
to it. It has no event loop that a fork or an exec would break, and no thread.
"""

import contextlib
import gc
import resource
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from porch import clock
from porch.config.build import releasing
from porch.config.history import History, Ran
from porch.config.steps import advance
from porch.manage.channel import Message
from porch.manage.control import Answer, Control, Question, socket_path
from porch.manage.errand import Errand
from porch.manage.fleet import Fleet
from porch.manage.in_force import why
from porch.manage.loop import Loop
from porch.manage.notify import Notify
from porch.manage.process import Process
from porch.manage.prospect import Load, Prospect, Refusal, compared
from porch.manage.reload import Reload
from porch.manage.start import start
from porch.manage.status import status
from porch.manage.upgrade import Handover, Trial, become, listening_words
from porch.observe.direct import Direct
from porch.observe.messages import Messages
from porch.version import installed_version

__all__ = ["WATCH_DELAY", "Supervisor"]

WATCH_DELAY = 1.0
"""Seconds between two looks at the watched files."""
KILL_AFTER = 5.0
"""Seconds behind `grace` in which a worker that was told to stop must have ended."""
SLICE, PAUSE = 0.0005, 0.002
"""Seconds at once, and between two times, in which what is over is freed: a worker may want this
core."""
AGAIN = 0.05
"""Seconds until a change is tried again for which a worker has not let go of an address."""
_STOPPING: Answer = {"error": "the door is stopping; nothing was changed."}

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What somebody asked for, by a command or, without a question, by a signal.

    kind: a new configuration, only to be told what it would change, or a new version.
    load: where the configuration comes from. back_to: it is a rollback to this one.
    """

    kind: Literal["reload", "diff", "upgrade"] = "reload"
    load: Load
    question: Question | None = None
    back_to: Ran | None = None


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
        output = Direct(2)
        self.messages = Messages(output, colours=output.is_terminal)
        self._load = load
        self._say = say
        self._ready = ready
        self._notify = Notify()
        self._control = None if control is None else Control(socket_path(control), self._commands())
        self._code = 0
        self._is_up = False
        self._reload: Reload | None = None
        self._trial: Trial | None = None
        self._wish: _Wish | None = None
        self._wishes: deque[_Wish] = deque()

    def run(self, handover: Handover | None = None) -> int:
        """Serve until stopped. Returns the exit code; what stands in the way was said.

        handover: what an older version of this door left.
        """
        in_force = start(self._load, self._control, handover, self._say)
        if in_force is None:
            if self._control is not None:
                self._control.close()
            self.messages.close()
            return 1
        self.in_force = in_force
        self._loop = Loop()
        self.fleet = Fleet(
            self._loop, self.messages, in_force.table, in_force.equip, self._close_in_child
        )
        self.fleet.on_message = self._on_message
        self.fleet.on_gone = self._on_gone
        self.fleet.counters = lambda: in_force.columns.counters
        self._listen_to_signals()
        if self._control is not None:
            self._control.start(self._loop)
        if handover is not None:
            self._take_over(handover)
        in_force.remember(self._load)
        self._descriptors = _raise_limit()
        gc.collect()
        gc.freeze()  # a worker that collects garbage would copy every page of it
        self.fleet.resize(in_force.candidate.workers)
        self._watch()
        self._loop.run()
        self._close()
        return self._code

    def _commands(self) -> dict[str, Callable[[Question], None]]:
        return {
            "status": lambda question: question.reply(status(self)),
            "reload": lambda question: self._ask(_Wish(load=self._load, question=question)),
            "rollback": self._on_rollback,
            "upgrade": lambda question: self._ask(
                _Wish(kind="upgrade", load=self._load, question=question)
            ),
            "diff": lambda question: self._ask(
                _Wish(kind="diff", load=self._load, question=question)
            ),
            "stop": self._on_stop,
        }

    def _listen_to_signals(self) -> None:
        loop = self._loop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.on_signal(number, self.stop)
        loop.on_signal(signal.SIGHUP, lambda: self._ask(_Wish(load=self._load)))
        loop.on_signal(signal.SIGUSR1, self._reopen)
        loop.on_signal(signal.SIGUSR2, lambda: self._ask(_Wish(kind="upgrade", load=self._load)))
        loop.on_signal(signal.SIGCHLD, self.fleet.reap)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # blocked over an exec

    def _close_in_child(self, slot: int) -> None:
        """In a forked worker: close what is not its own."""
        self._loop.close()
        if self._control is not None:
            self._control.close_in_child()
        if self._trial is not None:
            self._trial.close_in_child()
        self.fleet.close_in_child()
        self.in_force.listening.close_in_child(slot)

    # --- what workers say ----------------------------------------------------------------------

    def _on_message(self, process: Process, message: Message) -> None:
        if message.word == "failed":
            self.messages.warn(f"a worker cannot start: {message.data}")
            if not self._is_up and not self.fleet.leaving:
                self._code = 1
                self.stop()
        elif message.word == "ready":
            if not self._is_up and all(each.is_ready for each in self.fleet.serving):
                self._is_up = True
                self._on_up()
        elif self._reload is not None:
            self._reload.on_message(process, message)

    def _on_gone(self, process: Process, how: str) -> None:
        if self._reload is not None:
            self._reload.on_gone(process)
        if self.is_stopping and not self.fleet.all:
            self._loop.stop()

    def _on_up(self) -> None:
        """All workers serve for the first time."""
        summary = self.in_force.candidate.summary
        if self.fleet.leaving:
            for process in self.fleet.leaving:
                process.kill(signal.SIGTERM)
            self._loop.after(self.in_force.candidate.grace + KILL_AFTER, self._kill_leaving)
            self.messages.tell(f"upgraded to {self.version}: {summary}")
        elif self._ready is not None:
            self._ready()
        else:
            self._announce()
        self._answer({"upgraded": self.version, "workers": len(self.fleet.slots)})

    def _announce(self) -> None:
        candidate, listening = self.in_force.candidate, self.in_force.listening
        for address in listening.names:
            self._say(f"porch: listening on {address}")
        plainly = "" if any(each.tls for each in listening.sockets) else " over plain HTTP"
        by = "" if candidate.workers == 1 else f" with {candidate.workers} workers"
        if self._descriptors:
            self._say(f"porch: up to {self._descriptors} descriptors a worker: the hard limit")
        self._say(f"porch: serving {candidate.summary}{plainly}{by}; Ctrl-C stops")

    # --- changes -------------------------------------------------------------------------------

    def _ask(self, wish: _Wish) -> None:
        """Now, or behind the one that runs."""
        if self.is_stopping:
            _reply(wish.question, _STOPPING)
        elif self._wish is not None or not self._is_up:
            self._wishes.append(wish)
        else:
            self._begin(wish)

    def _begin(self, wish: _Wish) -> None:
        self._wish = wish
        if wish.kind == "diff":
            running = self.in_force.candidate.loaded
            self._run(partial(compared, running, wish.load), self._on_compared)
            return
        self._notify.reloading()
        if wish.kind == "reload":
            self._run(partial(self.in_force.examine, wish.load, self.fleet), self._on_examined)
            return
        try:
            self._trial = Trial(self._loop, [*self.in_force.listening.sockets], self._on_tried)
        except OSError as error:
            self._refuse("upgrade", f"{why(error)}\nnothing was changed.")
        else:
            self.fleet.strangers.add(self._trial.pid)

    def _run(self, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        """Do it, giving way to all else. Forks wait: a worker would have half of it."""

        def on_end(outcome: "Future[Result]") -> None:
            self.fleet.hold(holds=False)
            if self.is_stopping:
                return
            error = outcome.exception()
            if error is None:
                then(outcome.result())
            else:  # a fault of ours must not end the door
                text = "".join(traceback.format_exception(error)).rstrip()
                self._refuse("reading", f"{text}\nthis is a fault of Porch; nothing was changed.")

        self.fleet.hold(holds=True)
        Errand(self._loop, work, on_end)

    def _on_compared(self, found: list[str] | Refusal) -> None:
        if isinstance(found, Refusal):
            self._answer({"error": found.text})
        else:
            self._answer({"changes": found})

    def _on_examined(self, found: Prospect | Refusal) -> None:
        if self.is_stopping:
            return
        if isinstance(found, Prospect):
            job = self.in_force.change(found, self.fleet, self._on_reloaded)
            if job is None:
                self._loop.after(AGAIN, partial(self._on_examined, found))
                return
            if isinstance(job, Reload):
                self._reload = job
                job.start()
                return
            found = job
        self.in_force.refuse(found, self.fleet)
        self._refuse("reload", found.text)

    def _on_reloaded(self, reason: str) -> None:
        """It is in force everywhere, or nowhere."""
        job, self._reload = self._reload, None
        wish = self._wish
        assert job is not None
        assert wish is not None
        if reason:
            self.in_force.give_up(job)
            self.in_force.settle(self.fleet)
            self._refuse("reload", reason)
            return
        candidate = job.prospect.candidate
        self._let_go(releasing(self.in_force.take(job, wish.back_to)))
        self.fleet.resize(candidate.workers)
        self.in_force.settle(self.fleet)
        if not job.files:
            self._reopen()
        report = candidate.loaded.report()
        if report:
            self.messages.warn(report)
        done = "loaded again" if wish.back_to is None else f"back to {wish.back_to.snapshot.short}"
        self.messages.tell(f"{done}: {candidate.summary}")
        self._answer(
            {
                "loaded": candidate.summary,
                "workers": len(self.fleet.slots),
                "warnings": report.splitlines(),
            }
        )

    def _on_tried(self, reason: str) -> None:
        """The new version would serve, or not."""
        assert self._trial is not None
        self.fleet.strangers.discard(self._trial.pid)
        self._trial = None
        if self.is_stopping:
            return
        if not reason:
            try:
                self._become()
            except OSError as error:
                reason = f"it cannot be executed: {why(error)}"
        self._refuse("upgrade", f"{reason}\nnothing was changed, the running version stays.")

    def _refuse(self, what: str, report: str) -> None:
        self.messages.tell(f"{what} refused\n{report}", "warning")
        self._answer({"error": report})

    def _answer(self, answer: Answer) -> None:
        """The change that was asked for is over; on to the next."""
        wish, self._wish = self._wish, None
        self.fleet.hold(holds=False)
        self._notify.ready(f"serving {self.in_force.candidate.summary}")
        if wish is not None:
            _reply(wish.question, answer)
        if self._wishes and not self.is_stopping:
            self._begin(self._wishes.popleft())

    def _let_go(self, steps: Iterator[None]) -> None:
        if advance(steps, SLICE):
            self._loop.after(PAUSE, partial(self._let_go, steps))

    def _watch(self) -> None:
        self._loop.after(WATCH_DELAY, self._watch)
        self.messages.flush()
        self._notify.on_tick(clock.monotonic())
        if self.in_force.candidate.watch and self._wish is None and self.in_force.has_changed():
            self._ask(_Wish(load=self._load))

    def _reopen(self) -> None:
        try:
            self.in_force.reopen(self.fleet)
        except OSError as error:
            self.messages.warn(f"{why(error)}: not opened again; the old file takes the lines")

    # --- an upgrade ----------------------------------------------------------------------------

    def _become(self) -> None:
        """Exec the new version. Raises OSError, and then nothing has changed."""
        assert self._wish is not None
        listening = self.in_force.listening
        control = self._control.server if self._control is not None else None
        question = self._wish.question
        handover = Handover(
            since=self.since,
            listening=listening_words(listening.sockets),
            lent=[place for place, each in enumerate(listening.sockets) if each in listening.lent],
            control=control.fileno() if control is not None else -1,
            question=question.sock.fileno() if question is not None else -1,
            workers=[
                (each.pid, each.channel.fileno())
                for each in self.fleet.all
                if each.channel is not None
            ],
            history=self.in_force.history.dump(),
        )
        become(handover)

    def _take_over(self, handover: Handover) -> None:
        """Go on where the older version was."""
        self.since = handover.since
        with contextlib.suppress(LookupError, TypeError, ValueError):
            self.in_force.history = History.load(handover.history)
        for process in handover.processes:
            self.fleet.adopt(process)
        question = None
        if handover.question >= 0 and self._control is not None:
            question = self._control.adopt_question(handover.question_socket)
        self._wish = _Wish(kind="upgrade", load=self._load, question=question)

    def _kill_leaving(self) -> None:
        for process in self.fleet.leaving:
            process.kill()

    # --- commands ------------------------------------------------------------------------------

    def _on_rollback(self, question: Question) -> None:
        ran = self.in_force.history.previous()
        if ran is None:
            question.reply({"error": "no earlier configuration is known; nothing was changed."})
            return
        self._ask(_Wish(load=ran.snapshot.load, question=question, back_to=ran))

    def _on_stop(self, question: Question) -> None:
        question.reply({"stopping": f"within {self.in_force.candidate.grace:g} s"})
        self.stop()

    # --- the end -------------------------------------------------------------------------------

    def stop(self) -> None:
        """Have the workers finish what runs, then end. A second call ends at once."""
        if not self.is_stopping:
            self.is_stopping = True
            grace = self.in_force.candidate.grace
            self._notify.stopping(grace)
            self._give_up()
            self._loop.after(grace + KILL_AFTER, self.fleet.kill)
        self.fleet.stop()
        # The workers have their own copies: what waits in a backlog is served before it closes.
        self.in_force.listening.close_all()
        if not self.fleet.all:
            self._loop.stop()

    def _give_up(self) -> None:
        """Nothing comes of what was asked for and is not done."""
        job, self._reload = self._reload, None
        if job is not None:
            self.in_force.give_up(job)
        if self._trial is not None:
            self._trial.cancel()
        for wish in (self._wish, *self._wishes):
            if wish is not None:
                _reply(wish.question, _STOPPING)
        self._wish = None
        self._wishes.clear()

    def _close(self) -> None:
        self.in_force.close()
        if self._control is not None:
            self._control.close()
        self._loop.close()
        self.messages.close()


def _raise_limit() -> int:
    """As many descriptors as the system allows: an exchange needs two, an idle client one.

    Returns the limit if it had to be raised, 0 if it is what it was.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit of its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard if hard != soft else 0
    return 0


def _reply(question: Question | None, answer: Answer) -> None:
    """None asked by a signal; what matters was said as a message."""
    if question is not None:
        question.reply(answer)
