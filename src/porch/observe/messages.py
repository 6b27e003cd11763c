"""Messages to the operator, on stderr: what a person should know who looks at night.

One thing is said once. Whoever says it again within a minute is counted, and the count follows.
Not here: the access log, and what `check` says about a configuration.
"""

import atexit
import traceback
from typing import Literal, Protocol

from porch import clock
from porch.exchange import Exchange
from porch.observe.redact import redact_url
from porch.observe.stamp import local, utc_ms
from porch.observe.visible import visible

__all__ = ["MOST", "QUIET", "Level", "Messages"]

Level = Literal["debug", "info", "warning", "error"]
"""debug: what is said while somebody asked for it (porch/debug.py)."""

QUIET = 60.0
"""Seconds within which the same message is only counted."""

MOST = 256
"""Messages that are remembered."""

_COLOURS = {"debug": "36", "info": "2", "warning": "33", "error": "31"}


class Output(Protocol):
    """Where lines go (sink.py)."""

    def write(self, lines: bytes) -> None:
        """Take whole lines. Never waits, never raises."""

    def close(self) -> None:
        """Write what was taken, within bounds, and end."""


class _Said:
    """since: when it was last written. again: how often it came after that."""

    __slots__ = ("again", "level", "since", "text")

    def __init__(self, level: Level, text: str, since: float) -> None:
        self.level = level
        self.text = text
        self.since = since
        self.again = 0


class Messages:
    """All messages of one process, written at its end at the latest. Not for threads: a thread
    leaves word with who started it."""

    __slots__ = ("_colours", "_output", "_said")

    def __init__(self, output: Output, *, colours: bool = False) -> None:
        """colours: for a terminal; the time is then local and short, else RFC 3339 in UTC."""
        self._output = output
        self._colours = colours
        self._said: dict[str, _Said] = {}
        atexit.register(self.close)

    def say(self, text: str, level: Level = "info") -> None:
        """Tell the operator. Lines behind the first are indented."""
        self._say(text, level, text)

    def tell(self, text: str, level: Level = "info") -> None:
        """Tell the operator the outcome of what was asked for: each time, never only counted."""
        self._write(level, text)

    def warn(self, text: str, about: str = "") -> None:
        """Tell the operator of something to look after. about: what is the same in all such texts,
        of which only the first is written within a minute; the text itself if empty."""
        self._say(about or text, "warning", text)

    def report(self, exchange: Exchange, error: Exception) -> None:
        """Tell of a defect, ours or of code we were given to run, with its traceback. The same
        one, by its kind and place, is told once, whatever the request and the text, which may
        quote it."""
        request = exchange.request
        url = visible(request.authority + redact_url(request.target))
        trace = "".join(traceback.format_exception(error)).rstrip("\n")
        text = f"defect in {visible(request.method)} {url}, route {exchange.route.key}\n{trace}"
        place = "".join(traceback.format_tb(error.__traceback__))
        self._say(f"{type(error).__name__}\n{place}", "error", text)

    def fault(self, error: Exception) -> None:
        """Tell of a defect of ours that nobody's request has met, with its traceback. The same one,
        by its kind and place, is told once."""
        trace = "".join(traceback.format_exception(error)).rstrip("\n")
        what = "".join(traceback.format_exception_only(error)).rstrip("\n")
        text = f"a fault of Porch; the door serves on: {what}\n{trace}"
        place = "".join(traceback.format_tb(error.__traceback__))
        self._say(f"{type(error).__name__}\n{place}", "error", text)

    def flush(self) -> None:
        """Write the counts whose minute is over. Called every now and then."""
        if not self._said:
            return
        until = clock.monotonic() - QUIET
        for key in [key for key, said in self._said.items() if said.since <= until]:
            said = self._said.pop(key)
            if said.again:
                self._count(said, " in the last minute")
                said.since += QUIET
                said.again = 0
                self._said[key] = said

    def close(self) -> None:
        """Write the counts, and end."""
        atexit.unregister(self.close)
        for said in self._said.values():
            self._count(said)
        self._said.clear()
        self._output.close()

    def _say(self, key: str, level: Level, text: str) -> None:
        said = self._said.get(key)
        if said is not None:
            said.again += 1
            return
        if len(self._said) >= MOST:
            self._count(self._said.pop(next(iter(self._said))))
        self._said[key] = _Said(level, text.partition("\n")[0], clock.monotonic())
        self._write(level, text)

    def _count(self, said: _Said, when: str = "") -> None:
        if said.again:
            times = "once more" if said.again == 1 else f"{said.again} times more"
            self._write(said.level, f"{said.text} ({times}{when})")

    def _write(self, level: Level, text: str) -> None:
        now = clock.wall()
        first, *others = [visible(line) for line in text.split("\n")]
        if self._colours:
            stamp = f"\x1b[2m{local(int(now)).decode()}.{int(now % 1 * 1000):03d}\x1b[0m"
            name = f"\x1b[{_COLOURS[level]}m{level:7}\x1b[0m"
        else:
            stamp = utc_ms(now)
            name = f"{level:7}"
        lines = [f"{stamp} {name} {first}", *(f"  {line}" for line in others)]
        self._output.write(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
