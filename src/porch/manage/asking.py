"""Asking: a word to workers, and what is done when all of them have answered it.

One that dies is not waited for, nor one that hangs for long: it obeys when it goes on, since what
it was told waits for it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from porch.manage.control.operating import Answer
from porch.manage.fleet import Fleet
from porch.manage.loop import Loop, Timer
from porch.manage.process import Process
from porch.observe.messages import Messages

__all__ = ["PATIENCE", "Answers", "Asking", "Silent", "pending", "taken"]

PATIENCE = 2.0
"""Seconds in which a worker answers; one that hangs does when it goes on, or its successor."""

Answers = list[object]
"""What those said who answered, in the order in which they did, and a Silent for each of others
that still run."""


class Silent(NamedTuple):
    """A worker that has not answered in time. pid: its process."""

    pid: int


Then = Callable[[Answers], None]


def pending(answers: Answers) -> list[int]:
    """The processes of workers that have not taken it yet."""
    return sorted(each.pid for each in answers if isinstance(each, Silent))


def taken(answer: Answer, silent: Sequence[int]) -> tuple[Answer, int]:
    """An answer to a change that is made, and its status: 202, with who has not taken it yet, where
    somebody has not (RFC 9110 15.3.3). silent: see pending."""
    if not silent:
        return answer, 0
    pids = ", ".join(map(str, silent))
    text = f"worker {pids} has not taken it yet: it hangs, or starts; it does when it goes on"
    warning = answer.get("warning")
    return answer | {
        "pending": [*silent],
        "warning": f"{warning}; {text}" if warning else text,
    }, 202


class _Asked:
    """One word. waited: who has not answered. is_order: whether that is told to operators."""

    __slots__ = ("answers", "is_order", "then", "timer", "waited")

    def __init__(self, waited: set[Process], then: Then, timer: Timer, *, is_order: bool) -> None:
        self.waited = waited
        self.is_order = is_order
        self.then = then
        self.timer = timer
        self.answers: Answers = []


class Asking:
    """Of one door."""

    def __init__(self, loop: Loop, fleet: Fleet, messages: Messages) -> None:
        self._loop = loop
        self._fleet = fleet
        self._messages = messages
        self._number = 0
        self._asked: dict[int, _Asked] = {}

    @property
    def waited_for(self) -> list[Process]:
        """Those who serve and can be asked."""
        return [each for each in self._fleet.serving if each.channel is not None]

    def tell(
        self,
        word: str,
        data: object,
        then: Then,
        *,
        only: Sequence[Process] | None = None,
        patience: float = PATIENCE,
        is_order: bool = True,
    ) -> None:
        """Tell all workers, or `only` these, and do `then` when those who serve have answered.
        patience: seconds, more than the usual for what takes long. is_order: False where nothing is
        amiss if one has not answered by then."""
        self._number += 1
        number = self._number
        waited = self.waited_for if only is None else only
        timer = self._loop.after(patience, partial(self._give_up, number))
        self._asked[number] = _Asked({*waited}, then, timer, is_order=is_order)
        self._fleet.tell(self._fleet.all if only is None else only, word, (number, data))
        self._look(number)

    def on_answer(self, process: Process, number: int, answer: object = None) -> None:
        """A worker has done what was sent under this number."""
        asked = self._asked.get(number)
        if asked is not None and process in asked.waited:
            asked.answers.append(answer)
            asked.waited.discard(process)
            self._look(number)

    def on_gone(self, process: Process) -> None:
        """It will say nothing more."""
        for number, asked in [*self._asked.items()]:
            asked.waited.discard(process)
            self._look(number)

    def _look(self, number: int) -> None:
        asked = self._asked[number]
        if not asked.waited:
            del self._asked[number]
            asked.timer.cancel()
            asked.then(asked.answers)

    def _give_up(self, number: int) -> None:
        asked = self._asked[number]
        if asked.is_order:
            pids = ", ".join(str(each.pid) for each in asked.waited)
            self._messages.warn(f"worker {pids} has not obeyed an order yet; it hangs, or starts")
        asked.answers += [Silent(each.pid) for each in asked.waited]
        asked.waited.clear()
        self._look(number)
