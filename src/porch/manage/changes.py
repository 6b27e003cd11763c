"""Changes: what a running door is asked to become, one after the other.

Reloads, rollbacks, upgrades, and the question what a reload would change. Each begins when the one
before it is over, and ends with an answer to whoever asked and a line in the log.
"""

import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeVar

from porch.config.administering import admitted
from porch.config.build import releasing
from porch.config.history import Ran
from porch.config.steps import advance
from porch.manage.channel import Message
from porch.manage.control.operating import Answer, Question
from porch.manage.errand import Errand
from porch.manage.fleet import KILL_AFTER, Fleet
from porch.manage.in_force import InForce, why
from porch.manage.loop import Loop
from porch.manage.notify import Notify
from porch.manage.process import Process
from porch.manage.prospect import Load, Prospect, Refusal, compared
from porch.manage.reload import Reload
from porch.manage.upgrade import Trial
from porch.observe.messages import Messages

__all__ = ["Changes", "Kind"]

SLICE, PAUSE = 0.0005, 0.002
"""Seconds at once, and between two times, in which what is over is freed: a worker may want this
core."""
AGAIN = 0.05
"""Seconds until a change is tried again for which a worker has not let go of an address."""

Kind = Literal["reload", "rollback", "diff", "upgrade", "lists"]
"""The file as it is now, the configuration before the one that runs, only to be told what a reload
would change, a new version, or what runs with its lists of networks as they are now."""
Result = TypeVar("Result")

_UPGRADING: Answer = {
    "error": "the door has just become another version; nothing else was changed, ask again."
}
_HALF = "it may be in force in part: porch status tells what runs, porch reload tries again."
_STOPPING: Answer = {"error": "the door is stopping; nothing was changed."}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What somebody asked for. back_to: of a rollback that has begun."""

    kind: Kind
    question: Question
    back_to: Ran | None = None


class Changes:
    """Of one door. load: its configuration as it is now. become: replaces the process by the new
    version, and raises OSError if it cannot; it is given whoever asked."""

    def __init__(
        self,
        loop: Loop,
        fleet: Fleet,
        in_force: InForce,
        messages: Messages,
        notify: Notify,
        load: Load,
        become: Callable[[Question], None],
    ) -> None:
        self._loop = loop
        self._fleet = fleet
        self._in_force = in_force
        self._messages = messages
        self._notify = notify
        self._load = load
        self._become = become
        self._is_open = self._is_over = False
        self._wish: _Wish | None = None
        self._wishes: deque[_Wish] = deque()
        self._reload: Reload | None = None
        self._trial: Trial | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked for."""
        return self._wish is None

    def ask(self, kind: Kind, question: Question) -> None:
        """Now, or behind the one that runs."""
        wish = _Wish(kind=kind, question=question)
        if self._is_over:
            question.reply(_STOPPING, 503)
        elif self._wish is None and self._is_open:
            self._begin(wish)
        elif question.is_waited_for or not self._is_wished(kind):
            self._wishes.append(wish)
        else:  # a storm of signals is one
            question.drop()

    def _is_wished(self, kind: Kind) -> bool:
        """Whether somebody has who does not wait for an answer."""
        return any(each.kind == kind and not each.question.is_waited_for for each in self._wishes)

    def go_on(self, question: Question) -> None:
        """This process is the new version; who asked for it is answered when it serves."""
        self._wish = _Wish(kind="upgrade", question=question)

    def open(self, answer: Answer) -> None:
        """The door serves: begin. answer: to who asked for the upgrade, if this is one."""
        self._is_open = True
        self._answer(answer)

    def close(self) -> None:
        """The door stops: nothing comes of what is not done."""
        self._is_over = True
        job, self._reload = self._reload, None
        if job is not None:
            self._in_force.give_up(job)
        if self._trial is not None:
            self._trial.cancel()
        for wish in (self._wish, *self._wishes):
            if wish is not None:
                wish.question.reply(_STOPPING, 503)
        self._wish = None
        self._wishes.clear()

    def close_in_child(self) -> None:
        """In a forked worker: close what is not its own."""
        if self._trial is not None:
            self._trial.close_in_child()

    def on_message(self, process: Process, message: Message) -> None:
        """A worker says something that a reload may wait for."""
        if self._reload is not None:
            self._reload.on_message(process, message)

    def on_gone(self, process: Process) -> None:
        """It will say nothing more."""
        if self._reload is not None:
            self._reload.on_gone(process)

    # --- one after the other -----------------------------------------------------------------

    def _begin(self, wish: _Wish) -> None:
        self._wish = wish
        if wish.kind != "diff" and not wish.question.begin():
            self._wish = None
            self._go_on()
        elif wish.kind == "diff":
            loaded = self._in_force.candidate.loaded
            self._run(partial(compared, loaded, self._load), self._on_compared)
        elif wish.kind == "reload":
            self._examine(self._load)
        elif wish.kind == "rollback":
            self._roll_back(wish)
        elif wish.kind == "lists":
            running = self._in_force.history.running
            self._examine(self._load if running is None else running.snapshot.load)
        else:
            self._try()

    def _examine(self, load: Load) -> None:
        self._notify.reloading()
        self._run(partial(self._in_force.examine, load, self._fleet), self._on_examined)

    def _roll_back(self, wish: _Wish) -> None:
        ran = self._in_force.history.previous()
        if ran is None:
            self._answer({"error": "no earlier configuration is known; nothing was changed."})
        else:
            self._wish = replace(wish, back_to=ran)
            self._examine(ran.snapshot.load)

    def _try(self) -> None:
        self._notify.reloading()
        try:
            self._trial = Trial(self._loop, [*self._in_force.listening.sockets], self._on_tried)
        except OSError as error:
            self._refuse(f"{why(error)}\nnothing was changed.")
        else:
            self._fleet.strangers.add(self._trial.pid)

    def _refuse(self, report: str) -> None:
        assert self._wish is not None
        self._messages.tell(f"{self._wish.kind} refused\n{report}", "warning")
        self._answer({"error": report})

    def _answer(self, answer: Answer) -> None:
        """The change that was asked for is over; on to the next."""
        wish, self._wish = self._wish, None
        self._fleet.hold(holds=False)
        self._notify.ready(f"serving {self._in_force.candidate.summary}")
        if wish is not None:
            wish.question.reply(answer)
        self._go_on()

    def _go_on(self) -> None:
        if self._wishes:
            self._begin(self._wishes.popleft())

    # --- a configuration ---------------------------------------------------------------------

    def _run(self, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        """Do it, giving way to all else. Forks wait: a worker would have half of it."""

        def on_end(outcome: "Future[Result]") -> None:
            self._fleet.hold(holds=False)
            self._guarded(lambda: then(outcome.result()))

        self._fleet.hold(holds=True)
        Errand(self._loop, work, on_end)

    def _guarded(self, work: Callable[[], None], so: str = "nothing was changed.") -> None:
        """A fault of ours must end neither the door nor the queue. so: how things are then."""
        if self._is_over:
            return
        try:
            work()
        except Exception as error:
            self._on_fault(error, so)

    def _on_fault(self, error: Exception, so: str) -> None:
        text = "".join(traceback.format_exception(error)).rstrip()
        job, self._reload = self._reload, None
        if job is not None:
            self._in_force.give_up(job)
        if self._wish is not None:
            self._refuse(f"{text}\nthis is a fault of Porch; {so}")

    def _on_compared(self, found: list[str] | Refusal) -> None:
        if isinstance(found, Refusal):
            self._answer({"error": found.text})
        else:
            self._answer({"changes": found})

    def _on_examined(self, found: Prospect | Refusal) -> None:
        if isinstance(found, Prospect):
            job = self._in_force.change(found, self._fleet, self._on_reloaded)
            if job is None:
                again = partial(self._on_examined, found)
                self._loop.after(AGAIN, partial(self._guarded, again))
                return
            if isinstance(job, Reload):
                self._reload = job
                job.start()
                return
            found = job
        self._in_force.refuse(found, self._fleet)
        self._refuse(found.text)

    def _on_reloaded(self, reason: str) -> None:
        """All workers serve it, or none."""
        self._guarded(partial(self._take, reason), _HALF)

    def _take(self, reason: str) -> None:
        job, self._reload = self._reload, None
        wish = self._wish
        assert job is not None
        assert wish is not None
        if reason:
            self._in_force.give_up(job)
            self._in_force.settle(self._fleet)
            self._refuse(reason)
            return
        candidate = job.prospect.candidate
        is_same = wish.kind == "lists"
        came = admitted(self._in_force.candidate.admin, candidate.admin)
        with wish.question.changing():
            before = self._in_force.take(job, wish.back_to, is_same=is_same)
        self._let_go(releasing(before))
        self._fleet.resize(candidate.workers)
        self._fleet.kill_late(candidate.grace + KILL_AFTER)
        self._in_force.settle(self._fleet)
        if not job.files:
            self.reopen()
        warnings = candidate.loaded.report().splitlines()
        if came and wish.back_to is not None:
            warnings.append(f"let in at the admin door again, as it was then: {', '.join(came)}")
        if warnings:
            self._messages.warn("\n".join(warnings))
        done = "lists read again" if is_same else "loaded again"
        done = done if wish.back_to is None else f"back to {wish.back_to.snapshot.short}"
        self._messages.tell(f"{done}: {candidate.summary}")
        self._answer(
            {
                "loaded": candidate.summary,
                "workers": len(self._fleet.slots),
                "warnings": warnings,
            }
        )

    def _let_go(self, steps: Iterator[None]) -> None:
        if advance(steps, SLICE):
            self._loop.after(PAUSE, partial(self._let_go, steps))

    def reopen(self) -> None:
        """Open the log files by their names again."""
        try:
            self._in_force.reopen(self._fleet)
        except OSError as error:
            self._messages.warn(f"{why(error)}: not opened again; the old file takes the lines")

    # --- a version ---------------------------------------------------------------------------

    def _on_tried(self, reason: str) -> None:
        """The new version would serve, or not."""
        assert self._trial is not None
        self._fleet.strangers.discard(self._trial.pid)
        self._trial = None
        self._guarded(partial(self._upgrade, reason))

    def _upgrade(self, reason: str) -> None:
        if not reason:
            assert self._wish is not None
            for wish in self._wishes:
                wish.question.reply(_UPGRADING, 503)
            self._wishes.clear()
            try:
                self._become(self._wish.question)
            except OSError as error:
                reason = f"it cannot be executed: {why(error)}"
        self._refuse(f"{reason}\nthe running version stays.")
