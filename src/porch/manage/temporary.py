"""Temporary: what an operator turns on in all workers for some minutes, and what ends by itself.

Until when is said by the monotonic clock, which all processes of the machine share: whatever the
wall clock does, and also where the supervisor is replaced or dies meanwhile, it ends.
"""

from collections.abc import Callable, Mapping

from porch.config.units import spell_duration
from porch.manage.asking import Asking, pending, taken
from porch.manage.control.operating import Answer, ByItself, Question
from porch.manage.in_force import InForce
from porch.manage.loop import Loop, Timer
from porch.observe.messages import Messages

__all__ = ["Temporary"]


class Temporary:
    """One kind of it, of one door. Workers that are forked meanwhile have it from `in_force`."""

    WORD: str
    """By which workers are told of it."""
    USUAL: float
    """Seconds, where nobody says for how long."""
    LONGEST: float
    """Seconds at most: what is forgotten ends."""

    def __init__(
        self,
        loop: Loop,
        asking: Asking,
        in_force: InForce,
        messages: Messages,
        by_itself: ByItself,
    ) -> None:
        """by_itself: see Operating."""
        self._loop = loop
        self._asking = asking
        self._in_force = in_force
        self._messages = messages
        self._by_itself = by_itself
        self._timer: Timer | None = None

    def _seconds(self, question: Question) -> float:
        """For how long, by the word `for`. Raises ValueError with a sentence."""
        seconds = question.words.get("for", self.USUAL)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
            raise ValueError("'for' is a number of seconds above 0")
        if seconds > self.LONGEST:
            text = f"'for' is {spell_duration(self.LONGEST)} at most; it can be said again then"
            raise ValueError(text)
        return float(seconds)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        """Do this then, and nothing else that was to be done later."""
        self._never()
        self._timer = self._loop.after(seconds, work)

    def _never(self) -> None:
        """Do nothing later."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, value: object, question: Question, answer: Callable[[], Answer]) -> None:
        """All workers: what holds now. Whoever asked is answered when they have it, or
        would not take it."""
        self._asking.tell(
            self.WORD, value, lambda answers: question.reply(*taken(answer(), pending(answers)))
        )

    def _asked_by_itself(self, name: str, why: str, words: Mapping[str, object]) -> Question:
        """An operation that the door does without being asked, for the audit."""
        return self._by_itself(name, f"the door: {why}", words)
