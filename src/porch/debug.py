"""Debug: what a process says more while an operator wants it, for some minutes.

Who has something to say asks `debug.is_on` first: while it is off that is all it costs, and no kept
connection passes there. What there is to say of exchanges is said when they are over, by an
observer that is there only meanwhile (observe/steps.py).
"""

from collections.abc import Callable

from porch import clock

__all__ = ["MOST", "Debug", "debug"]

MOST = 200
"""Lines a second of one process. What is over that is counted, and said: a line takes 20 us, and
whoever reads would not read more."""


class Debug:
    """Of one process. is_on: whether somebody listens."""

    __slots__ = ("_left_out", "_lines", "_second", "_tell", "_until", "is_on")

    def __init__(self) -> None:
        self.is_on = False
        self._until = 0.0
        self._tell: Callable[[str], object] = str
        self._second = 0.0
        self._lines = self._left_out = 0

    def __repr__(self) -> str:
        return f"<Debug {'on' if self.is_on else 'off'}, {self._left_out} left out>"

    def begin(self, until: float, tell: Callable[[str], object]) -> None:
        """Say it from now on, until then by the monotonic clock. Begun again it is until another
        time."""
        self.is_on = True
        self._until = until
        self._tell = tell

    def end(self) -> None:
        """Say nothing more."""
        self._flush()
        self.is_on = False

    def look(self) -> None:
        """Now and then: whether it is over, and what was left out."""
        now = clock.monotonic()
        if now >= self._until:
            self.end()
        elif now >= self._second + 1:
            self._flush()

    def say(self, text: str) -> None:
        """One line, if it is on and there is room for one more in this second."""
        now = clock.monotonic()
        if now >= self._second + 1:
            self._flush()
            self._second, self._lines = now, 0
        if not self.is_on or now >= self._until:
            return
        self._lines += 1
        if self._lines > MOST:
            self._left_out += 1
        else:
            self._tell(text)

    def _flush(self) -> None:
        if self._left_out:
            self._tell(
                f"{self._left_out} lines more were left out: at most {MOST} are said a second"
            )
            self._left_out = 0


debug = Debug()
"""Of this process."""
