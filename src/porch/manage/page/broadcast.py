"""Broadcast: a picture a second for all pages that are open, made once for all of them.

Where making one costs much, as of ten thousand routes, there is one in several seconds: all of it
takes a share of a processor and no more, whatever the door is like, and pages are told when the
next one comes. With no page open only a point
of the charts is taken now and then, so that who opens one sees what was before.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from porch import clock
from porch.manage.page.counters import Counters
from porch.manage.page.drawing import NEVER, Drawing, Revision
from porch.manage.page.lately import Lately
from porch.manage.page.picture import Picture, told_plan
from porch.manage.page.stream import Stream, event
from porch.manage.tables import Tables
from porch.shared import SharedTable

__all__ = [
    "EVERY",
    "HISTORY",
    "IDLE",
    "LONGEST",
    "MOST",
    "PATIENCE",
    "SHARE",
    "STILL",
    "Broadcast",
]

EVERY, LONGEST = 1.0, 60.0
"""Seconds between two pictures, at least and at most."""
STILL = 7.0
"""Seconds in which nothing is sent, at most: with PATIENCE below the silence that ends an answer,
`idle` of the admin door."""
SHARE = 0.006
"""Of a processor, that pictures take at most; the supervisor's part comes to it."""
IDLE = 10.0
"""Seconds between two points of the charts while no page is open."""
HISTORY = 600.0
"""Seconds that the charts go back."""
PATIENCE = 2.0
"""Seconds that the supervisor has for its part of a picture."""
MOST = 16
"""Pages that are open at once."""

Ask = Callable[[Revision], None]
"""Asks the supervisor for its part; it comes by `on_drawing`."""


class Broadcast:
    """table, tables: where the workers count."""

    def __init__(self, ask: Ask, table: SharedTable, tables: Tables) -> None:
        self._ask = ask
        self._counters = Counters(table)
        self._picture = Picture(tables.series, table)
        self._lately = Lately(tables.recent)
        self._streams: list[Stream] = []
        self._points: deque[list[Any]] = deque()
        self._drawing: Drawing | None = None
        self._plan: dict[str, Any] = {}
        self._newest = b""
        self._timer: asyncio.TimerHandle | None = None
        self._is_asking = self._hurries = False
        self.pause = EVERY

    @property
    def open(self) -> int:
        """Pages that are open."""
        return len(self._streams)

    def start(self) -> None:
        """From now on, in the loop that runs."""
        self._again(IDLE)

    def stop(self) -> None:
        """No more, whatever the supervisor still says."""
        self._is_asking = False
        if self._timer is not None:
            self._timer.cancel()

    def stream(self) -> Stream | None:
        """For one more page; None where there are MOST already."""
        if len(self._streams) >= MOST:
            return None
        made = Stream(self._catch_up, self._on_gone)
        self._streams.append(made)
        return made

    def on_drawing(self, drawing: Drawing) -> None:
        """The supervisor's part has come."""
        if drawing.plan is not None:
            self._picture.draw(drawing.plan)
            self._plan = told_plan(drawing.plan)
            self._counters.draw(drawing.plan)
        self._drawing = drawing
        if self._is_asking:
            self._make(is_silent=False)

    def on_revision(self, etag: str) -> None:
        """Somebody was told of this revision. Where pages show another one, and the next picture is
        far, it comes at once: what they show is what their actions are judged by."""
        drawing = self._drawing
        if not etag or drawing is None or drawing.now["etag"] == etag or self._hurries:
            return
        if self._streams and not self._is_asking and self.pause > EVERY:
            self._hurries = True
            self._again(EVERY)

    def _on_gone(self, stream: Stream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)

    def _catch_up(self, stream: Stream) -> None:
        """It takes something and has not got the newest. The first page of all has to wait for
        one to be made; it is made at once."""
        if self._newest:
            self._show(stream)
        elif not self._is_asking:
            self._again(0.0)

    def _again(self, seconds: float) -> None:
        """The next look is after so long; in a long time pages are told that it comes."""
        self.stop()
        loop = asyncio.get_running_loop()
        if seconds > STILL and self._streams:
            self._timer = loop.call_later(STILL, self._say_when, seconds - STILL)
        else:
            self._timer = loop.call_later(seconds, self._look)

    def _say_when(self, seconds: float) -> None:
        self._tell_when(seconds)
        self._again(seconds)

    def _tell_when(self, seconds: float) -> None:
        told = event("next", round(seconds, 1))
        for stream in [*self._streams]:
            stream.mention(told)

    def _look(self) -> None:
        self._hurries = False
        if self._streams:
            self._is_asking = True
            self._ask(NEVER if self._drawing is None else self._drawing.revision)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(PATIENCE, partial(self._make, is_silent=True))
            return
        self._newest = b""  # the next page to open is not shown what was long ago
        self._again(IDLE)
        self._note(self._picture.look())

    def _make(self, *, is_silent: bool) -> None:
        """A picture, for all; without the supervisor's part if need be: the workers may serve on.
        What it has cost says when there is the next."""
        self._is_asking = False
        began = clock.cpu()
        try:
            self._show_all(is_silent)
        finally:  # whatever was wrong with one, there is the next
            told, self.pause = self.pause, min(max(EVERY, (clock.cpu() - began) / SHARE), LONGEST)
            if self.pause > told + EVERY:
                self._tell_when(self.pause)
            self._again(self.pause)

    def _show_all(self, is_silent: bool) -> None:
        found = self._picture.look()
        self._note(found)
        self._lately.look()
        drawing = self._drawing
        told = {
            **found,
            "at": clock.wall(),
            "pause": self.pause,
            "silent": is_silent,
            "slowest": self._lately.slowest,
            "failing": self._lately.failing,
            **self._counters.look(drawing.workers if drawing is not None else ()),
            "now": drawing.now if drawing is not None else None,
        }
        self._newest = event("picture", told)
        for stream in [*self._streams]:
            self._show(stream)

    def _show(self, stream: Stream) -> None:
        """The newest, behind the plan that it is of."""
        drawing = self._drawing
        if drawing is None or stream.has == drawing.revision:
            stream.show(self._newest)
            return
        begin = event("plan", {**self._plan, "points": [*self._points]})
        if stream.show(begin + self._newest):
            stream.has = drawing.revision

    def _note(self, found: dict[str, Any]) -> None:
        now = clock.wall()
        if self._points and self._points[-1][0] > now + EVERY:
            self._points.clear()  # the clock was set back: they are of a time that is still to come
        if found["point"] is not None:
            self._points.append([round(now, 1), *found["point"]])
        while self._points and self._points[0][0] < now - HISTORY:
            self._points.popleft()
