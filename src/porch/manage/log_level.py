"""The command `log-level`: all workers say more for some minutes, then less again by themselves."""

from porch import clock
from porch.manage.control.operating import Command, Question
from porch.manage.temporary import Temporary
from porch.observe.stamp import utc

__all__ = ["LogLevel"]


class LogLevel(Temporary):
    """Of one door."""

    WORD = "log-level"
    USUAL, LONGEST = 300.0, 3600.0

    @property
    def commands(self) -> dict[str, Command]:
        """See Operating."""
        return {"log-level": self._set}

    def _set(self, question: Question) -> None:
        """words: level, debug or normal; `for`, seconds."""
        level = question.words.get("level")
        try:
            seconds = self._seconds(question)
            if level not in ("debug", "normal"):
                raise ValueError("'level' is debug or normal")
        except ValueError as error:
            question.reply({"error": f"porch: {error}"})
            return
        if level == "debug":
            self._begin(seconds, question)
        else:
            self._end(question)

    def _begin(self, seconds: float, question: Question) -> None:
        self._in_force.debug_until = clock.monotonic() + seconds
        self._later(seconds, self._end_in_time)
        until = utc(clock.wall() + seconds)
        self._messages.tell(
            f"the log level is debug until {until}, said by {question.who}; porch log-level normal "
            "ends it"
        )
        answer = {"log level": f"debug until {until}"}
        self._tell(self._in_force.debug_until, question, lambda: dict(answer))

    def _end_in_time(self) -> None:
        words = {"level": "normal"}
        question = self._asked_by_itself("log-level", "its time is over", words)
        with question.changing():
            self._end(question)

    def _end(self, question: Question) -> None:
        if self._in_force.debug_until > 0:
            self._messages.tell("the log level is normal again")
        self._in_force.debug_until = 0.0
        self._never()
        self._tell(0.0, question, lambda: {"log level": "normal"})
