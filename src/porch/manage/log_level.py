"""The command `log-level`: all workers say more for some minutes, then less again by themselves.

Until when is said by the monotonic clock, which all processes of the machine share: whatever the
wall clock does, and also where the supervisor is replaced or dies meanwhile, it ends.
"""

from porch import clock
from porch.config.units import spell_duration
from porch.manage.asking import Asking, pending, taken
from porch.manage.in_force import InForce
from porch.manage.loop import Loop, Timer
from porch.manage.operating import Answer, ByItself, Command, Question
from porch.observe.messages import Messages
from porch.observe.stamp import iso

__all__ = ["LONGEST", "USUAL", "LogLevel"]

USUAL = 300.0
"""Seconds, where nobody says for how long."""
LONGEST = 3600.0
"""Seconds at most: what is forgotten ends."""


class LogLevel:
    """Of one door. Workers that are forked meanwhile have it from in_force.debug_until."""

    def __init__(
        self,
        loop: Loop,
        asking: Asking,
        in_force: InForce,
        messages: Messages,
        by_itself: ByItself,
    ) -> None:
        """by_itself: see Operating."""
        self._by_itself = by_itself
        self._loop = loop
        self._asking = asking
        self._in_force = in_force
        self._messages = messages
        self._timer: Timer | None = None

    @property
    def commands(self) -> dict[str, Command]:
        """See Operating."""
        return {"log-level": self._set}

    def _set(self, question: Question) -> None:
        """words: level, debug or normal; `for`, seconds."""
        level, seconds = question.words.get("level"), question.words.get("for", USUAL)
        if level not in ("debug", "normal"):
            question.reply({"error": "porch: 'level' is debug or normal"})
        elif isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
            question.reply({"error": "porch: 'for' is a number of seconds above 0"})
        elif seconds > LONGEST:
            text = f"porch: at most {spell_duration(LONGEST)}; it can be said again then"
            question.reply({"error": text})
        elif level == "debug":
            self._begin(float(seconds), question)
        else:
            self._end(question)

    def _begin(self, seconds: float, question: Question) -> None:
        self._forget()
        self._in_force.debug_until = clock.monotonic() + seconds
        self._timer = self._loop.after(seconds, self._end_in_time)
        until = _stamp(clock.wall() + seconds)
        self._messages.tell(
            f"the log level is debug until {until}, said by {question.who}; porch log-level normal "
            "ends it"
        )
        self._tell({"log level": f"debug until {until}"}, question)

    def _end_in_time(self) -> None:
        words = {"level": "normal"}
        question = self._by_itself("log-level", "the door: its time is over", words)
        with question.changing():
            self._end(question)

    def _end(self, question: Question) -> None:
        was_on = self._in_force.debug_until > 0
        self._forget()
        if was_on:
            self._messages.tell("the log level is normal again")
        self._tell({"log level": "normal"}, question)

    def _forget(self) -> None:
        self._in_force.debug_until = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, answer: Answer, question: Question) -> None:
        until = self._in_force.debug_until
        self._asking.tell(
            "log-level", until, lambda answers: question.reply(*taken(answer, pending(answers)))
        )


def _stamp(seconds: float) -> str:
    return iso(int(seconds)).decode() + "Z"
